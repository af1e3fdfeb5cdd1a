// The editor pane: which files are open, which one is shown, and how all of them are saved.
import { toast } from "../shell/toast.js";
import { openPanel } from "./ask.js";
import { watchAttention } from "./attention.js";
import { Conflicts } from "./conflict.js";
import { DocumentPane } from "./document.js";
import { el } from "./dom.js";
import { OpenFile } from "./file.js";
import { codemirror } from "./library.js";
import { NextVersion } from "./next_version.js";
import { keptNote } from "./refusals.js";
import { Status } from "./status.js";
import { Tabs } from "./tabs.js";
import { gettext } from "../shell/texts.js";

const AUTOSAVE_AFTER = 1500; // milliseconds without typing

export class Editor extends EventTarget {
  constructor({ pane, store, drafts, editable, config }) {
    super();
    Object.assign(this, { pane, store, drafts, editable, config });
    this.files = [];
    this.shown = null;
    this.asked = 0; // counts what was asked to be shown: an answer that comes late shows nothing
    this.title = document.title;
    this.document = new DocumentPane({ pane, config });
    this.tabs = new Tabs({ list: pane.querySelector("[data-tabs]"), show: (file) => this.show(file), close: (file) => this.close(file) });
    this.conflicts = new Conflicts({ editor: this, store, drafts });
    this.nextVersion = new NextVersion({ editor: this, store, drafts, config });
    this.status = new Status({ pane, editor: this, config, drafts });
    this.status.changesButton.addEventListener("click", () => this.attempt(() => this.conflicts.showChanges(this.shown)));
    this.status.saveButton.addEventListener("click", () => this.save());
    store.addEventListener("change", (event) => this.treeChanged(event.detail));
    this.listen();
  }

