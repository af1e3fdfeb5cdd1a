// One open file: what was loaded, what is typed, and how it stands against the server.
import { get, post } from "../shell/api.js";
import { extensionOf, makeState } from "./cm.js";
import { gettext } from "../shell/texts.js";

const DRAFT_AFTER = 400; // milliseconds without typing

const IMAGES = new Set(["png", "jpg", "jpeg", "gif", "webp", "avif", "bmp", "ico", "svg"]);
const SOUNDS = new Set(["mp3", "m4a", "aac", "flac", "oga", "ogg", "opus", "wav"]);
const FILMS = new Set(["mp4", "m4v", "mov", "ogv", "webm"]);

export function kindOf(name) {
  const extension = extensionOf(name);
  if (extension === "pdf") return "pdf";
  if (SOUNDS.has(extension)) return "audio";
  if (FILMS.has(extension)) return "video";
  return IMAGES.has(extension) && extension !== "svg" ? "image" : "text";
}

export class OpenFile extends EventTarget {
  constructor({ node, path, store, drafts, editable, studyKind }) {
    super();
    Object.assign(this, { id: node.id, name: node.name, path, store, drafts, editable, studyKind });
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
    const answer = await get(`${this.store.base}files/${this.id}`);
    this.take(answer.file);
    const draft = this.isReadOnly ? null : this.drafts.read(this.id);
    if (draft && draft.text !== this.savedText) this.restoreDraft(draft);
    else if (draft) this.drafts.forget(this.id);
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
    return makeState({
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
        ? gettext("Your unsaved text was brought back; the saved file has changed since you began it.")
        : gettext("Your unsaved text was brought back."),
      at: draft.at,
    };
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

  async send() {
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
      this.refused(failure);
      return false;
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
    if (failure.status === 409) {
      this.note = failure.body.theirs
        ? { kind: "conflict", sentence: failure.message, theirs: failure.body.theirs }
        : { kind: "gone", sentence: failure.message };
      if (!failure.body.theirs) this.isGone = true;
    } else if (failure.status === 401) {
      this.note = { kind: "login", sentence: gettext("You are logged out, so this was not saved. Your text stays here.") };
    } else if (failure.status === 403) {
      this.note = { kind: "login", sentence: gettext("%(message)s Your text stays here, unsaved.", { message: failure.message }) };
    } else if (failure.status === 0 || failure.status >= 500) {
      this.note = { kind: "offline", sentence: gettext("%(message)s Your text stays here, unsaved.", { message: failure.message }) };
    } else if (failure.status === 404) {
      this.isGone = true;
      this.note = { kind: "gone", sentence: gettext("This file is not there any more. Your text stays here.") };
    } else {
      this.note = { kind: "refused", sentence: gettext("%(message)s Your text stays here, unsaved.", { message: failure.message }) };
    }
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
