// A CSV or TSV file as a table to look at: its first rows and columns, always as text.
import { el, plural } from "./dom.js";
import { extensionOf } from "./extensions.js";
import { gettext } from "../shell/texts.js";

export const MAX_ROWS = 200;
export const MAX_COLUMNS = 100;

export function isTable(name) {
  return ["csv", "tsv"].includes(extensionOf(name));
}

// Tab in a TSV; in a CSV what its first line holds most of outside quotes, as Excel writes semicolons in many countries.
export function delimiterOf(name, text) {
  if (extensionOf(name) === "tsv") return "\t";
  const first = text.split(/\r\n|\n|\r/, 1)[0].replace(/"[^"]*"/g, "");
  const count = (sign) => first.split(sign).length;
  return [",", ";", "\t"].reduce((best, sign) => (count(sign) > count(best) ? sign : best));
}

// The first rows, as RFC 4180 has them, and how many there are in all. A line without anything is no row.
export function rowsOf(text, delimiter, most = MAX_ROWS) {
  const rows = [];
  let [row, cell, isQuoted, total] = [[], "", false, 0];
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || cell) {
      total += 1;
      if (rows.length < most) rows.push(row);
    }
    [row, cell] = [[], ""];
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isQuoted && sign === '"' && text[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (isQuoted) {
      if (sign === '"') isQuoted = false;
      else cell += sign;
    } else if (sign === '"' && cell === "") isQuoted = true;
    else if (sign === delimiter) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && text[at + 1] === "\n") at += 1;
      endRow();
    } else cell += sign;
  }
  endRow();
  return { rows, total };
}

// How much is shown: the heads of the columns are no row of data.
function factsOf(shown, total, columns) {
  const facts = shown < total
    ? gettext("The first %(shown)s of %(total)s rows are shown.", { shown, total })
    : plural(total, "row");
  const cut = columns > MAX_COLUMNS ? gettext("The first %(shown)s of %(total)s columns are shown.", { shown: MAX_COLUMNS, total: columns }) : "";
  return `${facts} ${cut}`.trim();
}

export function tableOf(name, text) {
  const { rows: [heads = [], ...rows], total } = rowsOf(text, delimiterOf(name, text), MAX_ROWS + 1);
  const columns = Math.max(heads.length, ...rows.map((row) => row.length));
  const cells = [...Array(Math.min(columns, MAX_COLUMNS)).keys()];
  const headRow = el("tr", {}, el("th", { scope: "col" }, "#"), ...cells.map((at) => el("th", { scope: "col", dir: "auto" }, heads[at] ?? "")));
  const lines = rows.map((row, index) => el("tr", {}, el("th", { scope: "row" }, String(index + 1)), ...cells.map((at) => el("td", { dir: "auto" }, row[at] ?? ""))));
  return el("div", { class: "table-preview", role: "region", tabindex: 0, "aria-label": gettext("%(name)s as a table", { name }) },
    el("p", { class: "muted" }, factsOf(rows.length, Math.max(0, total - 1), columns)),
    el("table", { class: "table-plain" }, el("thead", {}, headRow), el("tbody", {}, ...lines)));
}
