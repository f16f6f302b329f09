// Events since the page was opened, for the download; kept only in the memory of the page.

const MOST_ROWS = 200_000;
const PLAIN = new Set(["frame", "timestamp_s", "track_id", "state", "score", "label", "compound"]);

export class Record {
  constructor() {
    this.clear();
  }

  clear() {
    this.columns = [];
    this.rows = [];
    this.started = null;
    this.next = { frame: 0, track: 0 };
    this.begin();
  }

  // A new connection restarts frames, people and seconds at zero, so continue from the last values.
  begin() {
    const now = performance.now() / 1000;
    this.offset = { frame: this.next.frame, track: this.next.track, seconds: this.started === null ? 0 : now - this.started };
  }

  // The same session with other people, as after a jump in a video.
  others() {
    this.offset.track = this.next.track;
  }

  // Another model may have other classes; columns are added but never removed.
  use(columns) {
    for (const column of columns) if (!this.columns.includes(column)) this.columns.push(column);
  }

  // Add the events of a message, with continued frames, people and seconds.
  add(message) {
    if (this.started === null) {
      this.started = performance.now() / 1000 - message.timestamp_s;
      this.offset.seconds = 0;
    }
    const events = message.events.map((event) => ({
      ...event,
      frame: event.frame + this.offset.frame,
      timestamp_s: event.timestamp_s + this.offset.seconds,
      track_id: event.track_id === null ? null : event.track_id + this.offset.track,
    }));
    for (const event of events) {
      // Key points have separate columns.
      if (event.points) this.use(Object.keys(event.points).flatMap((name) => [`${name}_x`, `${name}_y`]));
      this.rows.push(this.columns.map((column) => value(event, column)));
      this.next.frame = Math.max(this.next.frame, event.frame + 1);
      this.next.track = Math.max(this.next.track, event.track_id ?? 0);
    }
    if (this.rows.length > MOST_ROWS) this.rows.splice(0, this.rows.length - MOST_ROWS);
  }

  csv() {
    const lines = this.rows.map((row) => this.columns.map((_, at) => cell(row[at])).join(","));
    return [this.columns.map(cell).join(","), ...lines, ""].join("\n");
  }
}

function value(event, column) {
  if (PLAIN.has(column)) return column === "timestamp_s" ? Number(event.timestamp_s.toFixed(4)) : event[column];
  if (column === "certain") return event.certain ? "True" : "False";
  if (column.startsWith("p_")) return event.probabilities?.[column.slice(2)];
  if (column.startsWith("raw_")) return event.raw?.[column.slice(4)];
  const point = /^(.+)_([xy])$/.exec(column);
  return point ? event.points?.[point[1]]?.[point[2]] : event.box?.[column];
}

function cell(content) {
  const text = content === null || content === undefined ? "" : String(content);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
