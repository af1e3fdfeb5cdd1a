// Short notes at the edge of the page; errors stay until they are closed.
import { gettext } from "./texts.js";

export function toast(sentence, { kind = "info", action, onAction, quiet = false } = {}) {
  const place = document.getElementById("toasts");
  const box = document.createElement("div");
  box.className = `note note-${kind}`;
  if (kind === "error") box.setAttribute("role", "alert");
  const text = document.createElement("span");
  text.textContent = sentence;
  box.append(text);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-link";
    button.textContent = action;
    button.addEventListener("click", () => {
      box.remove();
      onAction();
    });
    box.append(button);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", gettext("Close this note"));
  close.addEventListener("click", () => box.remove());
  box.append(close);
  if (quiet) box.classList.add("visually-hidden");
  place.append(box);
  if (kind !== "error") setTimeout(() => box.remove(), action ? 15_000 : 6_000);
  return box;
}
