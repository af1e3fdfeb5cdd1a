// The status line of a file, and the note above it: what happened, and the ways on.
import { copyText } from "../shell/copy.js";
import { ago } from "../shell/times.js";
import { toast } from "../shell/toast.js";
import { downloadText } from "./document.js";
import { el, size } from "./dom.js";
import { gettext } from "../shell/texts.js";

export class Status {
  constructor({ pane, editor, config, drafts }) {
    Object.assign(this, { editor, config, drafts });
    this.line = pane.querySelector("[data-status]");
    this.notePlace = pane.querySelector("[data-note]");
    this.saveButton = pane.querySelector("[data-save]");
    this.changesButton = pane.querySelector("[data-changes]");
    this.autosave = pane.querySelector("[data-autosave]");
    this.leaveHint = pane.querySelector("[data-leave-hint]");
  }

  draw(file) {
    this.saveButton.hidden = !file?.state || file.isReadOnly;
    this.saveButton.disabled = !file?.isDirty && !file?.startedFrom;
    const [text, state] = this.describe(file);
    if (this.line.textContent !== text) this.line.textContent = text;
    this.line.dataset.state = state;
    this.changesButton.hidden = this.saveButton.hidden || !file.isDirty;
    this.autosave.hidden = this.saveButton.hidden;
    this.leaveHint.hidden = this.saveButton.hidden;
    this.drawNote(file);
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

  drawNote(file) {
    const note = file?.note;
    if (note && note === this.drawn) return; // a focused button stays
    this.drawn = note;
    this.notePlace.replaceChildren();
    if (!note) return;
    const sentence = note.at ? gettext("%(sentence)s You typed it %(ago)s.", { sentence: note.sentence, ago: ago(Date.parse(note.at)) }) : note.sentence;
    const box = el("div", { class: `editor-note editor-note-${note.kind}`, role: "alert" }, el("span", {}, sentence));
    for (const [label, run] of this.waysOn(file, note)) {
      box.append(el("button", { type: "button", class: "btn btn-sm btn-outline-secondary", onclick: () => this.editor.attempt(run) }, label));
    }
    this.notePlace.append(box);
  }

  waysOn(file, note) {
    const { editor } = this;
    const again = [gettext("Save again"), () => editor.save()];
    const keep = file.state ? [[gettext("Copy the text"), () => this.copy(file)], [gettext("Download the text"), () => downloadText(file)]] : [];
    switch (note.kind) {
      case "conflict": return [[gettext("Compare"), () => editor.conflicts.resolve(file)], ...keep];
      case "draft": return [
        [gettext("Save it"), () => editor.save()],
        [gettext("Use the saved file"), () => editor.conflicts.takeTheirs(file)],
      ];
      case "login": return [[gettext("Log in in a new tab"), () => window.open(this.config.login_url, "_blank")], again, ...keep];
      case "published": return [...this.intoTheNext(file, note), ...keep];
      case "lost": return [...keep, again];
      case "gone": return [
        ...(file.isOrphan ? [] : [[gettext("Bring the file back"), () => editor.conflicts.bringBack(file)]]),
        [gettext("Save as a new file"), () => editor.conflicts.saveCopy(file, file.name)],
        ...keep,
        [gettext("Close"), () => editor.close(file)],
      ];
      default: return [again, ...keep];
    }
  }

  intoTheNext(file, { develop, mayBegin }) {
    if (develop) return [[gettext("Save into v%(number)s", { number: develop.number }), () => this.editor.nextVersion.saveInto(file, develop)]];
    return mayBegin ? [[gettext("Start v%(number)s with it", { number: this.config.version + 1 }), () => this.editor.nextVersion.begin(file)]] : [];
  }

  async copy(file) {
    const done = await copyText(file.state.sliceDoc());
    toast(done ? gettext("The text is on the clipboard.") : gettext("This browser does not let the page copy. Select the text and press Ctrl-C."));
  }
}
