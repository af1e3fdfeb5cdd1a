// Two texts side by side, or in a narrow window one below the other: conflicts of saving, and the history of a file.
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { base, EditorView, readOnly } from "./cm.js";
import { el, icon } from "./dom.js";
import { gettext } from "../shell/texts.js";

const NARROW = 700; // pixels

// Shows both texts; `right` can be edited when `editable`, and `take` then labels the button of each difference that
// puts the left side's lines there. Returns { element, text(), destroy() }.
export function compare(given) {
  return innerWidth < NARROW ? stacked(given) : sideBySide(given);
}

function sideBySide({ name, left, right, leftTitle, rightTitle, editable = false, take }) {
  const titles = el("div", { class: "compare-titles" }, el("div", {}, leftTitle), el("div", {}, rightTitle));
  const body = el("div", { class: "compare-body" });
  const view = new MergeView({
    a: { doc: left, extensions: [base(name, leftTitle), EditorView.lineWrapping, readOnly()] },
    b: { doc: right, extensions: [base(name, rightTitle), EditorView.lineWrapping, editable ? [] : readOnly()] },
    parent: body,
    collapseUnchanged: { margin: 3, minSize: 6 },
    gutter: true,
    ...(editable && take ? { revertControls: "a-to-b", renderRevertControl: () => arrow(take) } : {}),
  });
  return { element: el("div", { class: "compare" }, titles, body), text: () => view.b.state.sliceDoc(), destroy: () => view.destroy() };
}

function arrow(label) {
  // CodeMirror listens for the mouse only.
  const byKey = (event) => event.detail === 0 && event.currentTarget.dispatchEvent(new MouseEvent("mousedown", { bubbles: true }));
  return el("button", { type: "button", class: "compare-take", title: label, "aria-label": label, onclick: byKey }, icon("take"));
}

// The left side's lines stand above those of the right side that replaced them.
function stacked({ name, left, right, leftTitle, rightTitle, editable = false, take }) {
  const titles = el("div", { class: "compare-titles compare-stacked" },
    el("div", { class: "compare-old" }, leftTitle), el("div", { class: "compare-new" }, rightTitle));
  const body = el("div", { class: "compare-body" });
  const button = (kind, action) => {
    if (kind === "accept" || !take) return el("span");
    return el("button", { type: "button", class: "compare-take", title: take, "aria-label": take, onclick: action }, icon("take"));
  };
  const view = new EditorView({
    doc: right,
    parent: body,
    extensions: [
      base(name, gettext("%(left)s; %(right)s", { left: leftTitle, right: rightTitle })), EditorView.lineWrapping, editable ? [] : readOnly(),
      unifiedMergeView({ original: left, gutter: true, mergeControls: editable ? button : false, collapseUnchanged: { margin: 3, minSize: 6 } }),
    ],
  });
  return { element: el("div", { class: "compare" }, titles, body), text: () => view.state.sliceDoc(), destroy: () => view.destroy() };
}
