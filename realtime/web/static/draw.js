// Draw the boxes, labels and contours over the picture.

import { $, inkOn } from "./page.js";
import { FONT, prepare } from "./canvas.js";
import { faceRect, placeLabels } from "./labels.js";

const UNCERTAIN = "#8c8c8c";
// Points that are connected: lines through all of them, and arcs from the first to the last through the middle one.
const LINES = ["left", "right"].flatMap((side) => [
  [`${side}_eyebrow_outer_end`, `${side}_eyebrow_inner_end`],
  [`${side}_eye_outer_corner`, `${side}_eye_center`, `${side}_eye_inner_corner`],
]);
const ARCS = ["top", "bottom"].map((lip) => ["mouth_left_corner", `mouth_center_${lip}_lip`, "mouth_right_corner"]);
const CONNECTED = new Set([...LINES, ...ARCS].flat());

export function clearOverlay() {
  prepare($("overlay"));
}

// Boxes are in pixels of the picture, which is scaled to the stage with its aspect ratio kept.
export function drawOverlay(events, picture, colors, { mirrored = false, points = false, frame = null } = {}) {
  const { pen, width, height } = prepare($("overlay"));
  const scale = Math.min(width / picture.width, height / picture.height);
  const left = (width - scale * picture.width) / 2;
  const top = (height - scale * picture.height) / 2;
  if (frame) {
    pen.save();
    if (mirrored) pen.transform(-1, 0, 0, 1, width, 0);
    pen.drawImage(frame, left, top, scale * picture.width, scale * picture.height);
    pen.restore();
  }
  const faces = events.filter((event) => event.state === "face");
  const places = faces.map((face) => {
    const box = clipped(faceRect(face.box), picture, mirrored);
    return { x: left + scale * box.x, y: top + scale * box.y, width: scale * box.width, height: scale * box.height };
  });
  const color = (face) => (face.certain ? colors[face.label] : UNCERTAIN);
  faces.forEach((face, at) => drawBox(pen, face, places[at], color(face)));
  // Integers are pixel centers.
  const place = (point) => ({ x: left + scale * (mirrored ? picture.width - point.x - 0.5 : point.x + 0.5), y: top + scale * (point.y + 0.5) });
  for (const face of faces) {
    if (points && face.points) drawContours(pen, face.points, place, scale * face.box.width);
  }
  const measure = (text, size) => {
    pen.font = `600 ${size}px ${FONT}`;
    return pen.measureText(text).width;
  };
  placeLabels(faces, places, { width, height }, measure).forEach((label, at) => drawLabel(pen, label, color(faces[at])));
}

// Mirror a box, and cut it off at the border of the picture.
function clipped(box, picture, mirrored) {
  const start = mirrored ? picture.width - box.x - box.width : box.x;
  const x = Math.max(0, start);
  const y = Math.max(0, box.y);
  return { x, y, width: Math.max(1, Math.min(picture.width, start + box.width) - x), height: Math.max(1, Math.min(picture.height, box.y + box.height) - y) };
}

function drawBox(pen, face, place, color) {
  pen.lineJoin = "round";
  for (const [line, stroke] of [[4, "rgb(0 0 0 / 50%)"], [2, color]]) {
    pen.beginPath();
    pen.roundRect(place.x, place.y, place.width, place.height, Math.min(12, place.width / 8));
    pen.lineWidth = line;
    pen.strokeStyle = stroke;
    pen.setLineDash(face.certain || line > 2 ? [] : [7, 5]);
    pen.stroke();
  }
  pen.setLineDash([]);
}

function drawLabel(pen, { x, y, width, height, text, size }, color) {
  pen.beginPath();
  pen.roundRect(x, y, width, height, 7);
  pen.fillStyle = color;
  pen.fill();
  pen.fillStyle = inkOn(color);
  pen.font = `600 ${size}px ${FONT}`;
  pen.textBaseline = "middle";
  pen.fillText(text, x + size / 2 + 2, y + height / 2 + 0.5);
}

// Light with a dark rim: visible on any skin, and different from all expression colors.
function drawContours(pen, points, place, size) {
  const known = (names) => names.every((name) => points[name]);
  const at = (name) => place(points[name]);
  const thin = Math.max(1.5, Math.min(2.5, size / 110));
  pen.lineCap = pen.lineJoin = "round";
  for (const [line, stroke] of [[thin + 2, "rgb(24 24 24 / 70%)"], [thin, "#ebfafa"]]) {
    pen.beginPath();
    for (const names of LINES.filter(known)) names.map(at).forEach(({ x, y }, step) => (step ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    for (const names of ARCS.filter(known)) {
      const [from, middle, to] = names.map(at);
      pen.moveTo(from.x, from.y);
      // The control point for which the curve passes through the middle of the lip.
      pen.quadraticCurveTo(2 * middle.x - (from.x + to.x) / 2, 2 * middle.y - (from.y + to.y) / 2, to.x, to.y);
    }
    pen.lineWidth = line;
    pen.strokeStyle = stroke;
    pen.stroke();
  }
  const alone = Object.keys(points).filter((name) => !CONNECTED.has(name));
  for (const { x, y } of alone.map(at)) {
    pen.beginPath();
    pen.arc(x, y, thin + 0.3, 0, 2 * Math.PI);
    pen.lineWidth = 1.5;
    pen.strokeStyle = "rgb(24 24 24 / 70%)";
    pen.stroke();
    pen.fillStyle = "#ebfafa";
    pen.fill();
  }
}
