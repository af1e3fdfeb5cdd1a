// Dialogs that ask for a name, a folder, or what to do with names that are taken.
import { el, icon, plural } from "./dom.js";
import { gettext, ngettext } from "../shell/texts.js";

export function show(dialog) {
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

export function frame(title, { wide = false } = {}) {
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

// Shows a dialog with a form; resolves with the answer of `attempt`, or null when cancelled.
// When `attempt` throws, the sentence is shown and the dialog stays; `refused` may mark what was wrong.
async function ask(dialog, content, { verb, attempt, focus, refused = () => {} }) {
  const error = el("p", { class: "field-error", id: "ask-error", role: "alert" });
  const go = el("button", { type: "submit", class: "btn btn-primary" }, verb);
  const form = el("form", { method: "dialog" }, ...content, error, buttons(cancelButton(dialog), go));
  let answer = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      answer = await attempt();
      dialog.close("done");
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      error.textContent = failure.message;
      refused();
    } finally {
      go.disabled = false;
    }
  });
  dialog.append(form);
  const closed = show(dialog);
  focus();
  await closed;
  return answer;
}

// `attempt(name)` does the work.
export function askName({ title, label, value = "", verb, attempt }) {
  const input = el("input", {
    class: "form-control mono", id: `${title}-name`, value, dir: "auto", autocomplete: "off", spellcheck: "false", required: true,
    "aria-describedby": "ask-error",
  });
  const focus = () => {
    const dot = value.lastIndexOf(".");
    input.focus();
    input.setSelectionRange(0, dot > 0 ? dot : value.length);
  };
  const refused = () => {
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };
  const content = [el("label", { class: "form-label", for: input.id }, label), input];
  return ask(frame(title), content, { verb, attempt: () => attempt(input.value), focus, refused });
}

// The folders of a study to choose one from; `children(id)` are those in a folder, `chosen()` is null for the top.
function folderList() {
  const element = el("div", { class: "folder-list", role: "radiogroup", "aria-label": gettext("Folder") });
  const fill = (children, refuse = () => false) => {
    element.replaceChildren();
    const add = (node, depth) => {
      const id = node ? node.id : null;
      if (node && refuse(node)) return;
      const input = el("input", { type: "radio", name: "folder", value: id ?? "", class: "form-check-input", checked: id === null });
      const row = el("label", { class: "folder-row" }, input, icon("folder"), el("bdi", {}, node ? node.name : gettext("Top of the study")));
      row.style.paddingInlineStart = `${0.5 + depth * 1.1}rem`;
      element.append(row);
      for (const child of children(id)) if (child.folder) add(child, depth + 1);
    };
    add(null, 0);
  };
  const chosen = () => {
    const { value } = element.querySelector("input:checked");
    return value === "" ? null : Number(value);
  };
  return { element, fill, chosen };
}

// `attempt(folder)` does the work; null is the top.
export function askFolder({ title, verb, store, refuse, attempt }) {
  const list = folderList();
  list.fill((id) => store.children(id), refuse);
  return ask(frame(title), [list.element], {
    verb, attempt: () => attempt(list.chosen()), focus: () => list.element.querySelector("input").focus(),
  });
}

// A study and a folder of it; `folders(study)` asks for those of a study, `attempt(study, folder)` does the work.
export async function askStudy({ title, studies, folders, attempt }) {
  if (!studies.length) {
    await openPanel(title, el("p", {}, gettext("There is no other study in development that you can edit.")), { wide: false }).closed;
    return null;
  }
  const dialog = frame(title);
  const list = folderList();
  const choice = el("select", { class: "form-select", id: "ask-study" }, ...studies.map((one) => el("option", { value: one.study, dir: "auto" }, one.name)));
  let asked = 0;
  const load = async () => {
    asked += 1;
    const mine = asked;
    list.fill(() => []);
    list.element.setAttribute("aria-busy", "true");
    dialog.querySelector(".field-error")?.replaceChildren();
    let found = [];
    try {
      found = await folders(choice.value);
    } catch (failure) {
      if (failure.status === undefined) throw failure;
      dialog.querySelector(".field-error").textContent = failure.message;
    }
    if (mine !== asked) return; // the answer to a later question fills the list, and no other undoes what is chosen in it
    list.element.removeAttribute("aria-busy");
    list.fill((id) => found.filter((one) => one.parent === id));
  };
  choice.addEventListener("change", load);
  const content = [
    el("label", { class: "form-label", for: "ask-study" }, gettext("Study")), choice, list.element,
    el("p", { class: "muted" }, gettext("The copies go to its version in development. Nothing there is overwritten: a name that already exists gets a number.")),
  ];
  load();
  return ask(dialog, content, {
    verb: gettext("Copy"), attempt: () => attempt(choice.value, list.chosen()), focus: () => choice.focus(),
  });
}

// What to do with uploads whose names are taken: "overwrite", "keep_both", "skip", or "" when cancelled.
export async function askClash(paths, total) {
  const dialog = frame(ngettext("%(count)s file already exists", "%(count)s files already exist", paths.length));
  const names = el("ul", { class: "clash-list mono", tabindex: "0", "aria-label": gettext("Existing names") },
    ...paths.slice(0, 200).map((path) => el("li", {}, el("bdi", {}, path))));
  if (paths.length > 200) names.append(el("li", {}, gettext("and %(count)s more", { count: (paths.length - 200).toLocaleString("en") })));
  const choice = (value, text, css) => el("button", { type: "button", class: `btn ${css}`, onclick: () => dialog.close(value) }, text);
  dialog.append(
    el("p", {}, gettext("The earlier content of overwritten files stays in their history.")), names,
    buttons(
      cancelButton(dialog),
      choice("skip", paths.length === total ? gettext("Skip") : gettext("Skip these"), "btn-outline-secondary"),
      choice("keep_both", gettext("Keep both"), "btn-outline-secondary"),
      choice("overwrite", gettext("Overwrite %(files)s", { files: plural(paths.length, "file") }), "btn-primary"),
    ),
  );
  return show(dialog);
}

// What to do with files that would be one file: "keep_both", "skip" (all but the first), or "" when cancelled.
export async function askTwins(groups) {
  const dialog = frame(gettext("Some of these files have the same name"));
  const list = el("ul", { class: "clash-list mono", tabindex: "0", "aria-label": gettext("Same names") },
    ...groups.slice(0, 100).map((group) => el("li", {}, ...group.flatMap((path, index) => [index ? ` ${gettext("and")} ` : null, el("bdi", {}, path)]))));
  if (groups.length > 100) list.append(el("li", {}, gettext("and %(count)s more", { count: (groups.length - 100).toLocaleString("en") })));
  const choice = (value, text, css) => el("button", { type: "button", class: `btn ${css}`, onclick: () => dialog.close(value) }, text);
  dialog.append(
    el("p", {}, gettext("They differ only in upper and lower case, or in how an accent is written. Dropbox, Windows and macOS treat them as one file.")), list,
    buttons(
      cancelButton(dialog),
      choice("skip", gettext("Upload only the first of each"), "btn-outline-secondary"),
      choice("keep_both", gettext("Keep all, with numbers"), "btn-primary"),
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
