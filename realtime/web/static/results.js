// The table below the timeline: times of a video, or the pictures of a folder.

import { $, show } from "./page.js";

// Show a table; null hides it. A cell is a text, or {text, color} or {text, run}.
export function showResults(table) {
  show($("results"), Boolean(table));
  if (!table) return;
  $("results-title").textContent = table.title;
  $("results-head").replaceChildren(...table.heads.map((text) => cell("th", text)));
  const body = $("results-body");
  const held = document.activeElement?.closest("#results-body tr")?.firstChild.textContent;
  body.replaceChildren(...table.rows.map(line));
  // Keep the keyboard focus in the row of the same name.
  if (held !== undefined) [...body.rows].find((row) => row.firstChild.textContent === held)?.querySelector("button")?.focus({ preventScroll: true });
}

// Add a row to the table that is shown.
export function addResult(row) {
  $("results-body").append(line(row));
}

function line(row) {
  const element = document.createElement("tr");
  element.append(...row.map((content) => cell("td", content)));
  return element;
}

function cell(tag, content) {
  const element = document.createElement(tag);
  if (tag === "th") element.scope = "col";
  const { text, color, run } = typeof content === "object" ? content : { text: content };
  if (color) {
    const dot = document.createElement("span");
    dot.className = "dot";
    dot.style.setProperty("--color", color);
    element.append(dot);
  }
  if (run) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = text;
    button.addEventListener("click", run);
    element.append(button);
  } else {
    element.append(text);
  }
  return element;
}
