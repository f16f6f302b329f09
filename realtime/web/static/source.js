// Source of the server: pictures as motion JPEG, events over a WebSocket.

import { $, notify, show } from "./page.js";
import { Link } from "./link.js";

export class SourceMode {
  constructor(view) {
    this.view = view;
    this.running = false;
    this.wish = null;
    this.link = new Link("/ws/source", {
      query: () => "",
      opened: () => {
        view.record.begin();
        this.picture();
        if (this.wish !== null) this.points(this.wish);
      },
      message: (message) => this.received(message),
      lost: () => {
        view.idle("Not connected");
        $("stream").removeAttribute("src");
      },
    });
    $("stop").addEventListener("click", () => this.running && this.leave());
  }

  enter() {
    this.view.empty({
      icon: "server",
      title: "The server's source",
      text: `Camera or file of the server: ${this.view.source}. It runs only while a page shows it.`,
      button: "Watch",
      run: () => this.begin(),
    });
  }

  leave() {
    this.running = false;
    this.link.stop();
    // Removing the source makes the browser close the endless response.
    $("stream").removeAttribute("src");
    for (const id of ["stream", "stop"]) show($(id), false);
    this.view.reset();
    notify("");
    this.enter();
    $("begin").focus({ preventScroll: true });
  }

  begin() {
    this.running = true;
    this.view.live();
    for (const id of ["stream", "stop"]) show($(id), true);
    this.link.start();
    $("stop").focus({ preventScroll: true });
  }

  picture() {
    // Use a new URL each time, because browsers cache the response.
    $("stream").src = `/api/source.mjpg?at=${Date.now()}`;
  }

  // This affects all viewers, because they share one loop.
  model(name) {
    return this.link.send(JSON.stringify({ type: "model", name }));
  }

  // All viewers share one loop with one model.
  compare(name) {
    if (name === null) return;
    this.view.useRival(null);
    notify("The server's source shows one model. Compare two on your camera, the demo or your files.");
  }

  // This also affects all viewers. A choice before the connection is established is sent later.
  points(on) {
    this.wish = this.link.send(JSON.stringify({ type: "points", on })) ? null : on;
  }

  received(message) {
    if (message.type === "model") this.view.use(message.name);
    if (message.type === "points") this.view.usePoints(message.on);
    if (message.type === "error") this.view.refused(message);
    if (message.type === "events") {
      this.view.show(message, { overlay: false });
      notify(message.message ?? "");
    }
  }
}
