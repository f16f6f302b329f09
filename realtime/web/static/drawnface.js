// A drawn face that passes through the seven expressions: the demo without a camera.
// Units of the face: half its width is 1, x to the right, y down, the origin is between the eyes.

const SKIN = { light: "#f0c8a8", middle: "#dda987", dark: "#b27a58" };
const HAIR = "#33241c";

// Muscles by expression: brows (inner, outer, drawn together), lids, mouth (corners, opening, width, upper lip), nose.
const REST = { inner: 0, outer: 0, knit: 0, lids: 1, squint: 0, corners: 0, open: 0, width: 0, lip: 0, nose: 0 };
const EXPRESSIONS = {
  neutral: {},
  happy: { corners: 1, open: 0.3, width: 0.45, squint: 0.5, lids: 0.9 },
  surprise: { inner: 1, outer: 1, lids: 1.5, open: 1, width: -0.35 },
  angry: { inner: -1, outer: 0.15, knit: 1, lids: 0.95, squint: 0.35, corners: -0.35, width: -0.2, lip: 0.1 },
  sad: { inner: 0.9, outer: -0.35, knit: 0.5, lids: 0.75, corners: -0.9, width: -0.1 },
  fear: { inner: 0.9, outer: 0.45, knit: 0.7, lids: 1.5, open: 0.4, width: 0.4, corners: -0.3 },
  disgust: { inner: -0.6, outer: -0.1, knit: 0.7, lids: 0.6, squint: 0.7, lip: 1, corners: -0.4, nose: 1 },
};
const ORDER = Object.keys(EXPRESSIONS);
const HOLD_S = 3;
const CHANGE_S = 0.7;

// Muscles at a time: each expression is held, then blends into the next one.
function muscles(seconds) {
  const turn = Math.floor(seconds / HOLD_S);
  const [before, now] = [turn + ORDER.length - 1, turn].map((at) => ({ ...REST, ...EXPRESSIONS[ORDER[at % ORDER.length]] }));
  const passed = Math.min(1, (seconds % HOLD_S) / CHANGE_S);
  const part = turn ? passed * passed * (3 - 2 * passed) : 1;
  const mixed = Object.fromEntries(Object.keys(REST).map((name) => [name, before[name] + part * (now[name] - before[name])]));
  // A blink of 0.16 s every four seconds.
  const blink = Math.abs((seconds % 4) - 3.6);
  if (blink < 0.08) mixed.lids *= blink / 0.08;
  return mixed;
}

export function drawFace(canvas, seconds) {
  const { width, height } = canvas;
  const pen = canvas.getContext("2d");
  const unit = 0.235 * height;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  backdrop(pen, width, height);
  pen.translate(width / 2 + 0.16 * unit * Math.sin(seconds * 0.7), 0.42 * height + 0.05 * unit * Math.sin(seconds * 1.1));
  pen.rotate(0.035 * Math.sin(seconds * 0.5));
  pen.scale(unit, unit);
  pen.lineCap = pen.lineJoin = "round";
  const now = muscles(seconds);
  head(pen, now);
  for (const side of [-1, 1]) {
    pen.save();
    pen.scale(side, 1);
    eye(pen, now, side);
    brow(pen, now);
    cheek(pen, now);
    pen.restore();
  }
  nose(pen, now);
  mouth(pen, now);
  fringe(pen);
}

function backdrop(pen, width, height) {
  const wall = pen.createLinearGradient(0, 0, width, height);
  wall.addColorStop(0, "#b9c7d3");
  wall.addColorStop(1, "#8397a6");
  pen.fillStyle = wall;
  pen.fillRect(0, 0, width, height);
}

// A closed or open curve: each part is [x, y] or a Bézier curve [x1, y1, x2, y2, x, y].
function trace(pen, [start, ...parts]) {
  pen.beginPath();
  pen.moveTo(...start);
  for (const part of parts) {
    if (part.length === 2) pen.lineTo(...part);
    else pen.bezierCurveTo(...part);
  }
}

function glow(pen, x, y, reach, color, strength, flat = 1) {
  pen.save();
  pen.translate(x, y);
  pen.scale(1, flat);
  const light = pen.createRadialGradient(0, 0, 0, 0, 0, reach);
  light.addColorStop(0, `rgb(${color} / ${strength}%)`);
  light.addColorStop(1, `rgb(${color} / 0%)`);
  pen.fillStyle = light;
  pen.fillRect(-reach, -reach, 2 * reach, 2 * reach);
  pen.restore();
}

