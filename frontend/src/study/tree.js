// The explorer: rows of the folders that are open, with the keys of VS Code's.
import { toast } from "../shell/toast.js";
import { el, icon, size } from "./dom.js";
import { iconOf } from "./extensions.js";
import { openMenu } from "./menu.js";
import { hereToo } from "./presence.js";
import { gettext } from "../shell/texts.js";

const TYPED_WITHIN = 700; // milliseconds between letters of one search

const day = new Intl.DateTimeFormat(`${document.documentElement.lang || "en"}-u-nu-latn`, { day: "numeric", month: "short", year: "2-digit" });
const moment = new Intl.DateTimeFormat(`${document.documentElement.lang || "en"}-u-nu-latn`, { dateStyle: "medium", timeStyle: "short" });

function initials(name) {
  const words = name.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => [...word][0]).join("").toLocaleUpperCase() || "?";
}

export class Tree extends EventTarget {
  constructor({ element, store, actions, editable, remember, launched, isUnsaved }) {
    super();
    Object.assign(this, { element, store, actions, editable, remember, launched, isUnsaved });
    this.open = new Set(remember.load());
    this.selected = new Set();
    this.active = null; // id of the row that has, or would get, the focus
    this.anchor = null;
    this.current = null; // id of the file shown in the editor
    this.others = new Map(); // names of those who have a row's file open, by its id
    this.typed = { text: "", at: 0 };
    this.filter = "";
    element.addEventListener("keydown", (event) => this.onKey(event));
    element.addEventListener("click", (event) => this.onClick(event));
    element.addEventListener("focusin", (event) => {
      if (event.target.dataset.id) this.focused(Number(event.target.dataset.id));
    });
    element.addEventListener("dblclick", (event) => event.preventDefault());
    element.addEventListener("contextmenu", (event) => this.onContextMenu(event));
    store.addEventListener("change", () => this.render());
    this.render();
  }

  rows() {
    const rows = [];
    const seen = this.filter ? this.matching() : null;
    this.seen = seen;
    const walk = (parent, level) => {
      const children = this.store.children(parent).filter((node) => !seen || seen.has(node.id));
      children.forEach((node, index) => {
        rows.push({ node, level, index, count: children.length });
        if (node.folder && (seen ? seen.get(node.id) : this.open.has(node.id))) walk(node.id, level + 1);
      });
    };
    walk(null, 1);
    return rows;
  }

  // What the filter shows: names that hold its letters, and the folders above them, which are open.
  matching() {
    const seen = new Map(); // id -> whether something in it matches
    for (const node of this.store.nodes.values()) {
      if (!node.name.toLocaleLowerCase().includes(this.filter)) continue;
      if (!seen.has(node.id)) seen.set(node.id, false);
      for (let above = this.store.node(node.parent); above && !seen.get(above.id); above = this.store.node(above.parent)) seen.set(above.id, true);
    }
    return seen;
  }

  filterBy(text) {
    this.filter = text.trim().toLocaleLowerCase();
    this.render();
    this.element.dataset.filtered = this.filter && !this.element.children.length ? "none" : "";
  }

  render() {
    const hadFocus = this.element.contains(document.activeElement) && !this.renaming;
    if (this.renaming) return;
    const rows = this.rows();
    this.placeOthers();
    const ids = new Set(rows.map((row) => row.node.id));
    for (const id of this.selected) if (!this.store.node(id)) this.selected.delete(id);
    if (this.active === null || !ids.has(this.active)) this.active = this.neighbour(ids) ?? rows[0]?.node.id ?? null;
    this.order = rows.map((row) => row.node.id);
    this.fill(rows);
    this.element.dataset.empty = rows.length === 0 ? "yes" : "no";
    if (hadFocus) this.focusRow(this.active, false);
    this.dispatchEvent(new Event("select"));
  }

  // The row that stands where the active one was: the next one that is still there, else the one before.
  neighbour(ids) {
    const at = this.order?.indexOf(this.active) ?? -1;
    if (at < 0) return null;
    return this.order.slice(at + 1).find((id) => ids.has(id)) ?? this.order.slice(0, at).reverse().find((id) => ids.has(id)) ?? null;
  }

