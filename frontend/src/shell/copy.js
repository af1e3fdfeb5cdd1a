// Copy fields: the button puts the field's value on the clipboard and says so.
import { toast } from "./toast.js";
import { gettext } from "./texts.js";

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not a secure page, or forbidden
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy] button");
  if (!button) return;
  const field = button.closest("[data-copy]").querySelector("textarea");
  field.focus();
  field.select();
  const done = await copyText(field.value) || document.execCommand("copy");
  const label = button.querySelector("span");
  label.textContent = done ? gettext("Copied") : gettext("Press Ctrl-C");
  if (done) toast(gettext("Copied."), { quiet: true });
  setTimeout(() => { label.textContent = gettext("Copy"); }, 2500);
});
