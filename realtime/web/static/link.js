// WebSocket that reconnects with increasing pauses and a countdown, but not while the page is hidden.

import { notify } from "./page.js";

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

export class Link {
  // handlers: query() of the address, opened(), message(object), lost().
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
    this.socket = null;
    this.wanted = false;
    this.pause = FIRST_MS;
    this.timer = 0;
    document.addEventListener("visibilitychange", () => {
      if (this.wanted && !this.socket && !this.timer && !document.hidden) this.connect();
    });
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  start() {
    this.wanted = true;
    this.pause = FIRST_MS;
    this.connect();
  }

  stop() {
    this.wanted = false;
    clearTimeout(this.timer);
    this.timer = 0;
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  // Return whether the data was sent.
  send(content) {
    if (this.open) this.socket.send(content);
    return this.open;
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = 0;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.path}${this.handlers.query()}`);
    this.socket = socket;
    this.reason = "";
    this.greeted = false;
    socket.addEventListener("message", (event) => socket === this.socket && this.received(JSON.parse(event.data)));
    socket.addEventListener("close", () => socket === this.socket && this.lost());
  }

  received(message) {
    // The first message names the model. Only then is the connection established.
    if (message.type === "model" && !this.greeted) {
      this.greeted = true;
      this.pause = FIRST_MS;
      notify("");
      this.handlers.opened();
    }
    if (message.type === "error") this.reason = message.message;
    this.handlers.message(message);
  }

  async lost() {
    this.socket = null;
    this.handlers.lost();
    if (!this.wanted) return;
    const text = this.reason ? `The server ended the connection: ${this.reason}.` : await whyLost();
    if (!this.wanted || this.socket) return;
    this.wait(text);
  }

  wait(text) {
    const pause = this.pause * (0.8 + 0.4 * Math.random());
    this.pause = Math.min(LONGEST_MS, 2 * this.pause);
    notify(`${text} Trying again…`, "Try now", () => this.connect());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      if (!document.hidden) this.connect();
    }, pause);
  }
}

async function whyLost() {
  try {
    const answer = await fetch("/api/models");
    if (answer.status === 401) return "The server needs its token: reload this page.";
    return "The connection was lost.";
  } catch {
    return "ferbench does not answer. Is “ferbench serve” still running?";
  }
}
