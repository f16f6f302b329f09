// The timeline: the last minute of a camera, a whole video, or the pictures of a folder.

import { $, percent, stillness } from "./page.js";
import { FONT, prepare } from "./canvas.js";
import { key } from "./faces.js";

const SPAN_S = 60;
// Points with a larger gap in time are not connected, because there was no face between them.
const GAP_S = 2.5;
// A frame of a video that is seen again replaces the points this close to it.
const SAME_S = 0.04;

export class Timeline {
  constructor() {
    this.about = { classes: [], colours: {} };
    this.last();
    new ResizeObserver(() => this.draw()).observe($("timeline"));
    $("timeline").addEventListener("click", (event) => this.clicked(event));
    $("timeline").addEventListener("keydown", (event) => this.stepped(event));
  }

  // Show the last minute.
  last() {
    this.whole(null);
  }

  // Show a whole of `length` seconds or pictures; `seek(at)` is called with the place that is clicked.
  whole(length, { unit = "s", seek = null } = {}) {
    this.length = length;
    this.unit = unit;
    this.seek = seek;
    this.mark = null;
    const canvas = $("timeline");
    canvas.classList.toggle("seeks", Boolean(seek));
    canvas.tabIndex = seek ? 0 : -1;
    this.clear();
    this.draw();
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

  // Show where the video or the folder is.
  at(place) {
    this.mark = place;
    this.draw();
  }

  add(time, face) {
    const point = { time, face: face ? key(face) : null, values: face && this.about.classes.map((label) => face.probabilities[label]), label: face?.certain ? face.label : null };
    if (this.length === null) {
      this.points.push(point);
      while (this.points.length && this.points[0].time < time - SPAN_S) this.points.shift();
    } else {
      this.insert(point);
    }
    const pause = stillness.matches ? 1000 : 100;
    if (performance.now() - this.drawnAt > pause) this.draw();
  }

  insert(point) {
    const { points } = this;
    let from = points.length;
    while (from && points[from - 1].time > point.time - SAME_S) from -= 1;
    let to = from;
    while (to < points.length && points[to].time < point.time + SAME_S) to += 1;
    points.splice(from, to - from, point);
  }

  draw() {
    this.drawnAt = performance.now();
    const { pen, width, height } = prepare($("timeline"));
    const chart = { pen, width, bottom: height - 22, top: 6 };
    const soft = getComputedStyle($("time-note")).color;
    this.axis(chart, soft);
    const x = this.scale(width);
    if (this.points.length) {
      for (const run of this.runs()) this.area(chart, run, x);
      this.describe();
    }
    if (this.mark !== null && this.length) this.needle(chart, x(this.mark), soft);
  }

  scale(width) {
    if (this.length !== null) return (time) => (time / this.length) * width;
    const end = this.points.at(-1)?.time ?? 0;
    return (time) => width - ((end - time) / SPAN_S) * width;
  }

  needle({ pen, bottom, top }, x, color) {
    pen.fillStyle = color;
    pen.fillRect(x - 1, top - 4, 2, bottom - top + 8);
  }

  // Intervals of one face without gaps; each picture of a folder stands alone.
  runs() {
    const runs = [];
    let last = null;
    for (const point of this.points) {
      const joins = this.unit === "s" && last && point.values && last.values && point.face === last.face && point.time - last.time < GAP_S;
      if (point.values) {
        if (joins) runs.at(-1).push(point);
        else runs.push([point]);
      }
      last = point;
    }
    return runs;
  }

  // Places of the axis, with their text.
  ticks() {
    if (this.length === null) return [60, 45, 30, 15, 0].map((seconds) => [1 - seconds / SPAN_S, seconds ? `−${seconds} s` : "now"]);
    const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((one) => this.length / one <= 8) ?? this.length;
    if (this.unit !== "s") return [[0, "first picture"], [1, "last"]];
    return Array.from({ length: Math.floor(this.length / step) + 1 }, (_, at) => [(at * step) / this.length, clock(at * step)]);
  }

  axis({ pen, width, bottom, top }, soft) {
    pen.font = `12px ${FONT}`;
    pen.fillStyle = soft;
    pen.strokeStyle = soft;
    pen.lineWidth = 1;
    pen.textBaseline = "alphabetic";
    for (const [share, text] of this.ticks()) {
      const at = share * width;
      const [first, last] = [share < 0.02, share > 0.96];
      pen.globalAlpha = 0.25;
      pen.beginPath();
      pen.moveTo(Math.min(Math.max(at, 0.5), width - 0.5), top);
      pen.lineTo(Math.min(Math.max(at, 0.5), width - 0.5), bottom);
      pen.stroke();
      pen.globalAlpha = 1;
      pen.textAlign = first ? "left" : last ? "right" : "center";
      pen.fillText(text, at + (first ? 6 : last ? -6 : 0), bottom + 16);
    }
    pen.textAlign = "left";
  }

  area({ pen, bottom, top }, run, x) {
    const span = bottom - top;
    // Draw a single point as a thin line, and a picture as wide as its share.
    const alone = this.unit === "s" ? 0.1 : 0.94;
    const points = run.length > 1 ? run : [run[0], { ...run[0], time: run[0].time + alone }];
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

  clicked(event) {
    const { left, width } = $("timeline").getBoundingClientRect();
    if (this.seek) this.seek(Math.max(0, Math.min(1, (event.clientX - left) / width)) * this.length);
  }

  stepped(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!this.seek || !step) return;
    event.preventDefault();
    this.seek(Math.max(0, Math.min(this.length, (this.mark ?? 0) + step)));
  }

  // Seconds or pictures by label, the most frequent first. A point lasts until the next one, at most half a second.
  shares() {
    const sums = new Map();
    this.points.forEach((point, at) => {
      const next = this.points[at + 1]?.time ?? point.time + 0.1;
      const amount = this.unit === "s" ? Math.min(0.5, next - point.time) : 1;
      const what = answerAt(point);
      sums.set(what, (sums.get(what) ?? 0) + amount);
    });
    return [...sums].sort((a, b) => b[1] - a[1]);
  }

  // Text alternative of the chart for screen readers: share of time of each label.
  describe() {
    const shares = this.shares();
    const total = shares.reduce((sum, [, amount]) => sum + amount, 0);
    const text = `${shares.map(([what, amount]) => `${what} ${percent(amount / total)}`).join(", ")} of the ${this.unit === "s" ? "time" : "pictures"}`;
    $("timeline").setAttribute("aria-label", `Timeline of the expression: ${text}`);
    $("time-note").textContent = text[0].toUpperCase() + text.slice(1);
  }
}

// What was seen at a point: a label, "uncertain" or "no face".
export const answerAt = ({ label, values }) => label ?? (values ? "uncertain" : "no face");

export function clock(seconds) {
  const whole = Math.floor(seconds);
  const rest = seconds < 10 && seconds % 1 ? (seconds % 60).toFixed(1) : String(whole % 60);
  return `${Math.floor(whole / 60)}:${rest.padStart(rest.includes(".") ? 4 : 2, "0")}`;
}