  // Rows that look as before are kept: with thousands of files only what changed is made anew.
  fill(rows) {
    const kept = new Map();
    const elements = rows.map((row) => {
      const { node, level, index, count } = row;
      const look = [node.name, node.size, node.at, node.folder && this.isOpen(node.id), level, index, count, this.selected.has(node.id),
        this.current === node.id, this.isUnsaved(node.id), this.active === node.id, ...(this.others.get(node.id) ?? [])].join("\0");
      const before = this.made?.get(node.id);
      const element = before?.look === look ? before.element : this.row(row);
      kept.set(node.id, { look, element });
      return element;
    });
    this.made = kept;
    const present = [...this.element.children];
    const changed = present.length === elements.length ? elements.map((one, at) => [one, present[at]]).filter(([now, was]) => now !== was) : null;
    if (changed?.every(([now]) => !now.isConnected)) changed.forEach(([now, was]) => was.replaceWith(now));
    else this.element.replaceChildren(...elements);
  }

  isOpen(id) {
    return this.seen ? this.seen.get(id) === true : this.open.has(id);
  }

  row({ node, level, index, count }) {
    const isOpen = this.isOpen(node.id);
    const others = this.others.get(node.id) ?? [];
    const launched = this.launched[node.id] === undefined ? "" : gettext("Experiment %(name)s", { name: this.launched[node.id] });
    const row = el("li", {
      role: "treeitem", class: launched ? "tree-row tree-launched" : "tree-row", "data-id": node.id, "aria-level": level, "aria-posinset": index + 1, "aria-setsize": count,
      "aria-expanded": node.folder ? String(isOpen) : null, "aria-selected": String(this.selected.has(node.id)),
      "aria-current": this.current === node.id ? "true" : null, "aria-label": node.name + (this.isUnsaved(node.id) ? gettext(", unsaved") : ""),
      "aria-description": [launched, others.length ? hereToo(others) : ""].filter(Boolean).join(" · ") || null,
      tabindex: this.active === node.id ? "0" : "-1", draggable: this.editable ? "true" : null,
      title: node.folder ? node.name : gettext("%(name)s: %(size)s, changed %(when)s", { name: node.name, size: size(node.size), when: moment.format(node.at * 1000) }),
    },
    node.folder ? el("span", { class: "tree-caret" }, icon("caret")) : el("span", { class: "tree-caret" }),
    icon(node.folder ? "folder" : iconOf(node.name)),
    el("bdi", { class: "tree-name" }, node.name),
    launched ? el("span", { class: "tree-experiment", title: launched }, icon("play")) : null,
    node.folder ? null : el("span", { class: "tree-size", "data-shown": size(node.size) }),
    node.folder ? null : el("span", { class: "tree-date", "data-shown": day.format(node.at * 1000) }),
    others.length ? el("span", { class: "initials tree-here", title: hereToo(others), "data-shown": others.length === 1 ? initials(others[0]) : String(others.length) }) : null,
    this.isUnsaved(node.id) ? el("span", { class: "tree-unsaved", title: gettext("Unsaved") }, "●") : null,
    el("button", { type: "button", class: "tree-more", tabindex: "-1", "aria-label": gettext("Actions for %(name)s", { name: node.name }) }, icon("more")));
    row.style.setProperty("--level", level - 1);
    return row;
  }

  // Who has which file open: shown at the file, or at the closed folder that it is in.
  showOthers(byId) {
    this.openBy = byId;
    this.render();
  }

  placeOthers() {
    this.others = new Map();
    for (const [id, names] of Object.entries(this.openBy ?? {})) {
      let seen = this.store.node(Number(id));
      for (let node = seen; node; node = this.store.node(node.parent)) if (node.folder && !this.open.has(node.id)) seen = node;
      if (seen) this.others.set(seen.id, [...new Set([...(this.others.get(seen.id) ?? []), ...names])]);
    }
  }

  rowElement(id) {
    return this.element.querySelector(`[data-id="${id}"]`);
  }

  // Only one row is reached with Tab: the one that had the focus last.
  focused(id) {
    this.element.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    this.active = id;
    this.rowElement(id)?.setAttribute("tabindex", "0");
  }

  focusRow(id, scroll = true) {
    if (id === null) return this.element.focus();
    this.focused(id);
    this.rowElement(id)?.focus({ preventScroll: !scroll });
  }

