// A menu at a point or below a button: arrows, Home, End, first letters, Escape.
import { el } from "./dom.js";

let current = null;

export function closeMenu(giveBack = true) {
  if (!current) return;
  const { menu, opener } = current;
  current = null;
  menu.remove();
  if (giveBack) opener?.focus();
}

export function openMenu(items, { x, y, opener, label }) {
  closeMenu(false);
  const menu = el("ul", { role: "menu", class: "menu", "aria-label": label, tabindex: "-1" });
  for (const item of items) {
    if (item === "-") {
      menu.append(el("li", { role: "separator", class: "menu-line" }));
      continue;
    }
    const key = item.key ? el("kbd", { class: "menu-key", "aria-hidden": "true" }, item.key) : null;
    const entry = el("li", {
      role: "menuitem", tabindex: "-1", class: "menu-item", "aria-disabled": item.disabled ? "true" : null,
      "aria-keyshortcuts": item.key ? item.key.replace("Del", "Delete").replace("Ctrl-", "Control+") : null,
    }, el("span", {}, item.label), key);
    entry.addEventListener("click", () => {
      if (item.disabled) return;
      closeMenu();
      item.run();
    });
    menu.append(entry);
  }
  document.body.append(menu);
  const box = menu.getBoundingClientRect();
  const left = document.documentElement.dir === "rtl" ? x - box.width : x;
  menu.style.left = `${Math.max(4, Math.min(left, innerWidth - box.width - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, innerHeight - box.height - 4))}px`;
  current = { menu, opener };
  const entries = [...menu.querySelectorAll("[role=menuitem]")];
  entries[0]?.focus();

  menu.addEventListener("keydown", (event) => {
    const at = entries.indexOf(document.activeElement);
    const go = (index) => entries[(index + entries.length) % entries.length].focus();
    if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(entries.length - 1);
    else if (event.key === "Escape") closeMenu();
    else if (event.key === "Tab") closeMenu();
    else if (event.key === "Enter" || event.key === " ") document.activeElement.click();
    else if (event.key.length === 1) {
      const letter = event.key.toLowerCase();
      const next = [...entries.slice(at + 1), ...entries].find((one) => one.textContent.toLowerCase().startsWith(letter));
      next?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

document.addEventListener("pointerdown", (event) => {
  if (current && !current.menu.contains(event.target)) closeMenu(false);
});
addEventListener("blur", () => closeMenu(false));