function head(pen, { open }) {
  const chin = 1.55 + 0.16 * open;
  pen.fillStyle = HAIR;
  pen.beginPath();
  pen.ellipse(0, -0.25, 1.16, 1.22, 0, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#3f5873";
  trace(pen, [[-2.4, 3], [-2.2, 2.0, -1.2, 2.05, -0.5, 1.85], [0.5, 1.85], [1.2, 2.05, 2.2, 2.0, 2.4, 3]]);
  pen.fill();
  pen.fillStyle = SKIN.dark;
  trace(pen, [[-0.5, 1.0], [-0.5, 1.9], [-0.2, 2.25, 0.2, 2.25, 0.5, 1.9], [0.5, 1.0]]);
  pen.fill();
  for (const side of [-1, 1]) {
    pen.beginPath();
    pen.ellipse(1.0 * side, 0.22, 0.13, 0.27, 0.12 * side, 0, 2 * Math.PI);
    pen.fillStyle = SKIN.middle;
    pen.fill();
  }
  const skin = pen.createRadialGradient(-0.12, 0.25, 0.25, 0, 0.3, 1.5);
  skin.addColorStop(0, SKIN.light);
  skin.addColorStop(0.62, SKIN.middle);
  skin.addColorStop(1, SKIN.dark);
  pen.fillStyle = skin;
  trace(pen, [[0, -1.15], [0.75, -1.15, 1.0, -0.6, 0.98, 0.05], [0.98, 0.75, 0.72, 1.1, 0.45, chin - 0.14], [0.25, chin + 0.02, -0.25, chin + 0.02, -0.45, chin - 0.14], [-0.72, 1.1, -0.98, 0.75, -0.98, 0.05], [-1.0, -0.6, -0.75, -1.15, 0, -1.15]]);
  pen.fill();
  glow(pen, 0, -0.62, 0.75, "255 240 225", 34, 0.6);
  glow(pen, 0, 1.36 + 0.12 * open, 0.34, "255 240 225", 30, 0.7);
}

function fringe(pen) {
  pen.fillStyle = HAIR;
  trace(pen, [[-1.07, 0.05], [-1.15, -0.9, -0.75, -1.45, 0.05, -1.45], [0.85, -1.45, 1.18, -0.9, 1.07, 0.05], [0.98, -0.4, 0.85, -0.72, 0.62, -0.86], [0.3, -0.72, -0.3, -0.78, -0.55, -1.0], [-0.7, -0.75, -0.98, -0.45, -1.07, 0.05]]);
  pen.fill();
}

function eye(pen, { lids, squint, knit }, side) {
  const x = 0.43;
  glow(pen, x - 0.05, -0.07, 0.34, "96 52 34", 52, 0.62);
  const top = -0.135 * lids - 0.005;
  const bottom = 0.085 * (1 - 0.45 * squint) * Math.min(1, 0.25 + lids);
  trace(pen, [[x - 0.215, 0.02], [x - 0.12, top - 0.02, x + 0.1, top - 0.03, x + 0.22, -0.015], [x + 0.12, bottom + 0.02, x - 0.1, bottom + 0.02, x - 0.215, 0.02]]);
  pen.save();
  pen.fillStyle = "#f4f0ea";
  pen.fill();
  pen.clip();
  for (const [reach, color] of [[0.122, "#3a2a1d"], [0.085, "#6b4a2c"], [0.052, "#0d0a08"]]) {
    pen.beginPath();
    pen.arc(x, -0.025, reach, 0, 2 * Math.PI);
    pen.fillStyle = color;
    pen.fill();
  }
  pen.beginPath();
  pen.arc(x + 0.04 * side, -0.06, 0.023, 0, 2 * Math.PI);
  pen.fillStyle = "#fff";
  pen.fill();
  glow(pen, x, top, 0.22, "40 20 12", 45, 0.35);
  pen.restore();
  line(pen, [[x - 0.215, 0.02], [x - 0.12, top - 0.02, x + 0.1, top - 0.03, x + 0.235, -0.02]], 0.045, "#20140e");
  line(pen, [[x - 0.19, 0.035], [x - 0.1, bottom + 0.02, x + 0.1, bottom + 0.02, x + 0.2, 0.0]], 0.018, "rgb(90 48 34 / 75%)");
  line(pen, [[x - 0.2, -0.05], [x - 0.12, top - 0.085, x + 0.1, top - 0.1, x + 0.24, -0.07]], 0.018, "rgb(90 48 34 / 65%)");
  if (knit > 0.2) line(pen, [[0.07, -0.36], [0.06, -0.3, 0.08, -0.22, 0.09, -0.17]], 0.02, `rgb(90 48 34 / ${60 * knit}%)`);
}

function brow(pen, { inner, outer, knit }) {
  const start = [0.2 - 0.07 * knit, -0.27 - 0.15 * inner];
  const end = [0.76, -0.23 - 0.13 * outer];
  const arch = -0.37 - 0.16 * outer - 0.04 * inner;
  trace(pen, [start, [0.32, arch + 0.02 * inner, 0.55, arch - 0.01, ...end], [0.56, arch + 0.085, 0.34, arch + 0.12 - 0.02 * inner, start[0] + 0.01, start[1] + 0.085]]);
  pen.closePath();
  pen.fillStyle = "#2c1d15";
  pen.fill();
}

function cheek(pen, { corners, nose: wrinkle, lip }) {
  const lift = Math.max(0, corners);
  glow(pen, 0.56, 0.5 - 0.08 * lift, 0.34, "255 236 220", 42, 0.85);
  glow(pen, 0.66, 0.85, 0.2, "110 62 40", 24, 1.6);
  const depth = 20 + 50 * Math.max(lift, wrinkle, 0.6 * lip);
  line(pen, [[0.25, 0.56 - 0.04 * wrinkle], [0.36, 0.62, 0.45, 0.76 - 0.05 * lift, 0.47 + 0.1 * lift, 0.92]], 0.028, `rgb(96 52 36 / ${depth}%)`);
  if (wrinkle > 0.2) line(pen, [[0.1, 0.12], [0.15, 0.15, 0.17, 0.2, 0.18, 0.25]], 0.02, `rgb(90 48 34 / ${65 * wrinkle}%)`);
}

function nose(pen, { nose: wrinkle }) {
  const lift = 0.05 * wrinkle;
  glow(pen, 0.0, 0.28, 0.17, "255 244 232", 70, 2.2);
  for (const side of [-1, 1]) glow(pen, 0.19 * side, 0.2, 0.16, "96 52 34", 34, 2.0);
  glow(pen, 0, 0.7 - lift, 0.26, "80 40 26", 50, 0.4);
  for (const side of [-1, 1]) {
    line(pen, [[0.13 * side, 0.45 - lift], [0.24 * side, 0.46 - lift, 0.25 * side, 0.62 - lift, 0.15 * side, 0.62 - lift]], 0.028, "rgb(110 62 42 / 80%)");
    pen.beginPath();
    pen.ellipse(0.085 * side, 0.615 - lift, 0.055, 0.03, 0.35 * side, 0, 2 * Math.PI);
    pen.fillStyle = "#4a251a";
    pen.fill();
  }
}

function mouth(pen, { corners, open, width, lip }) {
  const half = 0.36 + 0.12 * width + 0.08 * Math.max(0, corners);
  const y = 0.96;
  const side = y - 0.15 * corners + 0.06 * open;
  const upper = y - 0.09 * lip - 0.02 * open - 0.02;
  const lower = y + 0.36 * open + 0.03 + (corners > 0 ? 0.02 : -0.01) * corners;
  const gap = upper + 0.05 + (open > 0.05 ? lower - upper - 0.02 : 0);
  const inner = [[-half, side], [-0.55 * half, upper + 0.02, -0.2 * half, upper, 0, upper + 0.015], [0.2 * half, upper, 0.55 * half, upper + 0.02, half, side]];
  const lips = "#a44a48";
  // Upper lip with its bow, then the opening with teeth, then the lower lip.
  trace(pen, [[-half - 0.02, side], [-0.5 * half, upper - 0.11, -0.2, upper - 0.14, -0.07, upper - 0.11], [0, upper - 0.08], [0.07, upper - 0.11], [0.2, upper - 0.14, 0.5 * half, upper - 0.11, half + 0.02, side], [0.5 * half, upper + 0.04, -0.5 * half, upper + 0.04, -half - 0.02, side]]);
  pen.fillStyle = lips;
  pen.fill();
  trace(pen, [[-half - 0.02, side], [-0.6 * half, lower + 0.17, 0.6 * half, lower + 0.17, half + 0.02, side], [0.5 * half, upper, -0.5 * half, upper, -half - 0.02, side]]);
  pen.fillStyle = "#b85f5a";
  pen.fill();
  trace(pen, [...inner, [0.6 * half, gap, -0.6 * half, gap, -half, side]]);
  pen.save();
  pen.fillStyle = "#2b0f10";
  pen.fill();
  if (open > 0.1) {
    pen.clip();
    pen.fillStyle = "#f3eee6";
    pen.fillRect(-0.78 * half, upper - 0.05, 1.56 * half, 0.115 + 0.02 * corners);
  }
  pen.restore();
  line(pen, inner, 0.022, "#5a2322");
  glow(pen, 0, lower + 0.22, 0.26, "90 46 30", 34, 0.35);
}

function line(pen, parts, thickness, color) {
  trace(pen, parts);
  pen.lineWidth = thickness;
  pen.strokeStyle = color;
  pen.stroke();
}
