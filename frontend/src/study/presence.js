// Who else has the shown file open: told to the server and asked of it each quarter of a minute.
import { post } from "../shell/api.js";
import { gettext } from "../shell/texts.js";

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
    const shown = {
      1: () => gettext("%(name)s is here too", { name: names[0] }),
      2: () => gettext("%(name)s and %(other)s are here too", { name: names[0], other: names[1] }),
    }[names.length] ?? (() => gettext("%(name)s and %(count)s others are here too", { name: names[0], count: names.length - 1 }));
    const text = names.length ? shown() : "";
    if (this.place.textContent !== text) this.place.textContent = text;
    this.place.title = names.join(", ");
  }
}
