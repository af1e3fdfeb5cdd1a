// Two texts side by side: conflicts of saving, and the history of a file.
import { MergeView } from "@codemirror/merge";
import { base, EditorView, readOnly } from "./cm.js";
import { el } from "./dom.js";

// Shows both texts; `right` can be edited when `editable`. Returns { element, text(), destroy() }.
export function compare({ name, left, right, leftTitle, rightTitle, editable = false }) {
  const titles = el("div", { class: "compare-titles" }, el("div", {}, leftTitle), el("div", {}, rightTitle));
  const body = el("div", { class: "compare-body" });
  const view = new MergeView({
    a: { doc: left, extensions: [base(name, leftTitle), EditorView.lineWrapping, readOnly()] },
    b: { doc: right, extensions: [base(name, rightTitle), EditorView.lineWrapping, editable ? [] : readOnly()] },
    parent: body,
    collapseUnchanged: { margin: 3, minSize: 6 },
    gutter: true,
  });
  return { element: el("div", { class: "compare" }, titles, body), text: () => view.b.state.sliceDoc(), destroy: () => view.destroy() };
}
