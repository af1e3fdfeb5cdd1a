// What needs CodeMirror, in one piece that is loaded when the first text is shown.
export { mistakes, nextDiagnostic } from "./check.js";
export { EditorView, makeState } from "./cm.js";
export { compare } from "./compare.js";
export { insert, piecesFor } from "./snippets.js";
