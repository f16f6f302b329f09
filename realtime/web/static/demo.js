// Demo without a camera: a drawn face goes the same way as the frames of a camera.

import { $, notify, show, stillness } from "./page.js";
import { drawFace } from "./drawnface.js";
import { LiveMode } from "./live.js";

export class DemoMode extends LiveMode {
  constructor(view) {
    super(view);
    this.running = false;
    $("stop").addEventListener("click", () => this.running && this.leave());
  }

  enter() {
    this.view.empty({
      icon: "face",
      title: "A demo without a camera",
      text: "A drawn face passes through the seven expressions. ferbench on this machine recognizes it like a camera picture. A drawing is not a person: expect mistakes.",
      button: "Start the demo",
      run: () => this.begin(),
    });
  }

  begin() {
    this.running = true;
    this.startedAt = performance.now();
    notify("");
    this.view.live();
    for (const id of ["drawn", "stop"]) show($(id), true);
    this.animate();
    this.link.start();
    $("stop").focus({ preventScroll: true });
  }

  leave() {
    this.running = false;
    this.link.stop();
    for (const id of ["drawn", "stop"]) show($(id), false);
    this.view.reset();
    notify("");
    this.enter();
    $("begin").focus({ preventScroll: true });
  }

  animate() {
    if (!this.running) return;
    drawFace($("drawn"), (performance.now() - this.startedAt) / 1000);
    // People who want little motion see one picture a second.
    if (stillness.matches) setTimeout(() => this.animate(), 1000);
    else requestAnimationFrame(() => this.animate());
  }

  picture() {
    const { width, height } = $("drawn");
    return { element: $("drawn"), width, height };
  }
}
