// Who else has which file open: told to the server and asked of it each quarter of a minute.
import { post } from "../shell/api.js";
import { gettext } from "../shell/texts.js";

const BEAT = 15_000; // milliseconds

// Says who is here besides the reader.
export function hereToo(names) {
  if (names.length === 1) return gettext("%(name)s is here too", { name: names[0] });
  if (names.length === 2) return gettext("%(name)s and %(other)s are here too", { name: names[0], other: names[1] });
  return gettext("%(name)s and %(count)s others are here too", { name: names[0], count: names.length - 1 });
}

export class Presence {
  constructor({ place, store, editor, tree }) {
    Object.assign(this, { place, store, editor, tree });
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
      this.draw();
    }
  }

  draw() {
    const names = (this.editor.shown && this.others[this.editor.shown.id]) ?? [];
    const text = names.length ? hereToo(names) : "";
    if (this.place.textContent !== text) this.place.textContent = text;
    this.place.title = names.join(gettext(", "));
    this.tree.showOthers(this.others);
  }
}
