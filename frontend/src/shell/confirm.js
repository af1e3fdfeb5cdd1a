// The one confirm dialog: <form data-confirm="Sentence" data-confirm-title="…" data-confirm-verb="Delete 3 files">.
import { gettext } from "./texts.js";

export function confirm({ title, text = "", verb, danger = true }) {
  const dialog = document.getElementById("confirm-dialog");
  const button = dialog.querySelector("[data-verb]");
  dialog.querySelector("#confirm-title").textContent = title;
  dialog.querySelector("#confirm-text").textContent = text;
  button.textContent = verb;
  button.className = danger ? "btn btn-danger" : "btn btn-primary";
  dialog.returnValue = "";
  dialog.showModal();
  // A dangerous button is never the one that Enter presses by accident.
  (danger ? dialog.querySelector("[value=cancel]") : button).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const submitter = event.submitter;
  const verb = form.dataset.confirmVerb || submitter?.textContent.trim() || gettext("Continue");
  const title = form.dataset.confirmTitle || verb;
  if (!(await confirm({ title, text: form.dataset.confirm, verb, danger: form.dataset.confirmKind !== "safe" }))) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(submitter ?? undefined);
  delete form.dataset.confirmed;
}, { capture: true });
