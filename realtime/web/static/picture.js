// Pictures from a file, by drag and drop or from the clipboard.

import { $, notify, show } from "./page.js";

const LONGEST = 1600;
const READY = ["image/jpeg", "image/png", "image/webp"];

export class PictureMode {
  constructor(view, activate) {
    this.view = view;
    this.file = null;
    this.count = 0;
    const take = (file) => {
      activate("picture");
      this.look(file);
    };
    $("file").addEventListener("change", () => {
      if ($("file").files[0]) take($("file").files[0]);
      $("file").value = "";
    });
    $("another").addEventListener("click", () => $("file").click());
    $("paste").addEventListener("click", () => this.pasteByButton(take));
    document.addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find((item) => item.type.startsWith("image/"));
      if (file) take(file);
    });
    this.acceptDrops(take);
  }

  acceptDrops(take) {
    const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!brings(event)) return;
      event.preventDefault();
      show($("veil"), true);
    });
    document.addEventListener("dragleave", (event) => event.relatedTarget === null && show($("veil"), false));
    document.addEventListener("drop", (event) => {
      show($("veil"), false);
      if (!brings(event)) return;
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file) take(file);
    });
  }

  async pasteByButton(take) {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((name) => name.startsWith("image/"));
        if (type) return take(await item.getType(type));
      }
      notify("The clipboard contains no picture. Copy one, then paste it.");
    } catch {
      notify("The browser did not let this page read the clipboard. Press Ctrl+V or ⌘V instead.");
    }
    return undefined;
  }

  enter() {
    this.view.empty({
      icon: "picture",
      title: "Analyze a picture",
      text: "Drop a picture here, paste one, or choose a file. It is sent to ferbench on this machine and is not stored.",
      button: "Choose a picture",
      run: () => $("file").click(),
    });
    show($("paste"), Boolean(navigator.clipboard?.read));
    this.view.course(false);
  }

  leave() {
    this.file = null;
    for (const id of ["picture", "another", "paste"]) show($(id), false);
    if ($("picture").src) URL.revokeObjectURL($("picture").src);
    $("picture").removeAttribute("src");
    this.view.course(true);
    this.view.reset();
    notify("");
  }

  model() {
    if (this.file) this.look(this.file, true);
    return Boolean(this.file);
  }

  // Do not send a picture again if its points are already known.
  points(on) {
    if (this.file && on && !this.located) this.look(this.file, true);
  }

  async look(file, again = false) {
    this.file = file;
    this.view.working("Looking…");
    try {
      const answer = await this.ask(file);
      if (file !== this.file) return;
      notify("");
      if (!again) this.display(file);
      this.view.use(answer.model);
      this.located = answer.events.some((event) => event.points);
      const events = answer.events.map((event, at) => ({ ...event, frame: 0, number: answer.events.length > 1 ? at + 1 : null }));
      this.view.record.begin();
      this.view.show({ ...answer, events }, { still: true });
    } catch (error) {
      this.view.working("");
      this.view.refused(error);
    }
  }

  display(file) {
    if ($("picture").src) URL.revokeObjectURL($("picture").src);
    $("picture").src = URL.createObjectURL(file);
    this.view.live();
    for (const id of ["picture", "another"]) show($(id), true);
  }

  async ask(file) {
    const body = await this.shrink(file);
    if (body.size > this.view.limits.body_bytes) {
      throw new Error(`The picture is too large: at most ${Math.floor(this.view.limits.body_bytes / 2 ** 20)} MiB.`);
    }
    let answer;
    try {
      answer = await fetch(`/api/predict?model=${encodeURIComponent(this.view.model)}&points=${this.view.points}`, { method: "POST", body });
    } catch {
      throw new Error("ferbench does not answer. Is “ferbench serve” still running?");
    }
    const content = await answer.json().catch(() => ({ error: { message: `The server answered ${answer.status}.` } }));
    if (!answer.ok) {
      const { code, message } = content.error;
      throw Object.assign(new Error(`${message[0].toUpperCase()}${message.slice(1)}.`), { code });
    }
    return content;
  }

  // Scale down large photographs before sending. Files that the browser cannot decode are sent unchanged.
  async shrink(file) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      return file;
    }
    const scale = LONGEST / Math.max(bitmap.width, bitmap.height);
    if (scale >= 1 && READY.includes(file.type)) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * Math.min(1, scale));
    canvas.height = Math.round(bitmap.height * Math.min(1, scale));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return new Promise((resolve) => { canvas.toBlob((blob) => resolve(blob ?? file), "image/jpeg", 0.92); });
  }
}
