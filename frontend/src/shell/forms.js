// Forms that are posted as pages: each names the user that the page was rendered for, and nothing typed into one is
// lost while another is sent, nor where an answer was a refusal or the login page.
import { csrf, renderedFor } from "./api.js";
import { confirm } from "./confirm.js";
import { gettext } from "./texts.js";

const PREFIX = "minno-form:";
const user = renderedFor();
const isPosted = (form) => form.method === "post" && !form.closest("dialog");
const fieldsOf = (form) => [...form.elements].filter((one) => one.name && !["hidden", "submit", "button", "file"].includes(one.type));
const isSecret = (field) => field.type === "password" || field.autocomplete === "one-time-code" || /password|secret/i.test(field.name);
const isTick = (field) => field.type === "checkbox" || field.type === "radio";

function isChanged(field) {
  if (isTick(field)) return field.checked !== field.defaultChecked;
  if (field.tagName === "SELECT") return [...field.options].some((one) => one.selected !== one.defaultSelected) && field.dataset.first !== field.value;
  return field.value !== field.defaultValue;
}

const isDirty = (form) => fieldsOf(form).some(isChanged);

function keyOf(form) {
  return `${PREFIX}${user}:${new URL(form.action).pathname}`;
}

function valuesOf(form) {
  return fieldsOf(form).filter((one) => !isSecret(one) && isChanged(one)).map((one) => [one.name, isTick(one) ? one.value : null, isTick(one) ? one.checked : one.value]);
}

function keep(form, state) {
  try {
    sessionStorage.setItem(keyOf(form), JSON.stringify({ state, values: valuesOf(form) }));
  } catch {
    // Nothing is kept then; leaving the page asks.
  }
}

function kept(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

// What was sent has arrived, unless this page is the login page or says that nothing was saved.
function settle() {
  const isRefused = !user || Boolean(document.querySelector("[data-not-saved]"));
  for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith(PREFIX))) {
    const entry = kept(key);
    if (entry?.state !== "sent") continue;
    if (isRefused) sessionStorage.setItem(key, JSON.stringify({ ...entry, state: "kept" }));
    else sessionStorage.removeItem(key);
  }
}

function restore(form) {
  const entry = kept(keyOf(form));
  if (entry?.state !== "kept") return;
  sessionStorage.removeItem(keyOf(form));
  let count = 0;
  for (const [name, tick, value] of entry.values) {
    for (const field of fieldsOf(form).filter((one) => one.name === name && (tick === null || one.value === tick))) {
      if (tick === null) field.value = value;
      else field.checked = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
      count += 1;
    }
  }
  if (!count || !isDirty(form)) return;
  mark(form);
  if (!form.closest("dialog")?.open) form.closest("dialog")?.showModal();
}

function mark(form) {
  const note = document.createElement("p");
  note.className = "alert alert-warning form-unsaved";
  note.setAttribute("role", "status");
  note.textContent = gettext("What you typed here is not saved yet.");
  form.prepend(note);
}

if (!document.getElementById("workspace")) {
  const forms = [...document.forms].filter((one) => one.method === "post");
  for (const form of forms) for (const field of fieldsOf(form)) if (field.tagName === "SELECT") field.dataset.first = field.value;
  settle();
  if (user) forms.forEach(restore);
}

// A form is sent: what is typed into the others comes back with the next page; passwords cannot be kept.
let leaving = false;
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-logout")) return;
  const others = [...document.forms].filter((one) => one !== form && isPosted(one) && isDirty(one));
  const secrets = others.filter((one) => fieldsOf(one).some((field) => isSecret(field) && isChanged(field)));
  if (secrets.length && !form.dataset.othersAsked) {
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = gettext("You typed a password or secret into another form on this page. It is never stored in this browser, so you would have to type it again. Everything else you typed stays.");
    if (!(await confirm({ title: gettext("Save only this form?"), text, verb: gettext("Save only this form"), danger: false }))) return;
    form.dataset.othersAsked = "yes";
    form.requestSubmit(event.submitter ?? undefined);
    delete form.dataset.othersAsked;
    return;
  }
  for (const one of others) keep(one, "kept");
  if (user && valuesOf(form).length) keep(form, "sent");
  leaving = true;
  setTimeout(() => { leaving = false; }, 2000); // a download, or a page that was asked about and stayed
});

document.addEventListener("formdata", (event) => {
  if (event.target.method !== "post") return;
  if (user) event.formData.set("rendered_for", user);
  if (event.formData.has("csrfmiddlewaretoken")) event.formData.set("csrfmiddlewaretoken", csrf());
});

addEventListener("beforeunload", (event) => {
  if (user && !leaving && [...document.forms].some((form) => isPosted(form) && form.querySelector("textarea, input") && isDirty(form) && !form.hasAttribute("data-passkey"))) event.preventDefault();
});

// At logout nothing of it stays.
export function forgetForms() {
  for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith(PREFIX))) sessionStorage.removeItem(key);
  leaving = true;
}
