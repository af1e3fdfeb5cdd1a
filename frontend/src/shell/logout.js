// Logout on a computer that others use too: unsaved texts are kept or discarded, as the person says.
import { discardKept, keptPaths } from "./kept.js";
import { forgetForms } from "./forms.js";
import { renderedFor } from "./api.js";
import { gettext, ngettext } from "./texts.js";

function button(text, css, value) {
  const made = document.createElement("button");
  Object.assign(made, { type: "submit", className: `btn ${css}`, value, textContent: text });
  return made;
}

function paragraph(text) {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}

// Resolves with "keep", "discard", or "" where the person stays.
function ask(paths) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "logout-title");
  const title = document.createElement("h2");
  Object.assign(title, { id: "logout-title", className: "dialog-title", textContent: ngettext("Unsaved text of %(count)s file is kept in this browser", "Unsaved text of %(count)s files is kept in this browser", paths.length) });
  const list = document.createElement("ul");
  list.className = "mono";
  list.append(...paths.slice(0, 10).map((path) => {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = path;
    item.append(name);
    return item;
  }));
  const buttons = document.createElement("div");
  buttons.className = "dialog-buttons";
  buttons.append(button(gettext("Cancel"), "btn-outline-secondary", ""), button(gettext("Discard it and log out"), "btn-outline-danger", "discard"), button(gettext("Keep it and log out"), "btn-primary", "keep"));
  const form = document.createElement("form");
  form.method = "dialog";
  form.append(title, paragraph(gettext("Kept text comes back when you open the file again here. On a shared computer, others could read it.")), list, buttons);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    }, { once: true });
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-logout") || form.dataset.leaves) return;
  document.dispatchEvent(new CustomEvent("minno:keep"));
  const paths = keptPaths(renderedFor());
  if (!paths.length) return forgetForms();
  event.preventDefault();
  event.stopImmediatePropagation();
  const choice = await ask(paths);
  if (!choice) return;
  document.dispatchEvent(new CustomEvent("minno:leave", { detail: { discard: choice === "discard" } }));
  if (choice === "discard") discardKept(renderedFor());
  forgetForms();
  form.dataset.leaves = "yes";
  form.requestSubmit();
}, { capture: true });
