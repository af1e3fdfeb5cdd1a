// Small builders of elements; text always goes in as text.
import { gettext, ngettext } from "../shell/texts.js";

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({
    class: "icon", width: 16, height: 16, fill: "none", stroke: "currentColor", "stroke-width": 1.5,
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", focusable: "false",
  })) svg.setAttribute(key, value);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

export function size(count) {
  if (count < 1024) return ngettext("%(count)s byte", "%(count)s bytes", count, { count });
  const units = [gettext("%(size)s KB"), gettext("%(size)s MB"), gettext("%(size)s GB"), gettext("%(size)s TB")];
  let amount = count / 1024;
  while (amount >= 1024 && units.length > 1) {
    amount /= 1024;
    units.shift();
  }
  const shown = amount >= 100 ? Math.round(amount) : Math.round(amount * 10) / 10;
  return units[0].replace("%(size)s", String(shown));
}

// What is counted; a noun that is not here stays English.
const NOUNS = {
  error: (count) => ngettext("%(count)s error", "%(count)s errors", count),
  file: (count) => ngettext("%(count)s file", "%(count)s files", count),
  item: (count) => ngettext("%(count)s item", "%(count)s items", count),
  "open file": (count) => ngettext("%(count)s open file", "%(count)s open files", count),
  place: (count) => ngettext("%(count)s match", "%(count)s matches", count),
  row: (count) => ngettext("%(count)s row", "%(count)s rows", count),
};

export function plural(count, one, many = `${one}s`) {
  return NOUNS[one]?.(count) ?? `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
