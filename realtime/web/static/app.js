// Main module of the page: connects the modes with the panel, the timeline and the record.

import { $, notify, percent, save, show, speak, themeButton } from "./page.js";
import { CameraMode } from "./camera.js";
import { clearOverlay, drawOverlay } from "./draw.js";
import { DemoMode } from "./demo.js";
import { FacePanel } from "./faces.js";
import { PictureMode } from "./picture.js";
import { Record } from "./record.js";
import { showResults } from "./results.js";
import { SourceMode } from "./source.js";
import { Timeline } from "./timeline.js";

class View {
  constructor(limits) {
    this.limits = limits;
    this.source = limits.source;
    this.models = new Map(limits.models.map((model) => [model.name, model]));
    this.record = new Record();
    this.timeline = new Timeline();
    this.panel = new FacePanel(() => {
      this.redraw?.();
      this.redrawPanel();
    });
    this.redraw = null;
    this.times = [];
    this.told = 0;
    this.about = null;
    this.rival = null;
    this.compound = limits.compound;
    $("compound").checked = this.compound;
    this.model = limits.models.find((model) => model.default).name;
    this.use(this.model);
    show($("points-field"), Boolean(limits.points));
    this.usePoints(limits.points?.on ?? false);
  }

  // Whether key points are found and drawn.
  usePoints(on) {
    this.points = on;
    $("points").checked = on;
    this.redraw?.();
  }

  // Whether mixtures of two emotions are named. The server derives them from the probabilities of every face.
  useCompound(on) {
    this.compound = on;
    this.redraw?.();
    this.redrawPanel();
  }

  // A message without its mixtures, where they are not asked for.
  asked(message) {
    if (this.compound) return message;
    const plain = (events) => events.map((event) => ({ ...event, compound: null }));
    const compare = message.compare && { ...message.compare, events: plain(message.compare.events) };
    return { ...message, events: plain(message.events), compare };
  }

  // Compare with a second model; null for none.
  useRival(name) {
    this.rival = name;
    $("rivals").value = name ?? "";
    this.panel.useRival(name === null ? null : this.models.get(name));
    this.redrawPanel();
  }

  // What is asked of the server, as the query of an address.
  query() {
    const rival = this.rival === null ? "" : `&compare=${encodeURIComponent(this.rival)}`;
    return `?model=${encodeURIComponent(this.model)}&points=${this.points}${rival}`;
  }

  // Show a refusal of the server, and reset the controls to the actual state.
  refused({ code, message }) {
    notify(message);
    this.use(this.about.name);
    if (code === "unknown_model" || code === "broken_model") this.useRival(null);
    if (code === "no_points" || code === "broken_points") this.usePoints(false);
  }

  // Switch to another model with its classes, colors and columns.
  use(name) {
    const known = this.models.get(name);
    this.record.use(known.columns);
    $("models").value = known.name;
    this.model = known.name;
    $("model-note").textContent = describe(known);
    $("doubt-note").textContent = doubt(known);
    show($("compound-field"), known.compounds.length > 0);
    if (this.about === known) return;
    this.about = known;
    // Answers of the former model are not those of this one.
    this.latest = null;
    this.panel.use(known);
    this.timeline.use(known);
  }

  // Text of the stage when it shows no picture.
  empty({ icon, title, text, button, run, other = "", runOther = null }) {
    show($("empty"), true);
    $("empty-icon").setAttribute("href", `#i-${icon}`);
    $("empty-title").textContent = title;
    $("empty-text").textContent = this.limits.private ? text : text.replace("this machine", location.hostname);
    $("begin").textContent = button;
    $("begin").onclick = run;
    show($("other"), Boolean(runOther));
    $("other").textContent = other;
    $("other").onclick = runOther;
    show($("paste"), false);
  }

  live() {
    show($("empty"), false);
  }

  // A single picture has no timeline.
  course(visible, title = "Last minute") {
    show($("timeline"), visible);
    this.timeline.last();
    showResults(null);
    $("time-title").textContent = visible ? title : "This session";
    if (!visible) $("time-note").textContent = "Each picture adds one row per face.";
  }

  working(text) {
    $("stats").textContent = text;
  }

  idle(text) {
    this.redraw = this.latest = null;
    this.times = [];
    clearOverlay();
    this.panel.update([], text);
    $("stats").textContent = "";
  }

  reset() {
    this.idle("No face yet");
    this.clearTimeline();
  }

  redrawPanel() {
    if (this.latest) this.updatePanel(this.latest);
  }

  updatePanel(message) {
    const asked = this.asked(message);
    this.panel.update(asked.events, "No face yet", asked);
  }

  clearTimeline() {
    this.timeline.clear();
    this.timeline.draw();
    $("time-note").textContent = "Probabilities over time appear here.";
  }

  show(message, { mirrored = false, overlay = true, still = false, roundTrip = null, frame = null, recorded = false } = {}) {
    const { events } = message;
    if (events.length) this.latest = message;
    if (!recorded) this.keep(message);
    this.redraw = () => overlay && drawOverlay(this.asked(message).events, message, this.about.colours, {
      mirrored: mirrored && $("video").classList.contains("mirrored"),
      points: this.points,
      frame,
    });
    this.redraw();
    if (events.length) this.updatePanel(message);
    if (events.length && !still) this.timeline.add(events[0].timestamp_s, this.panel.choose(events));
    this.count(events, message, still, roundTrip);
    $("clear").disabled = $("download").disabled = !this.record.rows.length;
    $("rows").textContent = this.record.rows.length ? this.record.rows.length.toLocaleString("en") : "";
  }

