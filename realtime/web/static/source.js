// The server's own camera or file: pictures as motion JPEG, events over a WebSocket.

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
      text: `What ferbench looks at on its own machine: ${this.view.source}. It runs only while somebody watches.`,
      button: "Watch",
      run: () => this.begin(),
    });
  }

  leave() {
    this.running = false;
    this.link.stop();
    // Without a source the browser closes the endless answer.
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
    // A new address each time: browsers do not ask again for one they think they have.
    $("stream").src = `/api/source.mjpg?at=${Date.now()}`;
  }

  // For all who watch: there is one loop.
  model(name) {
    return this.link.send(JSON.stringify({ type: "model", name }));
  }

  // For all who watch as well; what is chosen before there is a connection waits for it.
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
