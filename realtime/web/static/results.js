// The table below the timeline: times of a video, or the pictures of a folder.

import { $, show } from "./page.js";

// Show a table; null hides it. A cell is a text, or {text, color} or {text, run}.
export function showResults(table) {
  show($("results"), Boolean(table));
  if (!table) return;
  $("results-title").textContent = table.title;
  $("results-head").replaceChildren(...table.heads.map((text) => cell("th", text)));
  $("results-body").replaceChildren(...table.rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...row.map((content) => cell("td", content)));
    return line;
  }));
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
