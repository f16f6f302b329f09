// Places for the labels of faces: none covers another label or the face of a neighbor, and all have the same form.

import { percent } from "./page.js";
import { key, word } from "./faces.js";

// From the square that the recognizer sees to the face in it, as shares of its side: left, top, right, bottom.
const MARGINS = [0.11, 0.05, 0.11, 0.02];

export function faceRect({ x, y, width, height }) {
  const [left, top, right, bottom] = MARGINS;
  return { x: x + left * width, y: y + top * height, width: width * (1 - left - right), height: height * (1 - top - bottom) };
}

const number = (face, text) => (key(face) ? `${key(face)} · ${text}` : text);
const measured = (face) => (face.certain ? `${face.label} ${percent(face.probabilities[face.label])}` : "uncertain");
const full = (face) => number(face, face.compound ? `${face.compound} (derived)` : measured(face));
// The first form with a free place for every face is used for all of them.
const FORMS = [
  { size: 14, text: full },
  { size: 12, text: full },
  { size: 12, text: word },
  { size: 11, text: (face) => (face.certain || face.compound ? word(face).slice(0, 3) : "?") },
];

// `places` are the rectangles of the faces on the stage; `measure(text, size)` is the width of a text in pixels.
export function placeLabels(faces, places, stage, measure) {
  const forms = stage.width < 480 ? FORMS.slice(1) : FORMS;
  let last = [];
  for (const form of forms) {
    last = arrange(faces, places, stage, measure, form);
    if (last.every((label) => label.free)) break;
  }
  return last;
}

function arrange(faces, places, stage, measure, { size, text }) {
  const taken = [];
  return faces.map((face, at) => {
    const others = places.filter((_, other) => other !== at);
    const width = measure(text(face), size) + size + 4;
    const height = size + 11;
    const spots = candidates(places[at], width, height).map((spot) => within(spot, stage));
    const cost = (spot) => 4 * covered(spot, taken) + covered(spot, others);
    const best = spots.reduce((least, spot) => (cost(spot) < cost(least) ? spot : least));
    const free = cost(best) === 0;
    taken.push(best);
    return { ...best, text: text(face), size, free };
  });
}

function candidates({ x, y, width: w, height: h }, width, height) {
  const [above, below] = [y - height - 4, y + h + 4];
  const tops = [[x, above], [x + w - width, above], [x, below], [x + w - width, below], [x + 5, y + 5], [x + 5, y + h - height - 5], [x - width - 4, y], [x + w + 4, y]];
  return tops.map(([left, top]) => ({ x: left, y: top, width, height }));
}

function within(spot, stage) {
  return { ...spot, x: Math.max(2, Math.min(spot.x, stage.width - spot.width - 2)), y: Math.max(2, Math.min(spot.y, stage.height - spot.height - 2)) };
}

function covered(spot, others) {
  return others.reduce((sum, other) => {
    const width = Math.min(spot.x + spot.width, other.x + other.width) - Math.max(spot.x, other.x);
    const height = Math.min(spot.y + spot.height, other.y + other.height) - Math.max(spot.y, other.y);
    return sum + Math.max(0, width) * Math.max(0, height);
  }, 0);
}
