// Camera of this browser: send frames to the server one at a time, and receive the events.

import { $, notify, show, stillness } from "./page.js";
import { Link } from "./link.js";

const WIDTH = 640;
const QUALITY = 0.8;
// Time limit for an answer.
const PATIENCE_MS = 5000;
const LATE_MS = 200;

const PROBLEMS = {
  NotAllowedError: "The camera is blocked for this page. Allow it in the address bar, then try again.",
  NotFoundError: "No camera was found. Plug one in and try again, or choose a picture instead.",
  OverconstrainedError: "This camera is no longer available. Choose another one, or plug it in again.",
  NotReadableError: "The camera is in use by another program. Close that program, then try again.",
};
const INSECURE = "Browsers allow camera access only on https pages or on localhost. Start ferbench with --tls-cert and --tls-key, or choose a picture instead.";

export class CameraMode {
  constructor(view) {
    this.view = view;
    this.stream = null;
    this.canvas = document.createElement("canvas");
    this.mirrored = true;
    this.sentAt = null;
    this.link = new Link("/ws/camera", {
      query: () => `?model=${encodeURIComponent(view.model)}&points=${view.points}`,
      opened: () => {
        view.record.begin();
        this.sentAt = null;
        this.next();
      },
      message: (message) => this.received(message),
      lost: () => view.idle("Not connected"),
    });
    $("devices").addEventListener("change", () => this.begin($("devices").value));
    $("mirror").addEventListener("click", () => this.mirror(!this.mirrored));
    $("stop").addEventListener("click", () => this.stream && this.leave());
    // A camera that is plugged in later appears in the list.
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.stream && this.listDevices());
  }

  enter() {
    this.view.empty({
      icon: "camera",
      title: "Recognize your expression",
      text: "The pictures of your camera are sent to ferbench on this machine. They are not stored.",
      button: "Start the camera",
      run: () => this.begin(),
    });
  }

  leave() {
    this.link.stop();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    $("video").srcObject = null;
    for (const id of ["video", "stop", "mirror", "devices-field"]) show($(id), false);
    this.view.reset();
    notify("");
    this.enter();
    $("begin").focus({ preventScroll: true });
  }

  model(name) {
    return this.link.send(JSON.stringify({ type: "model", name }));
  }

  points(on) {
    this.link.send(JSON.stringify({ type: "points", on }));
  }

  async begin(device = null) {
    if (!navigator.mediaDevices?.getUserMedia) {
      notify(INSECURE);
      return;
    }
    $("begin").disabled = true;
    try {
      const chosen = device ? { deviceId: { exact: device } } : { facingMode: "user" };
      const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { width: { ideal: 640 }, height: { ideal: 480 }, ...chosen } });
      this.stream?.getTracks().forEach((track) => track.stop());
      await this.show(stream);
    } catch (error) {
      notify(PROBLEMS[error.name] ?? `The camera cannot be used: ${error.message}`, "Try again", () => this.begin(device));
    } finally {
      $("begin").disabled = false;
    }
  }

  async show(stream) {
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", () => {
      if (this.stream !== stream) return;
      this.leave();
      notify("The camera is no longer available: it was unplugged, or its permission was withdrawn.", "Try again", () => this.begin());
    });
    notify("");
    $("video").srcObject = stream;
    await $("video").play();
    this.view.live();
    for (const id of ["video", "stop", "mirror"]) show($(id), true);
    this.mirror(track.getSettings().facingMode !== "environment");
    await this.listDevices();
    if (!this.link.wanted) this.link.start();
    $("stop").focus({ preventScroll: true });
  }

  mirror(on) {
    this.mirrored = on;
    $("video").classList.toggle("mirrored", on);
    $("mirror").setAttribute("aria-pressed", String(on));
    this.view.redraw?.();
  }

  async listDevices() {
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
    const used = this.stream?.getVideoTracks()[0]?.getSettings().deviceId;
    $("devices").replaceChildren(...cameras.map((camera, at) => new Option(camera.label || `Camera ${at + 1}`, camera.deviceId, false, camera.deviceId === used)));
    show($("devices-field"), cameras.length > 1);
  }

  received(message) {
    if (message.type === "model") this.view.use(message.name);
    if (message.type === "points") this.view.usePoints(message.on);
    if (message.type === "events") {
      const roundTrip = performance.now() - this.sentAt;
      // On a slow machine the face has moved before the answer arrives. Then show the frame that belongs to the box.
      this.view.show(message, { mirrored: this.mirrored, roundTrip, frame: roundTrip > LATE_MS ? this.canvas : null });
    }
    if (message.type === "events" || message.frame !== undefined) {
      this.sentAt = null;
      this.next();
    }
    if (message.type === "error" && message.frame === undefined) {
      this.view.refused(message);
    }
  }

  // Wait for the next frame, and send it if the last answer has arrived.
  next() {
    const video = $("video");
    const frame = this.frame = (this.frame ?? 0) + 1;
    let sent = false;
    const send = () => {
      if (sent || frame !== this.frame) return;
      sent = true;
      this.send(frame);
    };
    if (!stillness.matches) video.requestVideoFrameCallback?.(send);
    // Some browsers, and tabs in the background, do not have this callback.
    setTimeout(send, video.requestVideoFrameCallback ? 250 : 33);
  }

  send(frame) {
    const video = $("video");
    if (!this.stream || !this.link.open) return;
    if (!video.videoWidth) {
      this.next();
      return;
    }
    const scale = Math.min(1, WIDTH / Math.max(video.videoWidth, video.videoHeight));
    this.canvas.width = Math.round(video.videoWidth * scale);
    this.canvas.height = Math.round(video.videoHeight * scale);
    this.canvas.getContext("2d").drawImage(video, 0, 0, this.canvas.width, this.canvas.height);
    this.canvas.toBlob((jpeg) => {
      if (!jpeg || frame !== this.frame || !this.link.open) return;
      this.sentAt = performance.now();
      this.link.send(jpeg);
      setTimeout(() => frame === this.frame && this.link.open && this.next(), PATIENCE_MS);
    }, "image/jpeg", QUALITY);
  }
}