  // As in files of events, mixtures have a column of their own, only where they are asked for.
  keep(message) {
    if (this.compound) this.record.use(["compound"]);
    this.record.add({ timestamp_s: 0, ...this.asked(message) });
  }

  count(events, message, still, roundTrip) {
    const faces = events.filter((event) => event.state === "face").length;
    const found = `${faces} ${faces === 1 ? "face" : "faces"}`;
    if (still) {
      $("stats").textContent = `${found} · ${message.latency_ms.toFixed(0)} ms`;
      return;
    }
    const now = performance.now();
    this.times.push(now);
    while (this.times[0] < now - 2000) this.times.shift();
    if (now - this.told < 500) return;
    this.told = now;
    const rate = this.times.length > 1 ? (1000 * (this.times.length - 1)) / (now - this.times[0]) : 0;
    const latency = roundTrip ?? message.latency_ms;
    $("stats").textContent = `${found} · ${rate.toFixed(0)} frames/s · ${latency.toFixed(0)} ms`;
  }
}

function describe(model) {
  const kind = model.kind === "network" ? "Network" : "Classical";
  const fitted = model.dataset ? `, trained on ${model.dataset}` : "";
  const right = model.accuracy === null ? "" : `: ${percent(model.accuracy)} accuracy on PublicTest`;
  return `${kind}${fitted}${right}${expected(model)}`;
}

// When an answer is called uncertain; nothing for a model whose threshold does not say.
const doubt = ({ uncertain }) => (uncertain ? `${uncertain[0].toUpperCase()}${uncertain.slice(1)}` : "");

// Shares of the labels that the server was started with; without them nothing is said.
function expected(model) {
  if (!model.priors) return "";
  const shares = Object.entries(model.priors);
  const even = shares.every(([, share]) => Math.abs(share - shares[0][1]) < 1e-6);
  const told = even ? "uniform" : shares.map(([label, share]) => `${label} ${percent(share)}`).join(", ");
  return `. Class priors: ${told}`;
}

function modes(view) {
  const all = {};
  let current = null;
  const activate = (name) => {
    const radio = document.querySelector(`#modes input[value="${name}"]`);
    radio.checked = true;
    if (current === name) return;
    const before = current;
    current = name;
    if (before) quietly(() => all[before].leave());
    all[name].enter();
  };
  all.demo = new DemoMode(view);
  all.camera = new CameraMode(view, () => {
    activate("demo");
    all.demo.begin();
  });
  all.source = new SourceMode(view);
  all.picture = new PictureMode(view, activate);
  for (const radio of document.querySelectorAll("#modes input")) {
    radio.addEventListener("change", () => activate(radio.value));
  }
  activate(view.limits.source && !navigator.mediaDevices ? "source" : "camera");
  return () => all[current];
}

// Keep the keyboard focus when the mode changes.
function quietly(run) {
  const focused = document.activeElement;
  run();
  focused?.focus?.({ preventScroll: true });
}

async function start() {
  const answer = await fetch("/api/models");
  if (!answer.ok) throw new Error((await answer.json()).error.message);
  const limits = await answer.json();
  $("models").replaceChildren(...limits.models.map((model) => new Option(model.name, model.name)));
  $("rivals").replaceChildren(new Option("no other model", ""), ...limits.models.map((model) => new Option(model.name, model.name)));
  show($("rivals-field"), limits.models.length > 1);
  show($("mode-source"), limits.source !== null);
  if (!limits.private) {
    $("machine").textContent = `the machine that runs ferbench (${location.hostname})`;
  }
  const view = new View(limits);
  const current = modes(view);
  $("models").addEventListener("change", () => {
    view.model = $("models").value;
    $("model-note").textContent = "Loading…";
    if (!current().model(view.model)) view.use(view.model);
  });
  $("rivals").addEventListener("change", () => {
    view.useRival($("rivals").value || null);
    current().compare(view.rival);
  });
  $("points").addEventListener("change", () => {
    view.usePoints($("points").checked);
    current().points(view.points);
  });
  $("compound").addEventListener("change", () => view.useCompound($("compound").checked));
  $("download").addEventListener("click", () => save(view.record.csv(), "ferbench-session.csv", "text/csv"));
  $("clear").addEventListener("click", () => {
    view.record.clear();
    view.record.use(view.about.columns);
    view.clearTimeline();
    $("clear").disabled = $("download").disabled = true;
    $("rows").textContent = "";
    speak("The collected data was deleted");
    $("stage-card").focus({ preventScroll: true });
  });
  new ResizeObserver(() => view.redraw?.()).observe($("stage"));
  themeButton($("theme"), () => view.timeline.draw());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.timeline.draw());
}

start().catch((error) => notify(`The page cannot start: ${error.message}. Reload it.`, "Reload", () => location.reload()));
