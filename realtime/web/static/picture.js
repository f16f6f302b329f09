// Files: a picture, several pictures or a folder, or a video; chosen, dropped or pasted.

import { Album, dropped } from "./album.js";
import { Film } from "./film.js";
import { $, notify, show } from "./page.js";

const LONGEST = 1600;
const READY = ["image/jpeg", "image/png", "image/webp"];

export class PictureMode {
  constructor(view, activate) {
    this.view = view;
    this.file = null;
    this.looks = 0;
    this.film = new Film(view);
    this.album = new Album(view, (file, wanted, known) => this.one(file, wanted, { known }));
    const take = (files) => {
      activate("picture");
      this.open(files);
    };
    for (const input of [$("file"), $("folder")]) {
      input.addEventListener("change", () => {
        take([...input.files]);
        input.value = "";
      });
    }
    $("another").addEventListener("click", () => $("file").click());
    // A picture is shown only after the server has read it.
    $("picture").addEventListener("error", () => notify("ferbench has read this picture, but the browser cannot show it, as is usual for HEIC. Save it as JPEG to see it."));
    $("paste").addEventListener("click", () => this.pasteByButton(take));
    document.addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find((item) => item.type.startsWith("image/"));
      if (file) take([file]);
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
    document.addEventListener("drop", async (event) => {
      show($("veil"), false);
      if (!brings(event)) return;
      event.preventDefault();
      take(await dropped(event.dataTransfer));
    });
  }

  async pasteByButton(take) {
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((name) => name.startsWith("image/"));
        if (type) return take([await item.getType(type)]);
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
      title: "Pictures, a folder or a video",
      text: "Drop them here, paste a picture, or choose files. They are sent to ferbench on this machine and are not stored.",
      button: "Choose files",
      run: () => $("file").click(),
      other: "Choose a folder",
      runOther: () => $("folder").click(),
    });
    show($("paste"), Boolean(navigator.clipboard?.read));
    this.view.course(false);
  }

  leave() {
    this.film.close();
    this.album.close();
    this.file = null;
    for (const id of ["picture", "another", "paste"]) show($(id), false);
    if ($("picture").src) URL.revokeObjectURL($("picture").src);
    $("picture").removeAttribute("src");
    this.view.course(true);
    this.view.reset();
    notify("");
  }

  model(name) {
    if (this.film.running) return this.film.model(name);
    if (this.file) this.look(this.file, true);
    return Boolean(this.file);
  }

  // Do not send a picture again if its points are already known.
  points(on) {
    if (this.film.running) this.film.points(on);
    if (this.file && on && !this.located) this.look(this.file, true);
  }

  compare(name) {
    if (this.film.running) this.film.compare(name);
    else if (this.file && name !== null) this.look(this.file, true);
  }

  // One picture, several, or a video; other files of a folder are left out.
  open(files) {
    const pictures = files.filter((file) => file.type.startsWith("image/"));
    const video = !pictures.length && files.find((file) => file.type.startsWith("video/"));
    this.film.close();
    this.album.close();
    this.file = null;
    notify("");
    show($("another"), true);
    if (video) {
      show($("picture"), false);
      this.view.reset();
      this.film.open(video);
    } else if (pictures.length > 1) {
      this.view.reset();
      this.album.open(pictures);
    } else if (files.length) {
      this.view.course(false);
      this.look(pictures[0] ?? files[0]);
    } else {
      notify("There is no picture and no video in it.");
    }
  }

  async look(file, again = false) {
    this.file = file;
    // A model that is loaded late answers late: only the newest question counts.
    const look = this.looks += 1;
    this.view.working("Looking…");
    try {
      await this.one(file, () => file === this.file && look === this.looks, { shown: again });
    } catch (error) {
      this.view.working("");
      this.view.refused(error);
    }
  }

  // Send a picture, and show it with its faces if it is still wanted; return the answer.
  async one(file, wanted, { shown = false, known = null } = {}) {
    const answer = known ?? await this.ask(file);
    if (!wanted()) return null;
    this.file = file;
    notify("");
    if (!shown || $("picture").alt !== file.name) this.display(file);
    this.view.use(answer.model);
    this.located = answer.events.some((event) => event.points);
    const numbered = (events) => events.map((event, at) => ({ ...event, frame: 0, number: events.length > 1 ? at + 1 : null }));
    const events = numbered(answer.events);
    const compare = answer.compare && { ...answer.compare, events: numbered(answer.compare.events) };
    this.view.record.begin();
    this.view.show({ ...answer, events, compare }, { still: true, recorded: Boolean(known) });
    return { ...answer, events };
  }

  display(file) {
    if ($("picture").src) URL.revokeObjectURL($("picture").src);
    $("picture").src = URL.createObjectURL(file);
    $("picture").alt = file.name || "The chosen picture";
    this.view.live();
    for (const id of ["picture", "another"]) show($(id), true);
  }

  // Return the answer, with the query that it answers.
  async ask(file) {
    const query = this.view.query();
    const body = await this.shrink(file);
    if (body.size > this.view.limits.body_bytes) {
      throw new Error(`The picture is too large: at most ${Math.floor(this.view.limits.body_bytes / 2 ** 20)} MiB.`);
    }
    let answer;
    try {
      answer = await fetch(`/api/predict${query}`, { method: "POST", body });
    } catch {
      throw new Error("ferbench does not answer. Is “ferbench serve” still running?");
    }
    const content = await answer.json().catch(() => ({ error: { message: `The server answered ${answer.status}.` } }));
    if (!answer.ok) {
      const { code, message } = content.error;
      throw Object.assign(new Error(`${message[0].toUpperCase()}${message.slice(1)}.`), { code });
    }
    return { ...content, query };
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
