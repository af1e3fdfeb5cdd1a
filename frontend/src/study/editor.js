// The editor pane: open files as tabs, the text or a preview, notes with a way on, the status line.
import { ago } from "../shell/times.js";
import { toast } from "../shell/toast.js";
import { askName, openPanel } from "./ask.js";
import { mistakes, nextDiagnostic } from "./check.js";
import { EditorView, extensionOf } from "./cm.js";
import { compare } from "./compare.js";
import { el, icon, size } from "./dom.js";
import { OpenFile } from "./file.js";
import { openMenu } from "./menu.js";
import { preview } from "./preview.js";
import { insert, piecesFor } from "./snippets.js";
import { gettext } from "../shell/texts.js";

export class Editor extends EventTarget {
  constructor({ pane, store, drafts, editable, config }) {
    super();
    Object.assign(this, { pane, store, drafts, editable, config });
    this.files = [];
    this.shown = null;
    this.view = null;
    this.title = document.title;
    this.tabs = pane.querySelector("[data-tabs]");
    this.notePlace = pane.querySelector("[data-note]");
    this.body = pane.querySelector("[data-body]");
    this.status = pane.querySelector("[data-status]");
    this.position = pane.querySelector("[data-position]");
    this.saveButton = pane.querySelector("[data-save]");
    this.empty = pane.querySelector("[data-empty]");
    this.mistakes = pane.querySelector("[data-mistakes]");
    this.mistakes.addEventListener("click", () => this.view && (nextDiagnostic(this.view), this.view.focus()));
    this.changesButton = pane.querySelector("[data-changes]");
    this.changesButton.addEventListener("click", () => this.attempt(() => this.showChanges(this.shown)));
    this.insertButton = pane.querySelector("[data-insert]");
    this.insertButton.addEventListener("click", () => this.openInsert());
    this.saveButton.addEventListener("click", () => this.save());
    store.addEventListener("change", (event) => this.treeChanged(event.detail));
    addEventListener("beforeunload", (event) => {
      this.files.forEach((file) => file.state && file.keepDraft());
      if (this.files.some((file) => file.isDirty)) event.preventDefault();
    });
    addEventListener("pagehide", () => this.files.forEach((file) => file.state && file.keepDraft()));
    addEventListener("online", () => this.retry());
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        if (!event.target.closest("dialog")) this.save();
      }
    });
  }

  isUnsaved(id) {
    return this.files.some((file) => file.id === id && file.isDirty);
  }

  unsaved() {
    return this.files.filter((file) => file.isDirty);
  }

  async open(node) {
    let file = this.files.find((one) => one.id === node.id);
    if (!file) {
      file = new OpenFile({ node, path: this.store.path(node.id), store: this.store, drafts: this.drafts, editable: this.editable, studyKind: this.config.kind });
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
    this.show(file);
    return file;
  }

  // Opens a file with the cursor at a line, and on a column where one is given.
  async openAt(node, line, from = 0, to = from) {
    const file = await this.open(node);
    if (!file?.state || !this.view) return;
    const { doc } = this.view.state;
    const at = doc.line(Math.max(1, Math.min(line, doc.lines)));
    const place = (column) => Math.min(at.to, at.from + column);
    this.view.dispatch({
      selection: { anchor: place(from), head: place(to) },
      effects: EditorView.scrollIntoView(place(from), { y: "center" }),
    });
    this.view.focus();
  }

  // Text of a file that is gone, found in this browser.
  openOrphan({ id, text, path, blob }) {
    const name = path.split("/").at(-1);
    const file = new OpenFile({ node: { id, name, blob, size: text.length, folder: false }, path, store: this.store, drafts: this.drafts, editable: this.editable, studyKind: this.config.kind });
    file.take({ blob, size: 0, text: "", is_utf8: true, bom: false, newline: "\n" });
    file.state = file.makeState(text);
    file.isGone = true;
    file.note = { kind: "gone", sentence: gettext("This file is gone. This is the text you had not saved.") };
    this.add(file);
    this.show(file);
  }

  add(file) {
    this.files.push(file);
    file.addEventListener("change", (event) => {
      if (event.detail?.reloaded && file === this.shown) this.show(file, { focus: false });
      else this.refresh(file);
    });
    // What somebody else saved right after may be known already: it was passed over while this text was on its way.
    file.addEventListener("sent", () => {
      const node = this.store.node(file.id);
      if (node && !file.note && node.blob !== file.blob) this.attempt(() => file.serverChanged(node));
    });
    file.addEventListener("move", () => this.showPosition());
    file.addEventListener("check", () => file === this.shown && this.showMistakes());
  }

  show(file, { focus = true } = {}) {
    if (this.shown?.state && this.view) this.shown.scroll = this.view.scrollSnapshot();
    this.shown = file;
    this.body.replaceChildren();
    this.view?.destroy();
    this.view = null;
    this.empty.hidden = Boolean(file);
    if (file?.state) {
      this.view = new EditorView({ state: file.state, parent: this.body, scrollTo: file.scroll ?? undefined });
      if (focus) this.view.focus();
    } else if (file) {
      this.body.append(preview(file, this.config));
    }
    this.refresh(file);
    this.dispatchEvent(new CustomEvent("show", { detail: file }));
  }

  // Brings tabs, note, status and title up to date; the text itself stays as it is.
  refresh(file) {
    this.drawTabs();
    if (file === this.shown) {
      this.drawNote();
      this.drawStatus();
    }
    const count = this.unsaved().length;
    document.title = count ? `● ${this.title}` : this.title;
    const marks = this.unsaved().map((one) => one.id).join();
    if (marks !== this.marks) {
      this.marks = marks;
      this.dispatchEvent(new Event("marks"));
    }
  }

  drawTabs() {
    this.tabs.replaceChildren(...this.files.map((file) => {
      const label = el("button", {
        type: "button", class: "tab-name", "aria-current": file === this.shown ? "page" : null, title: file.path,
        onclick: () => this.show(file), onauxclick: (event) => event.button === 1 && this.close(file),
      }, el("bdi", {}, file.name), file.isDirty ? el("span", { class: "tab-unsaved" }, "●", el("span", { class: "visually-hidden" }, gettext(" unsaved"))) : null);
      const close = el("button", { type: "button", class: "tab-close", "aria-label": gettext("Close %(name)s", { name: file.name }), onclick: () => this.close(file) }, icon("close"));
      return el("li", { class: file === this.shown ? "tab tab-shown" : "tab" }, label, close);
    }));
  }

  drawStatus() {
    const file = this.shown;
    this.saveButton.hidden = !file?.state || file.isReadOnly;
    this.saveButton.disabled = !file?.isDirty && !file?.startedFrom;
    const [text, state] = this.describe(file);
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.dataset.state = state;
    this.changesButton.hidden = this.saveButton.hidden || !file.isDirty;
    this.insertButton.hidden = this.saveButton.hidden || !this.pieces(file).length;
    this.showPosition();
    this.showMistakes();
  }

  pieces(file) {
    return piecesFor({ extension: extensionOf(file.name), kind: this.config.kind, text: file.state.sliceDoc(0, 2000) });
  }

  openInsert() {
    const { view } = this;
    const box = this.insertButton.getBoundingClientRect();
    const items = this.pieces(this.shown).map(([label, , template]) => ({ label: gettext(label), run: () => insert(view, template) }));
    openMenu(items, { x: box.left, y: box.top, opener: this.insertButton, label: gettext("Insert") });
  }

  showMistakes() {
    const { count, first } = this.view && this.shown?.state ? mistakes(this.view.state) : { count: 0 };
    this.mistakes.hidden = !count;
    const text = count ? gettext("Line %(line)s: %(message)s", { line: first.line, message: first.message }) : "";
    if (this.mistakes.textContent !== text) this.mistakes.textContent = text;
  }

  // What was typed since the last save, beside what is saved; the right side can be edited.
  async showChanges(file) {
    const mine = file.state.sliceDoc();
    const view = compare({ name: file.name, left: file.savedText, right: mine, leftTitle: gettext("Saved"), rightTitle: gettext("What you typed (you can edit it here)"), editable: true });
    await openPanel(gettext("Unsaved changes of “%(name)s”", { name: file.name }), view.element).closed;
    const edited = view.text();
    view.destroy();
    if (edited !== mine) this.setText(file, edited);
  }

  describe(file) {
    if (!file) return ["", ""];
    if (file.kind !== "text") return [size(file.size), "view"];
    if (file.notUtf8) return [gettext("View only: these bytes are not UTF-8 text, so they are never rewritten"), "view"];
    if (file.isReadOnly) return [this.config.why_read_only || gettext("View only"), "view"];
    if (file.saving) return [gettext("Saving…"), "saving"];
    if (file.note?.kind === "conflict") return [gettext("Conflict"), "conflict"];
    if (file.isGone) return [gettext("Deleted"), "conflict"];
    if (file.isDirty) return [this.drafts.works ? gettext("Unsaved") : gettext("Unsaved; this browser keeps no draft"), "unsaved"];
    return [gettext("Saved"), "saved"];
  }

  showPosition() {
    const file = this.shown;
    if (!file?.state || !this.view) {
      this.position.textContent = "";
      return;
    }
    const state = this.view.state;
    const head = state.selection.main.head;
    const line = state.doc.lineAt(head);
    this.position.textContent = gettext("Ln %(number)s, Col %(column)s", { number: line.number, column: head - line.from + 1 });
  }

  drawNote() {
    const note = this.shown?.note;
    this.notePlace.replaceChildren();
    if (!note) return;
    const sentence = note.at ? gettext("%(sentence)s You typed it %(ago)s.", { sentence: note.sentence, ago: ago(Date.parse(note.at)) }) : note.sentence;
    const box = el("div", { class: `editor-note editor-note-${note.kind}`, role: "alert" }, el("span", {}, sentence));
    for (const [label, run] of this.waysOn(this.shown, note)) {
      box.append(el("button", { type: "button", class: "btn btn-sm btn-outline-secondary", onclick: () => this.attempt(run) }, label));
    }
    this.notePlace.append(box);
  }

  waysOn(file, note) {
    switch (note.kind) {
      case "conflict": return [[gettext("Compare"), () => this.resolve(file)]];
      case "draft": return [
        [gettext("Save it"), () => this.save()],
        [gettext("Use the saved file"), () => this.takeTheirs(file)],
      ];
      case "login": return [
        [gettext("Log in in a new tab"), () => window.open(this.config.login_url, "_blank")],
        [gettext("Save again"), () => this.save()],
      ];
      case "gone": return [
        [gettext("Bring the file back"), () => this.bringBack(file)],
        [gettext("Save as a new file"), () => this.saveCopy(file, file.name)],
        [gettext("Close"), () => this.close(file)],
      ];
      default: return [[gettext("Save again"), () => this.save()]];
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
    if (this.shown.note?.kind === "conflict") await this.attempt(() => this.resolve(this.shown));
  }

  async retry() {
    for (const file of this.files) if (file.note?.kind === "offline") await file.save();
  }

  // Both texts, and three ways on; closing the dialog decides nothing.
  async resolve(file) {
    if (this.resolving) return;
    this.resolving = true;
    try {
      const theirs = await file.theirs();
      if (theirs.text === null) throw Object.assign(new Error(gettext("The saved file is not text any more. Save yours as a copy.")), { status: 409 });
      const mine = file.state.sliceDoc();
      const view = compare({ name: file.name, left: theirs.text, right: mine, leftTitle: gettext("Theirs: what is saved now"), rightTitle: gettext("Mine: what you typed (you can edit it here)"), editable: true });
      const content = el("div", {}, el("p", {}, gettext("Somebody else saved “%(name)s” while you worked on it. Both texts are kept until you choose.", { name: file.name })), view.element);
      const panel = openPanel(gettext("Two texts of one file"), content);
      let chosen = null;
      const choose = (what) => () => {
        chosen = what;
        panel.dialog.close();
      };
      panel.dialog.querySelector(".dialog-buttons").append(
        el("button", { type: "button", class: "btn btn-outline-secondary", onclick: choose("copy") }, gettext("Save mine as a copy")),
        el("button", { type: "button", class: "btn btn-outline-secondary", onclick: choose("theirs") }, gettext("Take theirs")),
        el("button", { type: "button", class: "btn btn-primary", onclick: choose("mine") }, gettext("Keep mine")),
      );
      await panel.closed;
      const edited = view.text();
      view.destroy();
      if (edited !== mine) this.setText(file, edited);
      if (chosen === "mine") await this.keepMine(file, theirs);
      else if (chosen === "theirs") await this.takeTheirs(file, theirs);
      else if (chosen === "copy") await this.saveCopy(file);
    } finally {
      this.resolving = false;
    }
  }

  setText(file, text) {
    file.state = file.state.update({ changes: { from: 0, to: file.state.doc.length, insert: text } }).state;
    file.keepDraft();
    if (file === this.shown) this.show(file);
  }

  async keepMine(file, theirs) {
    file.startedFrom = theirs.blob; // they were shown, so mine may replace exactly these
    file.note = null;
    await file.save();
  }

  async takeTheirs(file, theirs) {
    const mine = file.state.sliceDoc();
    file.replace(theirs ?? (await file.theirs()));
    this.show(file);
    toast(gettext("The saved text is in the editor."), { action: gettext("Undo"), onAction: () => this.setText(file, mine) });
  }

  async saveCopy(file, suggested) {
    const dot = file.name.lastIndexOf(".");
    const [stem, tail] = dot > 0 ? [file.name.slice(0, dot), file.name.slice(dot)] : [file.name, ""];
    const gone = !this.store.node(file.id);
    const parent = this.store.node(file.id)?.parent ?? this.nearestFolder(file.path);
    const answer = await askName({
      title: gone ? gettext("Save as a new file") : gettext("Save mine as a copy"), label: gettext("Name"), value: suggested ?? `${stem} (mine)${tail}`, verb: gettext("Save"),
      attempt: (name) => this.store.act("files", { parent, name, text: file.state.sliceDoc(), bom: file.bom, newline: file.newline }),
    });
    if (!answer) return;
    this.drafts.forget(file.id);
    if (gone) this.drop(file);
    else file.replace(await file.theirs());
    await this.open(this.store.node(answer.node));
  }

  nearestFolder(path) {
    const names = path.split("/").slice(0, -1);
    while (names.length) {
      const folder = this.store.byPath(names.join("/"));
      if (folder?.folder) return folder.id;
      names.pop();
    }
    return null;
  }

  async bringBack(file) {
    const text = file.state?.sliceDoc();
    await this.store.act("bring-back", { ids: [file.id] });
    if (text === undefined) return this.show(file);
    const theirs = await file.theirs();
    file.replace(theirs);
    if (text !== theirs.text) this.setText(file, text);
    this.show(file);
  }

  close(file) {
    if (!file.isDirty) return this.drop(file);
    const panel = openPanel(gettext("“%(name)s” has unsaved text", { name: file.name }), el("p", {}, gettext("Closing without saving throws away what you typed since the last save.")), { wide: false });
    const finish = (run) => async () => {
      panel.dialog.close();
      await run();
    };
    const buttons = panel.dialog.querySelector(".dialog-buttons");
    buttons.prepend(
      el("button", { type: "button", class: "btn btn-outline-danger", onclick: finish(() => this.discard(file)) }, gettext("Throw away my changes")),
    );
    buttons.append(el("button", { type: "button", class: "btn btn-primary", onclick: finish(async () => {
      if (await file.save()) this.drop(file);
      else this.show(file);
    }) }, gettext("Save and close")));
    return panel.closed;
  }

  discard(file) {
    this.drafts.forget(file.id);
    clearTimeout(file.draftTimer);
    this.drop(file);
  }

  drop(file) {
    const at = this.files.indexOf(file);
    this.files = this.files.filter((one) => one !== file);
    if (this.shown === file) this.show(this.files[Math.min(at, this.files.length - 1)] ?? null);
    else this.refresh(file);
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
