// A video file: played by the browser, its frames sent like those of a camera; a timeline of its whole length.

import { $, notify, percent, show } from "./page.js";
import { LiveMode } from "./live.js";
import { showResults } from "./results.js";
import { answerAt, clock } from "./timeline.js";

const TABLE_MS = 1000;

export class Film extends LiveMode {
  constructor(view) {
    super(view);
    this.running = false;
    this.toldAt = 0;
    this.count = 0;
    const film = $("film");
    film.addEventListener("loadedmetadata", () => this.running && this.begin());
    film.addEventListener("error", () => this.running && notify("The browser cannot play this video. Convert it to MP4 (H.264) or WebM, or use “ferbench video”."));
    film.addEventListener("seeking", () => this.sought());
    for (const name of ["timeupdate", "pause", "ended"]) film.addEventListener(name, () => this.running && this.moved(name));
  }

  get announcer() {
    return $("film");
  }

  open(file) {
    this.close();
    this.running = true;
    this.view.live();
    this.url = URL.createObjectURL(file);
    $("film").src = this.url;
    show($("film"), true);
  }

  close() {
    this.running = false;
    this.link.stop();
    show($("film"), false);
    $("film").removeAttribute("src");
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.count = 0;
    this.moment = null;
  }

  async begin() {
    const film = $("film");
    if (!Number.isFinite(film.duration) || !film.duration) {
      notify("This video does not tell its length, so it has no timeline.");
      return;
    }
    this.view.course(true, "Whole video");
    this.view.timeline.whole(film.duration, { seek: (seconds) => { film.currentTime = seconds; } });
    this.link.start();
    await film.play().catch(() => notify("Press play to start the video."));
  }

  // After a jump the faces are other ones.
  sought() {
    if (!this.running) return;
    this.link.send(JSON.stringify({ type: "reset" }));
    this.view.record.others();
  }

  moved(name) {
    this.view.timeline.at($("film").currentTime);
    if (name !== "timeupdate") this.table();
  }

  picture() {
    const film = $("film");
    if (film.readyState < 2 || film.seeking) return null;
    // A standing picture is sent once for each choice of models and points.
    if (film.paused && this.moment === film.currentTime && !this.changed) return null;
    this.changed = false;
    this.moment = film.currentTime;
    return { element: film, width: film.videoWidth, height: film.videoHeight };
  }

  // The server has confirmed other models or points.
  received(message) {
    if (["model", "points", "compare"].includes(message.type)) this.changed = true;
    super.received(message);
  }

  showEvents(message, options) {
    const time = this.moment ?? 0;
    this.count += 1;
    const events = message.events.map((event) => ({ ...event, timestamp_s: time }));
    this.view.show({ ...message, timestamp_s: time, events }, { ...options, frame: null });
    if (performance.now() - this.toldAt > TABLE_MS) this.table();
  }

  table() {
    this.toldAt = performance.now();
    const { timeline, about } = this.view;
    const shares = timeline.shares();
    const total = shares.reduce((sum, [, seconds]) => sum + seconds, 0);
    const first = (label) => timeline.points.find((point) => answerAt(point) === label)?.time ?? 0;
    showResults({
      title: `Time per expression of the selected face (${this.count.toLocaleString("en")} frames seen)`,
      heads: ["Expression", "Time", "Share", "First seen"],
      rows: shares.map(([label, seconds]) => [
        { text: label, color: about.colours[label] ?? "var(--lane)" },
        `${seconds.toFixed(1)} s`,
        percent(seconds / total),
        { text: clock(first(label)), run: () => { $("film").currentTime = first(label); } },
      ]),
    });
  }
}
