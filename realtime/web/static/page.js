// Small helpers that every part of the page uses.

export const $ = (id) => document.getElementById(id);

export const show = (element, visible) => { element.hidden = !visible; };

export const percent = (value) => `${Math.round(100 * value)}\u202f%`;

export const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");

// Show one message at a time over the picture; its alert role makes screen readers announce it.
export function notify(text, action = null, run = null) {
  if ($("notice-text").textContent !== text) $("notice-text").textContent = text;
  show($("notice"), Boolean(text));
  show($("notice-action"), Boolean(action));
  $("notice-action").textContent = action ?? "";
  $("notice-action").onclick = run;
}

// Announce changes to screen readers, at most every three seconds.
const PAUSE_MS = 3000;
let spokenAt = -PAUSE_MS;
let spoken = "";
let waiting = 0;
export function speak(text) {
  clearTimeout(waiting);
  if (text === spoken) return;
  waiting = setTimeout(() => {
    spokenAt = performance.now();
    spoken = text;
    $("spoken").textContent = text;
  }, Math.max(0, spokenAt + PAUSE_MS - performance.now()));
}

export function save(text, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Return black or white, whichever has more contrast to a color.
export function inkOn(color) {
  const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = channels.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000000" : "#ffffff";
}

// System, light or dark colors. The choice is not stored, because this page stores nothing.
export function themeButton(button, changed) {
  const names = ["as the system", "light", "dark"];
  let chosen = 0;
  button.addEventListener("click", () => {
    const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    // The first press must have a visible effect, so it selects the opposite of the system colors.
    const order = dark ? [0, 1, 2] : [0, 2, 1];
    chosen = order[(order.indexOf(chosen) + 1) % 3];
    if (chosen) document.documentElement.dataset.theme = names[chosen];
    else delete document.documentElement.dataset.theme;
    button.title = `Colors: ${names[chosen]}`;
    button.setAttribute("aria-label", button.title);
    changed();
  });
}
