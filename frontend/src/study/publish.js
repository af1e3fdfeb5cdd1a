// Publishing with unsaved text: it is saved first, or goes into the next version.
import { el, plural } from "./dom.js";
import { gettext } from "../shell/texts.js";

export function preparePublishing({ dialog, editor }) {
  const form = dialog.querySelector("form");
  const publish = form.querySelector("button[type=submit]");
  const label = publish.textContent;
  const note = el("p", { class: "publish-unsaved", role: "status", hidden: true });
  const without = el("button", { type: "submit", class: "btn btn-outline-secondary", value: "without", hidden: true }, gettext("Publish without it"));
  publish.before(without);
  form.querySelector(".dialog-buttons").before(note);

  const draw = () => {
    const files = editor.unsaved();
    note.hidden = files.length === 0;
    without.hidden = files.length === 0;
    publish.textContent = files.length ? gettext("Save %(files)s and publish", { files: plural(files.length, "file") }) : label;
    note.textContent = files.length ? gettext("Not saved yet: %(names)s. Without it, your text waits in this browser for the next version.", { names: files.map((file) => file.path).join(gettext(", ")) }) : "";
  };
  editor.addEventListener("marks", draw);
  draw();

  // Before the form is sent: what could not be saved stops it, and is shown.
  form.addEventListener("submit", async (event) => {
    if (form.dataset.ready) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    publish.disabled = true;
    const ready = event.submitter === without || await editor.saveAll();
    await new Promise((resolve) => { setTimeout(resolve); }); // a form is not sent while its own event runs
    publish.disabled = false;
    if (!ready) return dialog.close();
    form.dataset.ready = "yes";
    form.requestSubmit(publish);
    delete form.dataset.ready;
  }, { capture: true });
}
