// Several pictures, as from a folder: one after the other, with a table and a timeline.

import { $, notify } from "./page.js";
import { addResult, showResults } from "./results.js";

const MOST = 500;
const PAUSE_MS = 1500;

export class Album {
  // `look(file)` sends a picture, shows it and returns the answer.
  constructor(view, look) {
    this.view = view;
    this.look = look;
    this.run = 0;
  }

  close() {
    this.run += 1;
  }

  async open(files) {
    this.close();
    const { run } = this;
    const path = (file) => file.webkitRelativePath || file.name;
    const pictures = files.sort((a, b) => path(a).localeCompare(path(b), "en", { numeric: true })).slice(0, MOST);
    this.answers = new Map();
    this.view.course(true, `${pictures.length} pictures`);
    this.view.timeline.whole(pictures.length, { unit: "pictures", seek: (at) => this.choose(pictures[Math.min(pictures.length - 1, Math.floor(at))]) });
    for (const [at, file] of pictures.entries()) {
      const answer = await this.patient(file, run);
      if (run !== this.run) return;
      this.add(file, at, answer);
    }
    if (files.length > MOST) notify(`The first ${MOST} of ${files.length} pictures were read. Use “ferbench run” or a smaller folder for more.`);
  }

  // Send a picture; wait where the server is asked too often, and go on after a broken picture.
  async patient(file, run) {
    for (;;) {
      try {
        return await this.look(file, () => run === this.run);
      } catch (error) {
        if (run !== this.run) return null;
        if (error.code !== "rate" && error.code !== "full") return { error: error.message };
        await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
      }
    }
  }

  add(file, at, answer) {
    const { timeline, panel, about } = this.view;
    this.keep(file, answer);
    const faces = answer.events?.filter((event) => event.state === "face") ?? [];
    const face = answer.events ? panel.choose(answer.events) : null;
    timeline.add(at, face);
    timeline.at(at);
    const label = face ? (face.certain ? face.label : "uncertain") : answer.error ? "not read" : "no face";
    const row = [
      { text: file.webkitRelativePath || file.name, run: () => this.choose(file) },
      String(faces.length),
      { text: label, color: face?.certain ? about.colours[face.label] : "var(--lane)" },
      face ? `${Math.round(100 * face.probabilities[face.label])}\u202f%` : "",
      answer.latency_ms === undefined ? answer.error ?? "" : `${answer.latency_ms.toFixed(0)} ms`,
    ];
    if (at) addResult(row);
    else showResults({ title: "Pictures", heads: ["Picture", "Faces", "Largest face", "Probability", "Time"], rows: [row] });
  }

  // Keep an answer by its file, model, points and second model.
  keep(file, answer) {
    if (answer?.events) this.answers.set(file, new Map(this.answers.get(file)).set(answer.query, answer));
  }

  // An answer to the same question is shown again; the picture is not sent a second time.
  async choose(file) {
    const { run } = this;
    const known = this.answers.get(file)?.get(this.view.query()) ?? null;
    const looked = this.look(file, () => run === this.run, known);
    $("stage-card").scrollIntoView({ block: "nearest" });
    try {
      const answer = await looked;
      if (run === this.run) this.keep(file, answer);
    } catch (error) {
      if (run === this.run) notify(error.message);
    }
  }
}

// All files in what was dropped, folders included, sorted by their path.
export async function dropped(transfer) {
  const entries = [...(transfer.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const files = [];
  for (const entry of entries) await collect(entry, files);
  return files;
}

async function collect(entry, files) {
  if (files.length > 4 * MOST) return;
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => { entry.file(resolve, reject); }));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) return;
    for (const one of some.sort((a, b) => a.name.localeCompare(b.name))) await collect(one, files);
  }
}