  select(ids, { active = null } = {}) {
    this.selected = new Set(ids);
    for (const row of this.element.children) {
      const selected = String(this.selected.has(Number(row.dataset.id)));
      if (row.getAttribute("aria-selected") !== selected) row.setAttribute("aria-selected", selected);
    }
    if (active !== null) this.focusRow(active);
    this.dispatchEvent(new Event("select"));
  }

  selection() {
    const ids = this.selected.size ? [...this.selected] : this.active === null ? [] : [this.active];
    return ids.map((id) => this.store.node(id)).filter(Boolean);
  }

  // The folder that something new goes into: the selected folder, or the one around the selected file.
  place() {
    const [node] = this.selection();
    if (!node || !this.selected.size) return null;
    return node.folder ? node.id : node.parent;
  }

  toggle(id, open = !this.open.has(id)) {
    if (open) this.open.add(id);
    else this.open.delete(id);
    this.remember.save([...this.open]);
    this.render();
  }

  reveal(id) {
    for (let node = this.store.node(this.store.node(id)?.parent); node; node = this.store.node(node.parent)) this.open.add(node.id);
    this.remember.save([...this.open]);
    this.active = id;
    this.anchor = id;
    this.selected = new Set([id]);
    this.render();
    this.rowElement(id)?.scrollIntoView({ block: "nearest" });
  }

  setCurrent(id) {
    this.current = id;
    this.render();
  }

  activate(node) {
    if (node.folder) this.toggle(node.id);
    else this.dispatchEvent(new CustomEvent("open", { detail: node }));
  }

  extendTo(id) {
    const ids = this.rows().map((row) => row.node.id);
    const [from, to] = [ids.indexOf(this.anchor ?? id), ids.indexOf(id)].sort((a, b) => a - b);
    this.select(ids.slice(Math.max(0, from), to + 1), { active: id });
  }

  onClick(event) {
    const row = event.target.closest("[data-id]");
    if (!row) return this.select([]);
    const node = this.store.node(Number(row.dataset.id));
    if (!node || event.target.closest("input")) return;
    const more = event.target.closest(".tree-more");
    if (more) {
      if (!this.selected.has(node.id)) this.select([node.id], { active: node.id });
      const box = more.getBoundingClientRect();
      return this.menu(box.left, box.bottom);
    }
    if (event.shiftKey) return this.extendTo(node.id);
    this.anchor = node.id;
    if (event.ctrlKey || event.metaKey) {
      const ids = new Set(this.selected);
      if (!ids.delete(node.id)) ids.add(node.id);
      return this.select(ids, { active: node.id });
    }
    this.select([node.id], { active: node.id });
    this.activate(node);
    if (node.folder) this.focusRow(node.id);
  }

  onContextMenu(event) {
    const row = event.target.closest("[data-id]");
    event.preventDefault();
    const id = row ? Number(row.dataset.id) : null;
    if (id === null) this.select([]);
    else if (!this.selected.has(id)) this.select([id], { active: id });
    let { clientX: x, clientY: y } = event;
    if (row && x === 0 && y === 0) ({ left: x, bottom: y } = row.getBoundingClientRect());
    this.menu(x, y);
  }

  menu(x, y) {
    openMenu(this.actions.list(this.selected.size ? this.selection() : []), {
      x, y, opener: this.rowElement(this.active) ?? this.element, label: gettext("Actions"),
    });
  }

