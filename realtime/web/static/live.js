// Base of the modes that send frames of this browser to the server, one at a time, and receive the events.

import { stillness } from "./page.js";
import { Link } from "./link.js";

const WIDTH = 640;
const QUALITY = 0.8;
// Time limit for an answer.
const PATIENCE_MS = 5000;
const LATE_MS = 200;

// A subclass has `running`, and `picture()`, which returns the element to draw with its width and height, or null.
export class LiveMode {
  constructor(view) {
    this.view = view;
    this.canvas = document.createElement("canvas");
    this.mirrored = false;
    this.sentAt = null;
    this.link = new Link("/ws/camera", {
      query: () => view.query(),
      opened: () => {
        view.record.begin();
        this.sentAt = null;
        this.next();
      },
      message: (message) => this.received(message),
      lost: () => view.idle("Not connected"),
    });
  }

  // An element that announces new frames; others are asked 30 times a second.
  get announcer() {
    return null;
  }

  model(name) {
    return this.link.send(JSON.stringify({ type: "model", name }));
  }

  points(on) {
    this.link.send(JSON.stringify({ type: "points", on }));
  }

  compare(name) {
    this.link.send(JSON.stringify({ type: "compare", name }));
  }

  received(message) {
    if (message.type === "model") this.view.use(message.name);
    if (message.type === "points") this.view.usePoints(message.on);
    if (message.type === "compare") this.view.useRival(message.name);
    if (message.type === "events") {
      const roundTrip = performance.now() - this.sentAt;
      // On a slow machine the face has moved before the answer arrives. Then show the frame that belongs to the box.
      this.showEvents(message, { mirrored: this.mirrored, roundTrip, frame: roundTrip > LATE_MS ? this.canvas : null });
    }
    if (message.type === "events" || message.frame !== undefined) {
      this.sentAt = null;
      this.next();
    }
    if (message.type === "error" && message.frame === undefined) {
      this.view.refused(message);
    }
  }

  showEvents(message, options) {
    this.view.show(message, options);
  }

  // Wait for the next frame, and send it if the last answer has arrived.
  next() {
    const frame = this.frame = (this.frame ?? 0) + 1;
    const announces = Boolean(this.announcer?.requestVideoFrameCallback);
    let sent = false;
    const send = () => {
      if (sent || frame !== this.frame) return;
      sent = true;
      this.send(frame);
    };
    if (announces && !stillness.matches) this.announcer.requestVideoFrameCallback(send);
    // Some browsers, and tabs in the background, do not have this callback.
    setTimeout(send, announces ? 250 : 33);
  }

  send(frame) {
    if (!this.running || !this.link.open) return;
    const picture = this.picture();
    if (!picture) {
      this.next();
      return;
    }
    const { element, width, height } = picture;
    const scale = Math.min(1, WIDTH / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.getContext("2d").drawImage(element, 0, 0, this.canvas.width, this.canvas.height);
    this.canvas.toBlob((jpeg) => {
      if (!jpeg || frame !== this.frame || !this.link.open) return;
      this.sentAt = performance.now();
      this.link.send(jpeg);
      setTimeout(() => frame === this.frame && this.link.open && this.next(), PATIENCE_MS);
    }, "image/jpeg", QUALITY);
  }
}