  listen() {
    const keepAll = () => this.files.forEach((file) => file.state && !file.isHandedOn && !file.isReadOnly && file.keepDraft());
    addEventListener("beforeunload", (event) => {
      keepAll();
      if (!this.isLeaving && this.unsaved().length) event.preventDefault();
    });
    addEventListener("pagehide", keepAll);
    addEventListener("online", () => this.retry());
    document.addEventListener("minno:keep", keepAll);
    document.addEventListener("minno:leave", (event) => {
      if (event.detail.discard) this.drafts.isClosed = true;
      this.letGo();
    });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        if (!event.target.closest("dialog")) this.save();
      }
    });
  }

  // The page may be left without a question: what is unsaved is kept, or was discarded on purpose.
  letGo() {
    for (const file of this.unsaved()) if (!file.isHandedOn) file.keepDraft();
    this.isLeaving = this.drafts.works;
  }

  isUnsaved(id) {
    return this.files.some((file) => file.id === id && file.isDirty);
  }

  unsaved() {
    return this.files.filter((file) => file.isDirty);
  }

  newFile(node, path) {
    return new OpenFile({ node, path, store: this.store, drafts: this.drafts, editable: this.editable, studyKind: this.config.kind, codemirror });
  }

  // Shows a file once it is loaded, unless another one was asked for meanwhile; it takes the focus of who still waits for it.
  async open(node, { show = true } = {}) {
    if (show) this.asked += 1;
    const { asked } = this;
    const isAwaited = watchAttention();
    const file = await this.loaded(node);
    const focus = isAwaited();
    if (!file) return null;
    if (show && asked === this.asked) this.show(file, { focus });
    else this.refresh(file);
    return file;
  }

  // The open file of a node; null where it could not be loaded, which was said.
  async loaded(node) {
    let file = this.files.find((one) => one.id === node.id);
    if (!file) {
      file = this.newFile(node, this.store.path(node.id));
      try {
        await file.load();
      } catch (failure) {
        if (failure.status === undefined) throw failure;
        toast(failure.message, { kind: "error" });
        return null;
      }
      const meanwhile = this.files.find((one) => one.id === node.id);
      if (meanwhile) file = meanwhile;
      else this.add(file);
    }
    return file;
  }

  async openAt(node, line, from, to) {
    const file = await this.open(node);
    if (file?.state && file === this.shown) this.document.goTo(line, from, to);
  }

  // Text of a file that is gone, found in this browser.
  async openOrphan({ id, text, path, blob }) {
    const name = path.split("/").at(-1);
    const file = this.newFile({ id, name, blob, size: text.length, folder: false }, path);
    await file.prepare();
    file.take({ blob, size: 0, text: "", is_utf8: true, bom: false, newline: "\n" });
    file.state = file.makeState(text);
    file.isGone = true;
    file.note = { kind: "gone", sentence: gettext("This file was deleted. This is the text you had not saved.") };
    this.add(file);
    this.show(file);
  }

  // Unsaved text of a version that is published.
  async openKept(draft) {
    const node = this.store.node(draft.id);
    const file = this.newFile(node ?? { id: draft.id, name: draft.path.split("/").at(-1), blob: draft.blob, size: draft.text.length }, draft.path);
    await this.attempt(async () => {
      if (node) await file.load();
      else await file.prepare();
      file.bom ??= false;
      file.newline ??= "\n";
      file.showKept(draft, keptNote(this.config, draft.at));
      this.add(file);
      this.show(file);
    });
  }

  add(file) {
    this.files.push(file);
    file.addEventListener("change", (event) => {
      if (event.detail?.reloaded && file === this.shown) this.show(file, { focus: this.document.view?.hasFocus ?? false });
      else this.refresh(file);
      this.saveLater(file);
    });
    file.addEventListener("merged", (event) => {
      toast(gettext("“%(name)s” was also changed by someone else. The text now contains both changes.", { name: file.name }), { action: gettext("Undo"), onAction: () => this.setText(file, event.detail.mine) });
    });
    // What somebody else saved right after may be known already: it was passed over while this text was on its way.
    file.addEventListener("sent", () => {
      const node = this.store.node(file.id);
      if (node && !file.note && node.blob !== file.blob) this.attempt(() => file.serverChanged(node));
    });
    file.addEventListener("move", () => this.document.showPosition());
    file.addEventListener("check", () => file === this.shown && this.document.showMistakes());
  }

  show(file, { focus = true } = {}) {
    this.asked += 1;
    this.shown = file;
    this.dispatchEvent(new Event("tabs"));
    this.document.show(file);
    this.refresh(file);
    this.dispatchEvent(new CustomEvent("show", { detail: file }));
    if (focus) this.document.view?.focus(); // the pane of a narrow page is there only now
  }

  // Brings tabs, note, status and title up to date; the text itself stays as it is.
  refresh(file) {
    this.tabs.draw(this.files, this.shown);
    if (file === this.shown) {
      this.status.draw(file);
      this.document.draw();
    }
    const count = this.unsaved().length;
    document.title = count ? `● ${this.title}` : this.title;
    const marks = this.unsaved().map((one) => one.id).join();
    if (marks !== this.marks) {
      this.marks = marks;
      this.dispatchEvent(new Event("marks"));
    }
  }

  async attempt(run) {
    try {
      await run();
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      toast(failure.message, { kind: "error" });
    }
  }

  async save() {
    if (!this.shown) return;
    await this.shown.save();
    if (this.shown.note?.kind === "conflict") await this.attempt(() => this.conflicts.resolve(this.shown));
  }

  // Saves every open file; shows the first that could not be saved, and says whether all could.
  async saveAll() {
    for (const file of this.unsaved()) {
      const isAwaited = watchAttention();
      const isSaved = await file.save();
      const focus = isAwaited();
      if (isSaved) continue;
      this.show(file, { focus });
      return false;
    }
    return true;
  }

  // With autosave on, a text is saved once typing rests; never one that is about to be decided.
  saveLater(file) {
    clearTimeout(file.autosaveTimer);
    if (!this.savesByItself || !file.isDirty || file.note || file.isReadOnly) return;
    file.autosaveTimer = setTimeout(() => this.savesByItself && file.isDirty && !file.note && file.save(), AUTOSAVE_AFTER);
  }

  async retry() {
    for (const file of this.files) if (file.note?.kind === "offline") await file.save();
  }

  setText(file, text) {
    file.state = file.state.update({ changes: { from: 0, to: file.state.doc.length, insert: text } }).state;
    file.keepDraft();
    if (file === this.shown) this.show(file);
  }

  close(file) {
    if (!file.isDirty) return this.drop(file);
    const panel = openPanel(gettext("“%(name)s” has unsaved text", { name: file.name }), el("p", {}, gettext("If you close without saving, what you typed since the last save is lost.")), { wide: false });
    const finish = (run) => async () => {
      panel.dialog.close();
      await run();
    };
    const buttons = panel.dialog.querySelector(".dialog-buttons");
    buttons.prepend(
      el("button", { type: "button", class: "btn btn-outline-danger", onclick: finish(() => this.discard(file)) }, gettext("Discard my changes")),
    );
    buttons.append(el("button", { type: "button", class: "btn btn-primary", onclick: finish(async () => {
      const isAwaited = watchAttention();
      const isSaved = await file.save();
      const focus = isAwaited();
      if (isSaved) this.drop(file, { focus });
      else this.show(file, { focus });
    }) }, gettext("Save and close")));
    return panel.closed;
  }

  discard(file) {
    this.drafts.forget(file.id);
    clearTimeout(file.draftTimer);
    this.drop(file);
  }

  drop(file, options) {
    clearTimeout(file.autosaveTimer);
    const at = this.files.indexOf(file);
    this.files = this.files.filter((one) => one !== file);
    if (this.shown === file) this.show(this.files[Math.min(at, this.files.length - 1)] ?? null, options);
    else this.refresh(file);
    this.dispatchEvent(new Event("tabs"));
  }

  treeChanged({ changed, gone }) {
    for (const file of [...this.files]) {
      if (gone.includes(file.id)) {
        if (file.isDirty || file === this.shown) file.serverDeleted();
        else this.drop(file);
        continue;
      }
      const node = changed.find((one) => one.id === file.id);
      if (node) this.attempt(() => file.serverChanged(node));
      else if (this.store.node(file.id)) file.path = this.store.path(file.id);
    }
    this.refresh(this.shown);
  }
}
