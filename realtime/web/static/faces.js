// Panel next to the picture: selected face, expression and probabilities.

import { $, percent, show, speak } from "./page.js";

export class FacePanel {
  constructor(onFollow) {
    this.onFollow = onFollow;
    this.followed = null;
    this.shown = "";
    this.about = { classes: [], colours: {} };
    this.rival = null;
  }

  use(about) {
    this.about = about;
    $("bars").replaceChildren(...about.classes.map((label) => {
      const row = document.createElement("li");
      row.dataset.label = label;
      row.style.setProperty("--color", about.colours[label]);
      row.append(part("name", label), part("lane", part("fill")), part("value"), part("lane second", part("fill")), part("second"));
      return row;
    }));
    this.update([]);
  }

  // Compare with a second model on the same faces; null for none.
  useRival(about) {
    this.rival = about;
    $("bars").classList.toggle("double", Boolean(about));
    show($("duel"), Boolean(about));
    show($("label"), !about);
    this.update([]);
  }

  // Face shown in panel and timeline: the selected one, otherwise the largest.
  choose(events) {
    const faces = events.filter((event) => event.state === "face");
    const chosen = faces.find((face) => key(face) === this.followed);
    return chosen ?? faces.reduce((best, face) => (best && best.box.width >= face.box.width ? best : face), null);
  }

  update(events, idle = "No face yet", message = null) {
    const faces = events.filter((event) => event.state === "face");
    const face = this.choose(events);
    this.chips(faces, face);
    const known = face && face.certain;
    $("label").classList.toggle("long", Boolean(face?.compound));
    const measured = known && !face.compound;
    const best = face ? face.probabilities[face.label] : 0;
    $("label-dot").style.setProperty("--color", known ? this.about.colours[face.label] : "var(--lane)");
    $("label-text").textContent = face ? word(face) : "–";
    $("label-share").textContent = measured ? percent(best) : "";
    $("label-note").textContent = note(face, faces.length, events.length ? "No face in view" : idle);
    for (const row of $("bars").children) {
      const value = face?.probabilities[row.dataset.label] ?? 0;
      fill(row, ".lane:not(.second)", ".value", face && value);
      row.classList.toggle("top", Boolean(known) && row.dataset.label === face.label);
    }
    if (this.rival) this.duel(face, message);
    if (events.length) speak(face ? `${name(face)}: ${spoken(face)}` : "No face in view");
  }

  // Both answers for the chosen face, with the milliseconds of each model.
  duel(face, message) {
    // An answer that was on its way when the second model changed is of the former one.
    const second = message?.compare?.model === this.rival.name ? message.compare : undefined;
    const other = second?.events.find((event) => (key(face ?? {}) ?? null) === (key(event) ?? null));
    const sides = [[this.about, face, message?.recognize_ms], [this.rival, face && other, second?.recognize_ms]];
    $("duel").replaceChildren(...sides.map(([about, answer, ms], at) => {
      const known = answer?.certain;
      const row = document.createElement("li");
      row.style.setProperty("--color", known ? about.colours[answer.label] : "var(--lane)");
      row.append(part("dot"), part("word", answer ? word(answer) : "–"), part("share", answer ? share(answer) : ""));
      row.append(part("by", `${about.name}, ${at ? "lower" : "upper"} bars`), part("ms", ms === undefined || !answer ? "" : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`));
      return row;
    }));
    for (const row of $("bars").children) fill(row, ".lane.second", ".second:not(.lane)", face && (other?.probabilities[row.dataset.label] ?? null));
  }

  chips(faces, chosen) {
    show($("faces"), faces.length > 1);
    const keys = faces.map(key).sort((a, b) => a - b);
    const state = JSON.stringify([keys, faces.length > 1 && key(chosen)]);
    if (state !== this.shown) this.makeChips(keys, chosen);
    this.shown = state;
    for (const chip of $("faces").children) {
      const face = faces.find((one) => String(key(one)) === chip.dataset.face);
      chip.style.setProperty("--color", face?.certain ? this.about.colours[face.label] : "var(--lane)");
      chip.querySelector(".word").textContent = face ? word(face) : "uncertain";
      chip.querySelector(".share").textContent = face ? share(face) : "";
    }
  }

  makeChips(keys, chosen) {
    const focused = document.activeElement?.dataset?.face;
    $("faces").replaceChildren(...keys.map((number) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.dataset.face = number;
      chip.append(part("dot"), part("who", `Face ${number}`), part("word"), part("share"));
      chip.setAttribute("aria-pressed", String(key(chosen) === number));
      chip.addEventListener("click", () => this.follow(number));
      return chip;
    }));
    const pressed = $("faces").querySelector('[aria-pressed="true"]');
    if (pressed) $("faces").scrollTop = pressed.offsetTop - 2;
    // Keep the keyboard focus when the row is rebuilt.
    if (focused) $("faces").querySelector(`[data-face="${focused}"]`)?.focus();
  }

  // Whoever shows the panel redraws it with the newest faces.
  follow(number) {
    this.followed = number;
    this.onFollow();
  }
}

// Faces of photographs have no number, so the page assigns one.
export const key = (face) => face.track_id ?? face.number;

export const name = (face) => (key(face) ? `Face ${key(face)}` : "The face");

// The label of a face, or the mixture of two emotions where one is named.
export const word = (face) => face.compound ?? (face.certain ? face.label : "uncertain");

const spoken = (face) => (face.compound ? `${face.compound}, derived, not measured` : word(face));

// A mixture has no measured probability.
function share(face) {
  if (face.compound) return "derived";
  return face.certain ? percent(face.probabilities[face.label]) : "";
}

function part(name, content = "") {
  const element = document.createElement("span");
  element.className = name;
  element.append(content);
  return element;
}

function fill(row, lane, text, value) {
  const known = value !== null && value !== undefined && value !== false;
  row.querySelector(lane).style.setProperty("--value", known ? value : 0);
  row.querySelector(text).textContent = known ? percent(value) : "";
}

function note(face, count, otherwise) {
  if (!face) return otherwise;
  const others = count > 1 ? `, one of ${count}` : "";
  if (face.compound) return `${name(face)}${others}: derived, not measured`;
  if (face.certain) return `${name(face)}${others}`;
  return `${name(face)}${others}: perhaps ${face.label}, but not clearly`;
}
