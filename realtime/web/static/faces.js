// Panel next to the picture: selected face, expression and probabilities.

import { $, percent, show, speak } from "./page.js";

export class FacePanel {
  constructor(onFollow) {
    this.onFollow = onFollow;
    this.followed = null;
    this.shown = "";
    this.about = { classes: [], colours: {} };
  }

  use(about) {
    this.about = about;
    $("bars").replaceChildren(...about.classes.map((label) => {
      const row = document.createElement("li");
      row.dataset.label = label;
      row.style.setProperty("--color", about.colours[label]);
      row.innerHTML = '<span class="name"></span><span class="lane"><div class="fill"></div></span><span class="value"></span>';
      row.querySelector(".name").textContent = label;
      return row;
    }));
    this.update([]);
  }

  // Face shown in panel and timeline: the selected one, otherwise the largest.
  choose(events) {
    const faces = events.filter((event) => event.state === "face");
    const chosen = faces.find((face) => key(face) === this.followed);
    return chosen ?? faces.reduce((best, face) => (best && best.box.width >= face.box.width ? best : face), null);
  }

  update(events, idle = "No face yet") {
    const faces = events.filter((event) => event.state === "face");
    const face = this.choose(events);
    this.chips(faces, face);
    const known = face && face.certain;
    const best = face ? face.probabilities[face.label] : 0;
    $("label-dot").style.setProperty("--color", known ? this.about.colours[face.label] : "var(--lane)");
    $("label-text").textContent = face ? (known ? face.label : "uncertain") : "–";
    $("label-share").textContent = known ? percent(best) : "";
    $("label-note").textContent = note(face, faces.length, events.length ? "No face in view" : idle);
    for (const row of $("bars").children) {
      const value = face?.probabilities[row.dataset.label] ?? 0;
      row.style.setProperty("--value", value);
      row.querySelector(".value").textContent = face ? percent(value) : "";
      row.classList.toggle("top", Boolean(known) && row.dataset.label === face.label);
    }
    if (events.length) speak(face ? `${name(face)}: ${known ? face.label : "uncertain"}` : "No face in view");
  }

  chips(faces, chosen) {
    show($("faces"), faces.length > 1);
    const keys = faces.map(key).sort((a, b) => a - b);
    const state = JSON.stringify([keys, faces.length > 1 && key(chosen)]);
    if (state === this.shown) return;
    this.shown = state;
    const focused = document.activeElement?.dataset?.face;
    $("faces").replaceChildren(...keys.map((number) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.dataset.face = number;
      chip.textContent = `Face ${number}`;
      chip.setAttribute("aria-pressed", String(key(chosen) === number));
      chip.addEventListener("click", () => this.follow(number, faces));
      return chip;
    }));
    // Keep the keyboard focus when the row is rebuilt.
    if (focused) $("faces").querySelector(`[data-face="${focused}"]`)?.focus();
  }

  follow(number, faces) {
    this.followed = number;
    this.update(faces);
    this.onFollow();
  }
}

// Faces of photographs have no number, so the page assigns one.
export const key = (face) => face.track_id ?? face.number;

export const name = (face) => (key(face) ? `Face ${key(face)}` : "The face");

function note(face, count, otherwise) {
  if (!face) return otherwise;
  const others = count > 1 ? `, one of ${count}` : "";
  if (face.certain) return `${name(face)}${others}`;
  return `${name(face)}${others}: perhaps ${face.label}, but not clearly`;
}
