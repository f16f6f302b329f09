// Camera of this browser.

import { $, notify, show } from "./page.js";
import { LiveMode } from "./live.js";

const PROBLEMS = {
  NotAllowedError: "The camera is blocked for this page. Allow it in the address bar, then try again.",
  NotFoundError: "No camera was found. Plug one in and try again, or choose a picture instead.",
  OverconstrainedError: "This camera is no longer available. Choose another one, or plug it in again.",
  NotReadableError: "The camera is in use by another program. Close that program, then try again.",
};
const INSECURE = "Browsers allow camera access only on https pages or on localhost. Start ferbench with --tls-cert and --tls-key, or choose a picture instead.";

export class CameraMode extends LiveMode {
  constructor(view, demo) {
    super(view);
    this.stream = null;
    this.mirrored = true;
    this.demo = demo;
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
      other: "No camera? Show a drawn face",
      runOther: this.demo,
    });
  }

  get running() {
    return Boolean(this.stream);
  }

  get announcer() {
    return $("video");
  }

  picture() {
    const video = $("video");
    return video.videoWidth ? { element: video, width: video.videoWidth, height: video.videoHeight } : null;
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
}
