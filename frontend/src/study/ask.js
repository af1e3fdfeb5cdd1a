// Dialogs that ask for a name, a folder, or what to do with names that are taken.
import { el, icon, plural } from "./dom.js";
import { gettext, ngettext } from "../shell/texts.js";

function show(dialog) {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    }, { once: true });
  });
}

let counter = 0;

function frame(title, { wide = false } = {}) {
  counter += 1;
  const id = `ask-${counter}`;
  const dialog = el("dialog", { class: wide ? "dialog dialog-wide" : "dialog", "aria-labelledby": id });
  dialog.append(el("h2", { class: "dialog-title", id }, title));
  return dialog;
}

export function buttons(...list) {
  return el("div", { class: "dialog-buttons" }, ...list);
}

export function cancelButton(dialog) {
  return el("button", { type: "button", class: "btn btn-outline-secondary", onclick: () => dialog.close("") }, gettext("Cancel"));
}

// `attempt(name)` does the work; when it throws, the sentence is shown and the dialog stays.
export async function askName({ title, label, value = "", verb, attempt }) {
  const dialog = frame(title);
  const input = el("input", {
    class: "form-control mono", id: `${title}-name`, value, dir: "auto", autocomplete: "off", spellcheck: "false", required: true,
    "aria-describedby": "ask-error",
  });
  const error = el("p", { class: "field-error", id: "ask-error", role: "alert" });
  const go = el("button", { type: "submit", class: "btn btn-primary" }, verb);
  const form = el("form", { method: "dialog" },
    el("label", { class: "form-label", for: input.id }, label), input, error, buttons(cancelButton(dialog), go));
  let result = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      result = await attempt(input.value);
      dialog.close("done");
    } catch (failure) {
      if (!failure.status && failure.status !== 0) throw failure;
      error.textContent = failure.message;
      input.setAttribute("aria-invalid", "true");
      input.focus();
    } finally {
      go.disabled = false;
    }
  });
  dialog.append(form);
  const closed = show(dialog);
  const dot = value.lastIndexOf(".");
  input.focus();
  input.setSelectionRange(0, dot > 0 ? dot : value.length);
  await closed;
  return result;
}

// Returns { folder } (null is the top) or null when cancelled.
export async function askFolder({ title, verb, store, refuse = () => false, attempt }) {
  const dialog = frame(title);
  const list = el("div", { class: "folder-list", role: "radiogroup", "aria-label": gettext("Folder") });
  const error = el("p", { class: "field-error", role: "alert" });
  const add = (node, depth) => {
    const id = node ? node.id : null;
    if (node && refuse(node)) return;
    const input = el("input", { type: "radio", name: "folder", value: id ?? "", class: "form-check-input", checked: id === null });
    const row = el("label", { class: "folder-row" }, input, icon("folder"), el("bdi", {}, node ? node.name : gettext("Top of the study")));
    row.style.paddingInlineStart = `${0.5 + depth * 1.1}rem`;
    list.append(row);
    for (const child of store.children(id)) if (child.folder) add(child, depth + 1);
  };
  add(null, 0);
  const go = el("button", { type: "submit", class: "btn btn-primary" }, verb);
  const form = el("form", { method: "dialog" }, list, error, buttons(cancelButton(dialog), go));
  let done = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const value = list.querySelector("input:checked").value;
    go.disabled = true;
    try {
      await attempt(value === "" ? null : Number(value));
      done = true;
      dialog.close("done");
    } catch (failure) {
      if (!failure.status && failure.status !== 0) throw failure;
      error.textContent = failure.message;
    } finally {
      go.disabled = false;
    }
  });
  dialog.append(form);
  const closed = show(dialog);
  list.querySelector("input").focus();
  await closed;
  return done;
}

// Returns the answer of `attempt(study)`, or null when cancelled.
export async function askStudy({ title, studies, attempt }) {
  const dialog = frame(title);
  const error = el("p", { class: "field-error", role: "alert" });
  const choice = el("select", { class: "form-select", id: "ask-study" }, ...studies.map((one) => el("option", { value: one.study, dir: "auto" }, one.name)));
  const go = el("button", { type: "submit", class: "btn btn-primary", disabled: !studies.length }, gettext("Copy"));
  const form = el("form", { method: "dialog" },
    ...(studies.length
      ? [el("label", { class: "form-label", for: "ask-study" }, gettext("Study")), choice, el("p", { class: "muted" }, gettext("The copies go to the top of its version in development. Nothing there is overwritten: a name that is taken gets a number."))]
      : [el("p", {}, gettext("There is no other study that you may change and that is in development."))]),
    error, buttons(cancelButton(dialog), go));
  let done = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      done = await attempt(choice.value);
      dialog.close("done");
    } catch (failure) {
      if (!failure.status && failure.status !== 0) throw failure;
      error.textContent = failure.message;
    } finally {
      go.disabled = false;
    }
  });
  dialog.append(form);
  const closed = show(dialog);
  (studies.length ? choice : dialog.querySelector("button")).focus();
  await closed;
  return done;
}

// What to do with uploads whose names are taken: "overwrite", "keep_both", "skip", or "" when cancelled.
export async function askClash(paths, total) {
    const dialog = frame(ngettext("%(count)s file has a name that is taken", "%(count)s files have a name that is taken", paths.length));
  const names = el("ul", { class: "clash-list mono", tabindex: "0", "aria-label": gettext("Names that are taken") },
    ...paths.slice(0, 200).map((path) => el("li", {}, el("bdi", {}, path))));
  if (paths.length > 200) names.append(el("li", {}, gettext("and %(count)s more", { count: (paths.length - 200).toLocaleString("en") })));
  const choice = (value, text, css) => el("button", { type: "button", class: `btn ${css}`, onclick: () => dialog.close(value) }, text);
  dialog.append(
    el("p", {}, gettext("Overwritten files keep their earlier content in their history.")), names,
    buttons(
      cancelButton(dialog),
      choice("skip", paths.length === total ? gettext("Skip") : gettext("Skip these"), "btn-outline-secondary"),
      choice("keep_both", gettext("Keep both"), "btn-outline-secondary"),
      choice("overwrite", gettext("Overwrite %(files)s", { files: plural(paths.length, "file") }), "btn-primary"),
    ),
  );
  return show(dialog);
}

// A dialog with free content; resolves when it is closed.
export function openPanel(title, content, { wide = true } = {}) {
  const dialog = frame(title, { wide });
  dialog.append(content, buttons(el("button", { type: "button", class: "btn btn-outline-secondary", onclick: () => dialog.close() }, gettext("Close"))));
  const closed = show(dialog);
  return { dialog, closed };
}
