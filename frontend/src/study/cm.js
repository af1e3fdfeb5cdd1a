// CodeMirror as this product sets it up.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { css } from "@codemirror/lang-css";
import { html } from "@codemirror/lang-html";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  crosshairCursor, drawSelection, dropCursor, EditorView, highlightActiveLine, highlightActiveLineGutter,
  highlightSpecialChars, keymap, lineNumbers, rectangularSelection,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { checks, diagnosticCount } from "./check.js";
import { phrases } from "./phrases.js";
import { el } from "./dom.js";
import { extensionOf } from "./extensions.js";
import { snippetSource } from "./snippets.js";
import { gettext } from "../shell/texts.js";

const LANGUAGES = {
  js: javascript, mjs: javascript, cjs: javascript, jsx: () => javascript({ jsx: true }),
  ts: () => javascript({ typescript: true }), tsx: () => javascript({ jsx: true, typescript: true }),
  json, html, htm: html, jst: html, svg: html, xml: html, css, md: markdown, markdown,
};

// A line of prose begins where its script begins; a line of code at the left, whatever its comments say.
const prose = EditorView.theme({ ".cm-line": { unicodeBidi: "plaintext" } });
const PROSE = ["", "txt", "md", "markdown", "csv", "tsv", "log"];

function language(name) {
  const make = LANGUAGES[extensionOf(name)];
  return make ? make() : [];
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  { tag: [tags.comment, tags.meta], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.tagName, tags.heading], color: "var(--code-tag)", fontWeight: "600" },
  { tag: [tags.propertyName, tags.attributeName, tags.definition(tags.propertyName)], color: "var(--code-name)" },
  { tag: [tags.function(tags.variableName), tags.className, tags.typeName], color: "var(--code-function)" },
  { tag: tags.link, color: "var(--accent)", textDecoration: "underline" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--ground)", color: "var(--ink)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--bs-font-monospace)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--ground)", color: "var(--ink-2)", borderInlineEnd: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "var(--code-line)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--code-line)", color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--code-selection)" },
  ".cm-selectionMatch": { backgroundColor: "var(--code-match)" },
  ".cm-searchMatch": { backgroundColor: "var(--code-match)", outline: "1px solid var(--warn)" },
  ".cm-panels": { backgroundColor: "var(--ground-2)", color: "var(--ink)", direction: document.documentElement.dir || "ltr" },
  ".cm-panel.cm-search input[type=checkbox]": { margin: ".2em", marginInlineEnd: ".4em" },
  ".cm-panel.cm-search [name=close], .cm-panel.cm-panel-lint [name=close], .cm-dialog-close": { right: "auto", insetInlineEnd: "4px", minWidth: "24px", minHeight: "24px", color: "inherit" },
  ".cm-diagnosticText": { unicodeBidi: "plaintext" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-textfield": { direction: "ltr", backgroundColor: "var(--ground)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "4px" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--ground)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "4px" },
  ".cm-tooltip": { backgroundColor: "var(--ground)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-diagnostic-error": { borderInlineStart: "4px solid var(--bad)", borderLeft: "none" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--ink)" },
  ".cm-completionLabel, .cm-completionDetail": { unicodeBidi: "isolate" },
  ".cm-completionDetail": { color: "var(--ink-2)", fontStyle: "normal" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-snippetField": { backgroundColor: "var(--code-match)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--ground-2)", color: "var(--ink-2)", border: "1px solid var(--line)" },
  ".cm-changedLine": { backgroundColor: "var(--diff-changed) !important" },
  ".cm-deletedChunk": { backgroundColor: "var(--diff-deleted)" },
  ".cm-changedText": { background: "var(--diff-text) !important" },
  "&.cm-merge-a .cm-changedLine": { backgroundColor: "var(--diff-deleted) !important" },
  "&.cm-merge-a .cm-changedText": { background: "var(--diff-old) !important" },
});

export function nonce() {
  return document.querySelector("script[nonce]")?.nonce ?? "";
}

// By its number, which is the same in every language; CodeMirror's own names are English.
function specialCharacter(code, _, shown) {
  const words = gettext("Control character") + " U+" + code.toString(16).toUpperCase().padStart(4, "0");
  return el("span", { class: "cm-specialChar", title: words, "aria-label": words }, shown);
}

// What an editor and a comparison have in common.
export function base(name, label) {
  return [
    EditorView.cspNonce.of(nonce()),
    phrases,
    // Only \n ends a line here, so that whatever else is in a file comes back byte for byte.
    EditorState.lineSeparator.of("\n"),
    EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
    EditorState.tabSize.of(4),
    indentUnit.of("    "),
    lineNumbers(),
    highlightSpecialChars({ render: specialCharacter }),
    drawSelection(),
    EditorView.perLineTextDirection.of(true),
    syntaxHighlighting(colours, { fallback: true }),
    bracketMatching(),
    look,
    EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label ?? name, spellcheck: "false", autocorrect: "off", autocapitalize: "off" }),
    language(name),
    PROSE.includes(extensionOf(name)) ? prose : [],
  ];
}

export function readOnly() {
  return [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ "aria-readonly": "true" }), keymap.of(searchKeymap), search()];
}

export function makeState({ name, text, kind, editable, onChange, onMove, onCheck }) {
  const extension = extensionOf(name);
  const pieces = [{ autocomplete: snippetSource({ extension, kind }) }]; // one source for as long as the text lives
  const shared = [
    base(name, gettext("Text of %(name)s", { name })),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update);
      if (update.docChanged || update.selectionSet) onMove(update.state);
      if (update.docChanged || diagnosticCount(update.state) !== diagnosticCount(update.startState)) onCheck(update.state);
    }),
  ];
  const writing = [
    history(), foldGutter(), dropCursor(), EditorState.allowMultipleSelections.of(true), indentOnInput(), closeBrackets(), autocompletion(),
    rectangularSelection(), crosshairCursor(), highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), search(),
    EditorState.languageData.of(() => pieces), checks(extension),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, indentWithTab]),
  ];
  return EditorState.create({ doc: text, extensions: [shared, editable ? writing : readOnly()] });
}

export { EditorState, EditorView };