  onKey(event) {
    if (event.target.closest("input")) return;
    const rows = this.rows();
    const at = rows.findIndex((row) => row.node.id === this.active);
    const handled = this.move(event, rows, at) || this.command(event, rows, at) || this.search(event, rows, at);
    if (handled) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  move(event, rows, at) {
    const go = (index) => {
      const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
      if (!row) return true;
      if (event.shiftKey) {
        this.anchor ??= this.active;
        this.extendTo(row.node.id);
      } else {
        this.anchor = row.node.id;
        this.select([row.node.id], { active: row.node.id });
      }
      return true;
    };
    const node = rows[at]?.node;
    switch (event.key) {
      case "ArrowDown": return go(at + 1);
      case "ArrowUp": return go(at - 1);
      case "Home": return go(0);
      case "End": return go(rows.length - 1);
      case "PageDown": return go(at + 12);
      case "PageUp": return go(at - 12);
      case "ArrowRight":
        if (node?.folder && !this.isOpen(node.id)) this.toggle(node.id, true);
        else if (node?.folder && this.store.children(node.id).length) go(at + 1);
        return true;
      case "ArrowLeft":
        if (node?.folder && this.isOpen(node.id) && !this.filter) this.toggle(node.id, false);
        else if (node?.parent) go(rows.findIndex((row) => row.node.id === node.parent));
        return true;
      default: return false;
    }
  }

  command(event, rows, at) {
    const node = rows[at]?.node;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
      this.select(rows.map((row) => row.node.id));
      return true;
    }
    if (event.key === "Enter" && node) {
      this.activate(node);
      return true;
    }
    if (event.key === " " && node && !this.typed.text) {
      const ids = new Set(this.selected);
      if (!ids.delete(node.id)) ids.add(node.id);
      this.select(ids);
      return true;
    }
    if (event.key === "Escape") {
      this.select([]);
      return true;
    }
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      if (node && !this.selected.has(node.id)) this.select([node.id]);
      const box = this.rowElement(this.active)?.getBoundingClientRect();
      if (box) this.menu(box.left + 24, box.bottom);
      return true;
    }
    return this.actions.byKey(event, this.selection(), this.selected.size > 0);
  }

  search(event, rows, at) {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return false;
    const now = Date.now();
    const text = now - this.typed.at < TYPED_WITHIN ? this.typed.text + event.key : event.key;
    this.typed = { text, at: now };
    const wanted = text.toLocaleLowerCase();
    const from = text.length > 1 ? at : at + 1;
    const found = [...rows.slice(from), ...rows.slice(0, from)].find((row) => row.node.name.toLocaleLowerCase().startsWith(wanted));
    if (found) {
      this.anchor = found.node.id;
      this.select([found.node.id], { active: found.node.id });
    }
    return true;
  }

  // Renames in place; `attempt(name)` throws with a sentence when the name is refused.
  rename(node, attempt) {
    const row = this.rowElement(node.id);
    if (!row || this.renaming) return;
    this.renaming = true;
    this.made.delete(node.id); // the row is changed by hand below
    const label = row.querySelector(".tree-name");
    const input = el("input", { class: "tree-input mono", value: node.name, "aria-label": gettext("New name of %(name)s", { name: node.name }), dir: "auto", spellcheck: "false" });
    const error = el("span", { class: "tree-error", role: "alert" });
    row.draggable = false;
    label.replaceWith(input);
    row.append(error);
    const dot = node.folder ? -1 : node.name.lastIndexOf(".");
    input.focus();
    input.setSelectionRange(0, dot > 0 ? dot : node.name.length);
    this.commitRename(node, { input, error, attempt });
  }

  commitRename(node, { input, error, attempt }) {
    let state = "typing"; // "sending", "over"
    let refused = null; // the name that was refused
    const end = (focus) => {
      state = "over";
      this.renaming = false;
      this.render();
      if (focus) this.focusRow(node.id);
    };
    const commit = async (focus) => {
      if (state !== "typing") return;
      if (input.value === node.name || input.value === "") return end(focus);
      state = "sending";
      input.readOnly = true; // a disabled field would lose the focus, and end the renaming before the answer
      const isThere = () => document.activeElement === input; // who went on meanwhile is not called back
      try {
        await attempt(input.value);
        end(focus && isThere());
      } catch (failure) {
        if (failure.status === undefined) throw failure;
        state = "typing";
        refused = input.value;
        input.readOnly = false;
        error.textContent = failure.message;
        input.setAttribute("aria-invalid", "true");
        if (!isThere()) giveUp();
      }
    };
    // Leaving with the refused name keeps the old one, and says so.
    const giveUp = () => {
      toast(gettext("“%(name)s” keeps its name. %(reason)s", { name: node.name, reason: error.textContent }), { kind: "error" });
      end(false);
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.isComposing) return;
      if (event.key === "Enter") commit(true);
      else if (event.key === "Escape" && state === "typing") end(true);
    });
    input.addEventListener("blur", () => {
      if (state !== "typing") return;
      if (input.value === refused) giveUp();
      else commit(false);
    });
  }
}
