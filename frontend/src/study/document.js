// The document in the pane: a text in CodeMirror, or a preview; its position, its mistakes, what fits into it.
import { el } from "./dom.js";
import { extensionOf } from "./extensions.js";
import { openMenu } from "./menu.js";
import { preview } from "./preview.js";
import { isTable, tableOf } from "./table.js";
import { gettext } from "../shell/texts.js";

export class DocumentPane {
  constructor({ pane, config }) {
    this.config = config;
    this.body = pane.querySelector("[data-body]");
    this.empty = pane.querySelector("[data-empty]");
    this.position = pane.querySelector("[data-position]");
    this.mistakes = pane.querySelector("[data-mistakes]");
    this.insertButton = pane.querySelector("[data-insert]");
    this.tableButton = pane.querySelector("[data-table]");
    this.file = null;
    this.view = null;
    this.tableButton.addEventListener("click", () => this.turnTable());
    this.mistakes.addEventListener("click", () => this.view && (this.file.cm.nextDiagnostic(this.view), this.view.focus()));
    this.insertButton.addEventListener("click", () => this.openInsert());
  }

  show(file) {
    if (this.file?.state && this.view) this.file.scroll = this.view.scrollSnapshot();
    this.file = file;
    this.body.replaceChildren();
    this.view?.destroy();
    this.view = null;
    this.empty.hidden = Boolean(file);
    if (file?.state && file.showsTable) {
      this.body.append(tableOf(file.name, file.state.sliceDoc()));
    } else if (file?.state) {
      this.view = new file.cm.EditorView({ state: file.state, parent: this.body, scrollTo: file.scroll ?? undefined });
    } else if (file) {
      this.body.append(preview(file, this.config));
    }
  }

  // Shows the text as a table, or the text again; what is unsaved is in both.
  turnTable() {
    this.file.showsTable = !this.file.showsTable;
    this.show(this.file);
    this.draw();
  }

  // Puts the cursor at a line, and on columns where they are given.
  goTo(line, from = 0, to = from) {
    if (this.file.showsTable) this.turnTable();
    const { doc } = this.view.state;
    const at = doc.line(Math.max(1, Math.min(line, doc.lines)));
    const place = (column) => Math.min(at.to, at.from + column);
    this.view.dispatch({
      selection: { anchor: place(from), head: place(to) },
      effects: this.file.cm.EditorView.scrollIntoView(place(from), { y: "center" }),
    });
  }

  draw() {
    const { file } = this;
    this.tableButton.hidden = !file?.state || !isTable(file.name);
    this.tableButton.setAttribute("aria-pressed", String(Boolean(file?.showsTable)));
    this.insertButton.hidden = !file?.state || !this.view || file.isReadOnly || !this.pieces().length;
    this.showPosition();
    this.showMistakes();
  }

  pieces() {
    const { file } = this;
    return file.cm.piecesFor({ extension: extensionOf(file.name), kind: this.config.kind, text: file.state.sliceDoc(0, 2000) });
  }

  openInsert() {
    const { view } = this;
    const { insert } = this.file.cm;
    const box = this.insertButton.getBoundingClientRect();
    const items = this.pieces().map(([label, , template]) => ({ label: gettext(label), run: () => insert(view, template) }));
    openMenu(items, { x: box.left, y: box.top, opener: this.insertButton, label: gettext("Insert") });
  }

  showMistakes() {
    const { count, first } = this.view && this.file?.state ? this.file.cm.mistakes(this.view.state) : { count: 0 };
    this.mistakes.hidden = !count;
    const text = count ? gettext("Line %(line)s: %(message)s", { line: first.line, message: first.message }) : "";
    if (this.mistakes.textContent !== text) this.mistakes.textContent = text;
  }

  showPosition() {
    if (!this.file?.state || !this.view) {
      this.position.textContent = "";
      return;
    }
    const { state } = this.view;
    const { head } = state.selection.main;
    const line = state.doc.lineAt(head);
    this.position.textContent = gettext("Ln %(number)s, Col %(column)s", { number: line.number, column: head - line.from + 1 });
  }
}

// Gives the text of a file to the person whatever the server says.
export function downloadText(file) {
  const link = el("a", { href: URL.createObjectURL(new Blob([file.state.sliceDoc()], { type: "text/plain;charset=utf-8" })), download: file.name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
