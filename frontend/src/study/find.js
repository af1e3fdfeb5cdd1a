// Find in the files of a study: a panel over the tree; a result opens at its line.
import { get } from "../shell/api.js";
import { el, plural } from "./dom.js";
import { gettext } from "../shell/texts.js";

const AFTER = 300; // milliseconds without typing

export class Finder {
  constructor({ panel, opener, store, editor, attempt, workspace }) {
    Object.assign(this, { panel, opener, store, editor, attempt, workspace });
    this.input = panel.querySelector("[data-find-words]");
    this.list = panel.querySelector("[data-find-hits]");
    this.count = panel.querySelector("[data-find-count]");
    this.asked = 0;
    opener.addEventListener("click", () => (panel.hidden ? this.open() : this.close()));
    panel.querySelector("[data-find-close]").addEventListener("click", () => this.close());
    panel.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(() => this.find());
    });
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => attempt(() => this.find()), AFTER);
    });
    panel.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "f" && !event.target.closest("dialog")) {
        event.preventDefault();
        this.open();
      }
    });
  }

  open() {
    this.panel.hidden = false;
    this.workspace.classList.remove("shows-editor");
    this.opener.setAttribute("aria-expanded", "true");
    this.input.focus();
    this.input.select();
    if (this.input.value) this.attempt(() => this.find());
  }

  close() {
    this.panel.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.focus();
  }

  onKey(event) {
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown") buttons[Math.min(buttons.length - 1, at + 1)]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? buttons[at - 1] : this.input).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  async find() {
    clearTimeout(this.timer);
    this.asked += 1;
    const mine = this.asked;
    const words = this.input.value;
    if (!words.trim()) return this.show({ hits: [], is_complete: true, damaged: [] }, "");
    const answer = await get(`${this.store.base}find?${new URLSearchParams({ q: words })}`);
    if (mine === this.asked) this.show(answer, words);
  }

  show({ hits, is_complete: isComplete, damaged }, words) {
    const groups = Map.groupBy ? Map.groupBy(hits, (hit) => hit.node_id) : hits.reduce((map, hit) => map.set(hit.node_id, [...(map.get(hit.node_id) ?? []), hit]), new Map());
    this.list.replaceChildren(...[...groups.values()].map((group) => el("li", {},
      el("bdi", { class: "find-file mono" }, group[0].path),
      el("ul", {}, ...group.map((hit) => el("li", {}, this.button(hit)))))));
    if (!words) {
      this.count.textContent = "";
      return;
    }
    const found = hits.length ? gettext("%(places)s in %(files)s", { places: plural(hits.length, "place"), files: plural(groups.size, "file") }) : gettext("Nothing found");
    const all = isComplete ? `${found}.` : gettext("%(found)s. There are more: use a longer search text.", { found });
    const notRead = damaged.length ? " " + gettext("Not searched, because they are damaged in the store: %(files)s.", { files: damaged.slice(0, 5).join(", ") + (damaged.length > 5 ? " …" : "") }) : "";
    this.count.textContent = all + notRead;
  }

  button(hit) {
    const open = async () => {
      const node = this.store.node(hit.node_id);
      if (node) await this.editor.openAt(node, hit.line, hit.start, hit.end);
    };
    return el("button", { type: "button", class: "find-hit", onclick: () => this.attempt(open) },
      el("span", { class: "find-line" }, el("span", { class: "visually-hidden" }, gettext("Line") + " "), String(hit.line)),
      el("span", { class: "find-text mono", dir: "auto" }, hit.before.trimStart(), el("mark", {}, hit.match), hit.after));
  }
}
