// The open files as tabs; the shown one is scrolled into view.
import { el, icon } from "./dom.js";
import { gettext } from "../shell/texts.js";

export class Tabs {
  constructor({ list, show, close }) {
    Object.assign(this, { list, show, close });
  }

  draw(files, shown) {
    this.list.replaceChildren(...files.map((file) => this.tab(file, file === shown)));
    this.list.querySelector(".tab-shown")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  tab(file, isShown) {
    const label = el("button", {
      type: "button", class: "tab-name", "aria-current": isShown ? "page" : null, title: file.path,
      onclick: () => this.show(file), onauxclick: (event) => event.button === 1 && this.close(file),
    }, el("bdi", {}, file.name), file.isDirty ? el("span", { class: "tab-unsaved" }, "●", el("span", { class: "visually-hidden" }, gettext(" unsaved"))) : null);
    const close = el("button", { type: "button", class: "tab-close", "aria-label": gettext("Close %(name)s", { name: file.name }), onclick: () => this.close(file) }, icon("close"));
    return el("li", { class: isShown ? "tab tab-shown" : "tab" }, label, close);
  }
}
