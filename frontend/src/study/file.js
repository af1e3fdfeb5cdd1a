// One open file: what was loaded, what is typed, and how it stands against the server.
import { get, post } from "../shell/api.js";
import { kindOf } from "./extensions.js";
import { merge } from "./merge.js";
import { noteOf } from "./refusals.js";
import { gettext } from "../shell/texts.js";

const DRAFT_AFTER = 400; // milliseconds without typing

export class OpenFile extends EventTarget {
  // `codemirror()` loads the module that makes the states of texts.
  constructor({ node, path, store, drafts, editable, studyKind, codemirror }) {
    super();
    Object.assign(this, { id: node.id, name: node.name, path, store, drafts, editable, studyKind, codemirror });
    this.kind = kindOf(node.name);
    this.blob = node.blob;
    this.size = node.size;
    this.saving = null;
    this.note = null; // { kind, sentence, actions } shown above the text
    this.isGone = false;
    this.isReadOnly = !editable;
    this.scroll = null;
  }

  // Reads the file; a kept draft that differs comes back as unsaved text.
  async load() {
    if (this.kind !== "text") return;
    const [answer] = await Promise.all([get(`${this.store.base}files/${this.id}`), this.prepare()]);
    this.take(answer.file);
    this.takeDraft();
  }

  takeDraft() {
    const draft = this.isReadOnly ? null : this.drafts.read(this.id);
    if (draft && draft.text !== this.savedText) this.restoreDraft(draft);
    else if (draft) this.drafts.forget(this.id);
    this.dispatchEvent(new CustomEvent("change", { detail: { reloaded: Boolean(draft) } }));
  }

  async prepare() {
    this.cm ??= await this.codemirror();
  }

  take(file) {
    this.blob = file.blob;
    this.size = file.size;
    if (file.text === null) {
      this.kind = "binary";
      this.why = file.why;
      return;
    }
    this.isReadOnly = !this.editable || !file.is_utf8;
    this.notUtf8 = !file.is_utf8;
    this.bom = file.bom;
    this.newline = file.newline;
    this.savedText = file.text;
    this.state = this.makeState(file.text);
    this.savedDoc = this.state.doc;
  }

  makeState(text) {
    return this.cm.makeState({
      name: this.name, text, kind: this.studyKind, editable: !this.isReadOnly,
      onChange: (update) => this.changed(update.state),
      onMove: () => this.dispatchEvent(new Event("move")),
      onCheck: () => this.dispatchEvent(new Event("check")),
    });
  }

  restoreDraft(draft) {
    this.state = this.state.update({ changes: { from: 0, to: this.state.doc.length, insert: draft.text } }).state;
    const stale = draft.blob !== this.blob;
    if (stale) this.startedFrom = draft.blob;
    this.note = {
      kind: stale ? "conflict" : "draft",
      sentence: stale
        ? gettext("Your unsaved text was restored; the saved file has changed since you started it.")
        : draft.version
          ? gettext("The text that you had not saved in v%(number)s was restored into this version.", { number: draft.version })
          : gettext("Your unsaved text was restored."),
      at: draft.at,
    };
  }

  // Shows unsaved text that cannot be saved here, above a note that says where it can.
  showKept(draft, note) {
    this.state = this.makeState(draft.text);
    this.startedFrom = draft.blob;
    this.note = note;
  }

  get isDirty() {
    return Boolean(this.state) && !this.isReadOnly && !this.state.doc.eq(this.savedDoc);
  }

  // The blob that a save names as its start: an older one while a conflict is open.
  get start() {
    return this.startedFrom ?? this.blob;
  }

