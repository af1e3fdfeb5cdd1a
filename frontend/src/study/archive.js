// A zip or tar that was dropped or chosen: unpacked into the study, or kept as the one file that it is.
import { post } from "../shell/api.js";
import { buttons, cancelButton, frame, show } from "./ask.js";
import { el, plural, size } from "./dom.js";
import { gettext, ngettext } from "../shell/texts.js";

// One that came by itself; those inside a folder that is uploaded stay files.
export function isArchive({ path }, endings) {
  const name = path.toLowerCase();
  return !name.includes("/") && endings.some((one) => name.endsWith(one));
}

// What a file dialog accepts: it looks at the part after the last dot alone.
export function accepted(endings) {
  return [...new Set(endings.map((one) => one.slice(one.lastIndexOf("."))))].join(",");
}

class Question {
  // `address` is that of the upload, which has arrived; `unpack(encoding)` does the work.
  constructor({ name, address, unpack }) {
    Object.assign(this, { address, unpack });
    this.dialog = frame(gettext("Unpack “%(name)s”?", { name }));
    this.summary = el("p", { role: "status" });
    this.list = el("ul", { class: "clash-list mono", tabindex: "0", "aria-label": gettext("Files in the archive") });
    this.encoding = el("select", { class: "form-select", id: "archive-encoding", onchange: () => this.look(this.encoding.value) });
    this.letters = el("div", { hidden: true },
      el("label", { class: "form-label", for: "archive-encoding" }, gettext("Encoding of the names: choose the one in which they read right")), this.encoding);
    this.place = el("p", { class: "muted" }, gettext("Nothing is overwritten: if a name already exists, everything goes into a new folder named after the archive."));
    this.error = el("p", { class: "field-error", role: "alert" });
    this.keep = el("button", { type: "button", class: "btn btn-outline-secondary", onclick: () => this.dialog.close("keep") }, gettext("Keep as one file"));
    this.go = el("button", { type: "button", class: "btn btn-primary", onclick: () => this.run() }, gettext("Unpack"));
    this.dialog.append(this.summary, this.letters, this.list, this.place, this.error, buttons(cancelButton(this.dialog), this.keep, this.go));
  }

  async look(encoding) {
    this.go.disabled = true;
    this.error.textContent = "";
    try {
      const told = await post(`${this.address}/contents`, { zip_names: encoding });
      if (told.encodings.length) {
        this.letters.hidden = false;
        this.encoding.replaceChildren(...told.encodings.map((one) => el("option", { value: one.encoding, selected: one.encoding === told.encoding }, one.label)));
      }
      this.draw(told);
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      this.list.replaceChildren();
      this.error.textContent = failure.message;
    }
  }

  draw({ files, bytes, paths, litter, problems, encoding }) {
    this.chosen = encoding;
    const isGood = !problems.length;
    this.go.disabled = !isGood;
    this.place.hidden = !isGood;
    const leftOut = litter ? " " + ngettext("%(count)s system file is left out.", "%(count)s system files are left out.", litter) : "";
    this.summary.textContent = isGood
      ? gettext("It holds %(files)s, %(size)s unpacked.", { files: plural(files, "file"), size: size(bytes) }) + leftOut
      : gettext("It cannot be unpacked:");
    this.list.replaceChildren(...(isGood ? paths : problems).map((line) => el("li", {}, el("bdi", {}, line))));
    if (isGood && files > paths.length) this.list.append(el("li", {}, gettext("and %(count)s more", { count: (files - paths.length).toLocaleString("en") })));
  }

  async run() {
    for (const button of [this.go, this.keep]) button.disabled = true;
    this.error.textContent = "";
    try {
      await this.unpack(this.chosen);
      this.dialog.close("unpacked");
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      this.error.textContent = failure.message;
    } finally {
      for (const button of [this.go, this.keep]) button.disabled = false;
    }
  }
}

// Resolves with "unpacked", "keep", or "" where the person cancels.
export async function askArchive(given) {
  const question = new Question(given);
  const closed = show(question.dialog);
  question.look("");
  return closed;
}
