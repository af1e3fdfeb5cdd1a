// Who else has the shown file open: told to the server and asked of it each quarter of a minute.
import { post } from "../shell/api.js";

const BEAT = 15_000; // milliseconds

export class Presence {
  constructor({ place, store, editor }) {
    Object.assign(this, { place, store, editor });
    this.others = {};
    setInterval(() => this.beat(), BEAT);
    editor.addEventListener("show", () => {
      this.draw();
      this.beat();
    });
    document.addEventListener("visibilitychange", () => this.beat());
    this.beat();
  }

  async beat() {
    if (document.hidden) return;
    try {
      this.others = (await post(`${this.store.base}here`, { open: this.editor.files.map((file) => file.id) })).others;
      this.draw();
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      // Nobody is shown then; saving says what is wrong.
      this.others = {};
    }
  }

  draw() {
    const names = (this.editor.shown && this.others[this.editor.shown.id]) ?? [];
    const shown = names.length > 2 ? `${names[0]} and ${names.length - 1} others are` : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"}`;
    const text = names.length ? `${shown} here too` : "";
    if (this.place.textContent !== text) this.place.textContent = text;
    this.place.title = names.join(", ");
  }
}
