// Where the saved file is another one than the text was started from, or none any more.
import { toast } from "../shell/toast.js";
import { askName, openPanel } from "./ask.js";
import { el } from "./dom.js";
import { gettext } from "../shell/texts.js";

export class Conflicts {
  constructor({ editor, store, drafts }) {
    Object.assign(this, { editor, store, drafts });
  }

  // Both texts, and three ways on; closing the dialog decides nothing.
  async resolve(file) {
    if (this.isOpen) return;
    this.isOpen = true;
    try {
      const theirs = await file.theirs();
      if (theirs.text === null) throw Object.assign(new Error(gettext("The saved file is no longer text. Save yours as a copy.")), { status: 409 });
      const chosen = await this.ask(file, theirs);
      if (chosen === "mine") await this.keepMine(file, theirs);
      else if (chosen === "theirs") await this.takeTheirs(file, theirs);
      else if (chosen === "copy") await this.saveCopy(file);
    } finally {
      this.isOpen = false;
    }
  }

  async ask(file, theirs) {
    const mine = file.state.sliceDoc();
    const view = file.cm.compare({
      name: file.name, left: theirs.text, right: mine, leftTitle: gettext("Theirs: what is saved now"),
      rightTitle: gettext("Mine: what you typed (you can edit it here)"), editable: true, take: gettext("Use this change of theirs"),
    });
    const content = el("div", {}, el("p", {}, gettext("Someone else saved “%(name)s” while you worked on it. Both texts are kept until you choose.", { name: file.name })), view.element);
    const panel = openPanel(gettext("This file has conflicting changes"), content);
    let chosen = null;
    const choice = (what, css, label) => el("button", {
      type: "button", class: `btn ${css}`, onclick: () => {
        chosen = what;
        panel.dialog.close();
      },
    }, label);
    panel.dialog.querySelector(".dialog-buttons").append(
      choice("copy", "btn-outline-secondary", gettext("Save mine as a copy")),
      choice("theirs", "btn-outline-secondary", gettext("Use theirs")),
      choice("mine", "btn-primary", gettext("Keep mine")),
    );
    await panel.closed;
    const edited = view.text();
    view.destroy();
    if (edited !== mine) this.editor.setText(file, edited);
    return chosen;
  }

  async keepMine(file, theirs) {
    file.startedFrom = theirs.blob; // they were shown, so mine may replace exactly these
    file.note = null;
    await file.save();
  }

  async takeTheirs(file, theirs) {
    const mine = file.state.sliceDoc();
    file.replace(theirs ?? (await file.theirs()));
    this.editor.show(file);
    toast(gettext("The saved text is now in the editor."), { action: gettext("Undo"), onAction: () => this.editor.setText(file, mine) });
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
    if (gone) this.editor.drop(file);
    else file.replace(await file.theirs());
    await this.editor.open(this.store.node(answer.node));
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
    if (text === undefined) return this.editor.show(file);
    const theirs = await file.theirs();
    file.replace(theirs);
    if (text !== theirs.text) this.editor.setText(file, text);
    this.editor.show(file);
  }

  // What was typed since the last save, beside what is saved; the right side can be edited.
  async showChanges(file) {
    const mine = file.state.sliceDoc();
    const view = file.cm.compare({
      name: file.name, left: file.savedText, right: mine, leftTitle: gettext("Saved"),
      rightTitle: gettext("What you typed (you can edit it here)"), editable: true, take: gettext("Revert this change"),
    });
    await openPanel(gettext("Unsaved changes of “%(name)s”", { name: file.name }), view.element).closed;
    const edited = view.text();
    view.destroy();
    if (edited !== mine) this.editor.setText(file, edited);
  }
}
