// Go to file: a few letters of a path, in their order, find it (Ctrl-P).
import { openPanel } from "./ask.js";
import { el, icon } from "./dom.js";
import { iconOf } from "./extensions.js";
import { gettext } from "../shell/texts.js";

const MAX_SHOWN = 50;

// How well letters fit a path: null where they are not in it in their order; less is better.
export function fit(path, letters) {
  const text = path.toLocaleLowerCase();
  const wanted = letters.toLocaleLowerCase().replaceAll(" ", "");
  const whole = text.lastIndexOf(wanted);
  if (whole >= 0) return [whole > text.lastIndexOf("/") ? 0 : 1, path.length];
  let at = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return null;
    if (next !== at + 1) gaps += 1;
    at = next;
  }
  return [1 + gaps, path.length];
}

export function found(paths, letters) {
  return paths.map((one) => ({ one, rank: fit(one.path, letters) })).filter(({ rank }) => rank)
    .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || (a.one.path < b.one.path ? -1 : 1))
    .slice(0, MAX_SHOWN).map(({ one }) => one);
}

export class GoToFile {
  constructor({ store, open }) {
    Object.assign(this, { store, open });
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "p") return;
      event.preventDefault();
      if (!event.target.closest("dialog")) this.ask();
    }, true);
  }

  ask() {
    const files = [...this.store.nodes.values()].filter((node) => !node.folder).map((node) => ({ node, path: this.store.path(node.id) }));
    const list = el("ul", { class: "goto-list", role: "listbox", id: "goto-list", "aria-label": gettext("Files") });
    const input = el("input", {
      class: "form-control mono", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "goto-list", "aria-autocomplete": "list",
      "aria-label": gettext("Part of the file's path"), autocomplete: "off", spellcheck: "false", dir: "auto",
    });
    const panel = openPanel(gettext("Go to file"), el("div", { class: "goto" }, input, list), { wide: false });
    let [shown, at] = [[], 0];
    const choose = (one) => {
      panel.dialog.close();
      if (one) this.open(one.node);
    };
    const draw = () => {
      list.replaceChildren(...shown.map((one, index) => el("li", {
        role: "option", id: `goto-${index}`, class: "goto-row", "aria-selected": String(index === at), onclick: () => choose(one),
      }, icon(iconOf(one.node.name)), el("bdi", { class: "mono" }, one.path))));
      if (!shown.length) list.append(el("li", { class: "muted goto-row", role: "option", "aria-disabled": "true", "aria-selected": "false" }, gettext("No matching files")));
      input.setAttribute("aria-activedescendant", shown.length ? `goto-${at}` : "");
      list.children[at]?.scrollIntoView({ block: "nearest" });
    };
    const look = () => {
      shown = found(files, input.value);
      at = 0;
      draw();
    };
    input.addEventListener("input", look);
    input.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && shown.length) {
        at = (at + step + shown.length) % shown.length;
        draw();
      } else if (event.key === "Enter") choose(shown[at]);
      else return;
      event.preventDefault();
    });
    look();
    input.focus();
  }
}