  changed(state) {
    this.state = state;
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => this.keepDraft(), DRAFT_AFTER);
    this.dispatchEvent(new Event("change"));
  }

  keepDraft() {
    clearTimeout(this.draftTimer);
    if (this.isDirty) this.drafts.keep(this.id, { text: this.state.sliceDoc(), blob: this.start, path: this.path });
    else this.drafts.forget(this.id);
  }

  say(note) {
    this.note = note;
    this.dispatchEvent(new Event("change"));
  }

  async save() {
    if (this.isReadOnly || !this.state) return false;
    if (this.saving) {
      await this.saving;
      return this.isDirty ? this.save() : true;
    }
    if (!this.isDirty && !this.startedFrom && !this.isGone) return true;
    this.saving = this.send();
    this.dispatchEvent(new Event("change"));
    try {
      return await this.saving;
    } finally {
      this.saving = null;
      this.dispatchEvent(new Event("change"));
      this.dispatchEvent(new Event("sent"));
    }
  }

  async send(mayMerge = true) {
    const doc = this.state.doc;
    const text = this.state.sliceDoc();
    this.keepDraft();
    try {
      const answer = await post(`${this.store.base}files/${this.id}/save`, {
        text, blob: this.start, bom: this.bom, newline: this.newline, since: this.store.revision,
      });
      this.accept(answer.file.blob, doc, text);
      this.store.take(answer.tree);
      return true;
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      if (mayMerge && failure.status === 409 && await this.mergeWith(failure.body.theirs)) return this.send(false);
      this.refused(failure);
      return false;
    }
  }

  // Puts what was saved meanwhile into the text, where both did not change the same lines; says whether it could.
  async mergeWith(theirs) {
    if (!theirs || theirs.text === null || !theirs.is_utf8) return false;
    const base = await this.baseText();
    const mine = this.state.sliceDoc();
    const merged = base === null ? null : merge(base, mine, theirs.text);
    if (merged === null) return false;
    Object.assign(this, { blob: theirs.blob, size: theirs.size, bom: theirs.bom, newline: theirs.newline, savedText: theirs.text });
    this.savedDoc = this.makeState(theirs.text).doc;
    this.state = this.state.update({ changes: replacement(mine, merged) }).state; // undo goes on, the cursor stays
    this.startedFrom = undefined;
    this.note = null;
    this.keepDraft();
    this.dispatchEvent(new CustomEvent("merged", { detail: { mine } }));
    this.dispatchEvent(new CustomEvent("change", { detail: { reloaded: true } }));
    return true;
  }

  // The text that the unsaved one was started from, or null where it is not known.
  async baseText() {
    if (this.start === this.blob) return this.savedText;
    try {
      return (await get(`${this.store.base}files/${this.id}/blobs/${this.start}`)).file.text;
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      return null;
    }
  }

  accept(blob, doc, text) {
    this.blob = blob;
    this.startedFrom = undefined;
    this.savedDoc = doc;
    this.savedText = text;
    this.isGone = false;
    this.note = null;
    this.keepDraft();
  }

  refused(failure) {
    this.note = noteOf(failure);
    if (this.note.kind === "gone") this.isGone = true;
  }

  // The tree says that the file changed somewhere else.
  async serverChanged(node) {
    this.name = node.name;
    this.path = this.store.path(node.id);
    if (this.isGone) {
      this.isGone = false;
      this.note = null;
    }
    if (node.blob === this.blob || this.saving) return;
    if (this.kind !== "text") {
      this.blob = node.blob;
      this.size = node.size;
    } else if (this.isDirty) {
      if (await this.mergeWith(await this.theirs())) return;
      this.startedFrom ??= this.blob;
      this.note = { kind: "conflict", sentence: gettext("This file was changed somewhere else while you worked on it. Nothing was overwritten.") };
    } else {
      const answer = await get(`${this.store.base}files/${this.id}`);
      if (!this.isDirty) this.replace(answer.file);
    }
    this.dispatchEvent(new CustomEvent("change", { detail: { reloaded: true } }));
  }

  replace(file) {
    const at = this.state?.selection.main.head ?? 0;
    this.take(file);
    if (this.state) this.state = this.state.update({ selection: { anchor: Math.min(at, this.state.doc.length) } }).state;
    this.startedFrom = undefined;
    this.note = null;
    this.isGone = false;
    this.drafts.forget(this.id);
  }

  serverDeleted() {
    this.isGone = true;
    this.note = { kind: "gone", sentence: this.isDirty ? gettext("This file was deleted. Your unsaved text stays here.") : gettext("This file was deleted. Its text stays here.") };
    this.dispatchEvent(new Event("change"));
  }

  async theirs() {
    return (await get(`${this.store.base}files/${this.id}`)).file;
  }
}

// The one change that makes one text of the other: from where they begin to differ to where they end to.
export function replacement(before, after) {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}
