// The preview beside the files: plays what is saved, again after each save, and stores nothing.
import { ApiError, get } from "../shell/api.js";
import { extensionOf } from "./extensions.js";
import { el, plural } from "./dom.js";
import { gettext, ngettext } from "../shell/texts.js";

const RELOAD_AFTER = 250; // milliseconds of quiet after a change
const MOST_LINES = 200; // of what the study told
const PERMISSIONS = "allow-scripts allow-forms allow-modals allow-downloads allow-popups allow-pointer-lock";
const FIRST_PAGES = { html: ["index.html", "index.htm", "start.html"], minnojs: ["mgr.js", "manager.js", "main.js", "index.js"] };
const PAGES = new Set(["html", "htm"]);

export class Player {
  constructor({ pane, line, workspace, store, editor, config, attempt }) {
    Object.assign(this, { pane, line, workspace, store, editor, config, attempt });
    this.find = (name) => pane.querySelector(`[data-play-${name}]`);
    this.node = null; // id of the file that is played
    this.key = null; // { files, until }
    this.lines = 0;
    this.rows = 0;
    this.find("again").addEventListener("click", () => attempt(() => this.load({ focus: true })));
    this.find("close").addEventListener("click", () => this.close());
    this.find("window").addEventListener("click", () => attempt(() => this.openWindow()));
    store.addEventListener("change", (event) => this.changed(event.detail));
    editor.addEventListener("marks", () => this.tellUnsaved());
    addEventListener("message", (event) => this.heard(event));
  }

  get isOpen() {
    return !this.pane.hidden;
  }

  // The file itself if it can be played; else what was played last; else the page that a study of this kind begins with.
  choose() {
    const shown = this.editor.shown && this.store.node(this.editor.shown.id);
    if (shown && this.plays(shown)) return shown;
    const last = this.node !== null && this.store.node(this.node);
    if (last) return last;
    for (const name of FIRST_PAGES[this.config.kind]) {
      const node = this.store.byPath(name);
      if (node && !node.folder) return node;
    }
    const top = this.store.children(null).filter((node) => !node.folder && this.plays(node));
    return top.length === 1 ? top[0] : null;
  }

  plays(node) {
    const extension = extensionOf(node.name);
    return PAGES.has(extension) || (this.config.kind === "minnojs" && extension === "js");
  }

  async play(node = this.choose()) {
    this.opener = document.activeElement;
    if (!node) {
      const what = this.config.kind === "minnojs" ? gettext("a task (a .js file)") : gettext("a page (an .html file)");
      throw new ApiError(gettext("Open %(what)s to play it.", { what }), 422);
    }
    this.node = node.id;
    this.pane.hidden = false;
    if (this.line) this.line.hidden = false;
    this.workspace.classList.add("shows-play");
    this.find("name").textContent = this.store.path(node.id);
    await this.load({ focus: true });
  }

  close() {
    this.pane.hidden = true;
    if (this.line) this.line.hidden = true;
    this.workspace.classList.remove("shows-play");
    this.frame?.remove();
    this.frame = null;
    this.opener?.focus();
  }

  async address() {
    if (!this.key || Date.now() > this.key.until) {
      const { files, seconds } = await get(`${this.store.base}play`);
      this.key = { files, until: Date.now() + seconds * 500 };
    }
    const path = this.store.path(this.node).split("/").map(encodeURIComponent).join("/");
    return `${this.key.files}${path}?play`;
  }

  // The keys go to the study when somebody asked for it, and stay in the text when a save plays it again.
  async load({ focus = false } = {}) {
    const address = await this.address();
    this.frame?.remove();
    this.forget();
    // Made anew each time: a study that hangs is gone with its frame.
    this.frame = el("iframe", { sandbox: PERMISSIONS, allow: "fullscreen; autoplay", title: gettext("Preview"), referrerpolicy: "no-referrer", src: address });
    if (focus) this.frame.addEventListener("load", ({ target }) => target.focus(), { once: true });
    this.find("place").append(this.frame);
    this.tellUnsaved();
  }

  async openWindow() {
    window.open(await this.address(), "_blank", "noopener");
  }

  changed({ changed, gone }) {
    if (!this.isOpen) return;
    if (gone.includes(this.node)) {
      this.close();
      return;
    }
    if (!changed.length && !gone.length) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.attempt(() => this.isOpen && this.load()), RELOAD_AFTER);
  }

  tellUnsaved() {
    const count = this.editor.unsaved().length;
    this.find("unsaved").textContent = count ? ngettext("Plays what is saved; %(count)s file has unsaved text.", "Plays what is saved; %(count)s files have unsaved text.", count) : "";
  }

  forget() {
    this.lines = 0;
    this.rows = 0;
    this.find("lines").replaceChildren();
    this.find("told").hidden = true;
  }

  // Only from the frame shown now, and only as text: a study may say anything.
  heard(event) {
    const said = event.data;
    if (!this.frame || event.source !== this.frame.contentWindow || said?.source !== "minno-preview") return;
    if (this.lines >= MOST_LINES || typeof said.text !== "string") return;
    this.lines += 1;
    const text = said.text.slice(0, 2000);
    if (said.type === "error") this.write(text, { bad: true, where: this.where(said) });
    else if (said.type === "missing") this.write(gettext("Not found: %(address)s", { address: text }), { bad: true });
    else if (said.type === "rows" && Number.isInteger(said.count) && said.count > 0) {
      this.rows += said.count;
      this.write(text);
    }
  }

  where({ file, line }) {
    if (typeof file !== "string" || !Number.isInteger(line) || !this.key) return null;
    const at = file.indexOf(this.key.files);
    if (at < 0) return null;
    try {
      const path = decodeURIComponent(file.slice(at + this.key.files.length).split("?")[0]);
      const node = this.store.byPath(path);
      return node ? { node, line, path } : null;
    } catch {
      return null; // not an address of ours
    }
  }

  goTo({ node, line }) {
    if (matchMedia("(max-width: 767.98px)").matches) this.close();
    return this.editor.openAt(node, line);
  }

  write(text, { bad = false, where = null } = {}) {
    const row = el("li", { class: bad ? "play-error" : "play-row" });
    if (where) row.append(el("button", { type: "button", class: "btn btn-link btn-sm mono", onclick: () => this.attempt(() => this.goTo(where)) }, `${where.path}:${where.line}`), " ");
    row.append(el("bdi", { class: "mono" }, text));
    this.find("lines").append(row);
    const errors = this.find("lines").querySelectorAll(".play-error").length;
    const parts = [];
    if (errors) parts.push(plural(errors, "error"));
    if (this.rows) parts.push(gettext("%(rows)s of data, not stored", { rows: plural(this.rows, "row") }));
    this.find("summary").textContent = parts.join(" · ");
    this.find("told").hidden = false;
  }
}
