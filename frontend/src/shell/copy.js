// Copy fields: the button puts the input's value on the clipboard and says so.
import { toast } from "./toast.js";

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
  const input = button.closest("[data-copy]").querySelector("input");
  input.focus();
  input.select();
  const done = await copyText(input.value) || document.execCommand("copy");
  const label = button.querySelector("span");
  label.textContent = done ? "Copied" : "Press Ctrl-C";
  if (done) toast("Copied.", { quiet: true });
  setTimeout(() => { label.textContent = "Copy"; }, 2500);
});
