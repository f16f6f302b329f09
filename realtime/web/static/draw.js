// Draw the boxes over the picture and the timeline.

import { $, inkOn, percent, stillness } from "./page.js";
import { key } from "./faces.js";

const UNCERTAIN = "#8c8c8c";
const FONT = '-apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
export const SPAN_S = 60;
// Points with a larger gap in time are not connected, because there was no face between them.
const GAP_S = 2.5;

// A canvas as sharp as the screen; returns its context, and width and height in CSS pixels.
function prepare(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0]) canvas.width = size[0];
  if (canvas.height !== size[1]) canvas.height = size[1];
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

export function clearOverlay() {
  prepare($("overlay"));
}

// Boxes are in pixels of the picture, which is scaled to the stage with its aspect ratio kept.
export function drawOverlay(events, picture, colours, { mirrored = false, points = false, frame = null } = {}) {
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
  for (const face of events.filter((event) => event.state === "face")) {
    const box = { x: face.box.x, y: face.box.y, width: face.box.width, height: face.box.height };
    if (mirrored) box.x = picture.width - box.x - box.width;
    // Clip boxes at the border of the picture.
    const ends = { x: Math.min(picture.width, box.x + box.width), y: Math.min(picture.height, box.y + box.height) };
    box.x = Math.max(0, box.x);
    box.y = Math.max(0, box.y);
    const place = { x: left + scale * box.x, y: top + scale * box.y, width: scale * (ends.x - box.x), height: scale * (ends.y - box.y) };
    drawFace(pen, face, place, face.certain ? colours[face.label] : UNCERTAIN, { width, height });
    if (points && face.points) {
      const radius = Math.max(1.5, Math.min(4, (scale * face.box.width) / 60));
      for (const point of Object.values(face.points)) {
        // Integers are pixel centers.
        const x = mirrored ? picture.width - point.x - 0.5 : point.x + 0.5;
        drawPoint(pen, left + scale * x, top + scale * (point.y + 0.5), radius);
      }
    }
  }
}

function drawFace(pen, face, place, color, stage) {
  pen.lineJoin = "round";
  for (const [line, stroke] of [[5, "rgb(0 0 0 / 55%)"], [2.5, color]]) {
    pen.beginPath();
    pen.roundRect(place.x, place.y, place.width, place.height, Math.min(12, place.width / 8));
    pen.lineWidth = line;
    pen.strokeStyle = stroke;
    pen.setLineDash(face.certain || line > 3 ? [] : [7, 5]);
    pen.stroke();
  }
  pen.setLineDash([]);
  const words = face.certain ? `${face.label} ${percent(face.probabilities[face.label])}` : "uncertain";
  const text = key(face) ? `${key(face)} · ${words}` : words;
  pen.font = `600 14px ${FONT}`;
  const width = pen.measureText(text).width + 18;
  const above = place.y - 29;
  const x = Math.max(2, Math.min(place.x + (above > 2 ? -1 : 6), stage.width - width - 2));
  // Inside the box, because below it could seem to belong to another face.
  const y = above > 2 ? above : place.y + 6;
  pen.beginPath();
  pen.roundRect(x, y, width, 25, 8);
  pen.fillStyle = color;
  pen.fill();
  pen.fillStyle = inkOn(color);
  pen.textBaseline = "middle";
  pen.fillText(text, x + 9, y + 13);
}

// Light with a dark rim: visible on any skin, and different from all expression colors.
function drawPoint(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.lineWidth = Math.max(1.5, 0.8 * radius);
  pen.strokeStyle = "rgb(24 24 24 / 90%)";
  pen.stroke();
  pen.fillStyle = "#ebfafa";
  pen.fill();
}

export class Timeline {
  constructor() {
    this.about = { classes: [], colours: {} };
    this.clear();
    new ResizeObserver(() => this.draw()).observe($("timeline"));
  }

  clear() {
    this.points = [];
    this.drawnAt = 0;
  }

  use(about) {
    if (about.classes.join() !== this.about.classes.join()) this.clear();
    this.about = about;
    this.draw();
  }

  add(time, face) {
    this.points.push({ time, face: face ? key(face) : null, values: face && this.about.classes.map((label) => face.probabilities[label]), label: face?.certain ? face.label : null });
    while (this.points.length && this.points[0].time < time - SPAN_S) this.points.shift();
    const pause = stillness.matches ? 1000 : 100;
    if (performance.now() - this.drawnAt > pause) this.draw();
  }

  draw() {
    this.drawnAt = performance.now();
    const { pen, width, height } = prepare($("timeline"));
    const chart = { pen, width, bottom: height - 22, top: 6 };
    this.axis(chart, getComputedStyle($("time-note")).color);
    if (!this.points.length) return;
    const end = this.points.at(-1).time;
    const x = (time) => width - ((end - time) / SPAN_S) * width;
    for (const run of this.runs()) this.area(chart, run, x);
    this.describe();
  }

  // Intervals of one face without gaps.
  runs() {
    const runs = [];
    let last = null;
    for (const point of this.points) {
      const joins = last && point.values && last.values && point.face === last.face && point.time - last.time < GAP_S;
      if (point.values) {
        if (joins) runs.at(-1).push(point);
        else runs.push([point]);
      }
      last = point;
    }
    return runs;
  }

  axis({ pen, width, bottom, top }, soft) {
    pen.font = `12px ${FONT}`;
    pen.fillStyle = soft;
    pen.strokeStyle = soft;
    pen.lineWidth = 1;
    pen.textBaseline = "alphabetic";
    for (const seconds of [60, 45, 30, 15, 0]) {
      const at = width - (seconds / SPAN_S) * width;
      pen.globalAlpha = 0.25;
      pen.beginPath();
      pen.moveTo(Math.min(Math.max(at, 0.5), width - 0.5), top);
      pen.lineTo(Math.min(Math.max(at, 0.5), width - 0.5), bottom);
      pen.stroke();
      pen.globalAlpha = 1;
      pen.textAlign = seconds === 60 ? "left" : seconds === 0 ? "right" : "center";
      pen.fillText(seconds ? `−${seconds} s` : "now", at + (seconds === 60 ? 6 : seconds === 0 ? -6 : 0), bottom + 16);
    }
    pen.textAlign = "left";
  }

  area({ pen, bottom, top }, run, x) {
    const span = bottom - top;
    // Draw a single point as a thin line.
    const points = run.length > 1 ? run : [run[0], { ...run[0], time: run[0].time + 0.1 }];
    let floor = points.map(() => 0);
    this.about.classes.forEach((label, at) => {
      const roof = points.map((point, number) => floor[number] + point.values[at]);
      pen.beginPath();
      points.forEach((point, number) => pen.lineTo(x(point.time), bottom - span * Math.min(1, roof[number])));
      for (let number = points.length - 1; number >= 0; number -= 1) pen.lineTo(x(points[number].time), bottom - span * Math.min(1, floor[number]));
      pen.closePath();
      pen.fillStyle = this.about.colours[label];
      pen.fill();
      floor = roof;
    });
  }

  // Text alternative of the chart for screen readers: share of time of each label.
  describe() {
    const counts = new Map();
    for (const { label, values } of this.points) {
      const what = label ?? (values ? "uncertain" : "no face");
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    const shares = [...counts].sort((a, b) => b[1] - a[1]).map(([what, count]) => `${what} ${percent(count / this.points.length)}`);
    const text = `${shares.join(", ")} of the time`;
    $("timeline").setAttribute("aria-label", `Timeline of the expression: ${text}`);
    $("time-note").textContent = text[0].toUpperCase() + text.slice(1);
  }
}
