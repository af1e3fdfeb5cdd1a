// The words of CodeMirror and of the parsers, which know English only, in the reader's language.
import { EditorState } from "@codemirror/state";
import { gettext, gettext_noop } from "../shell/texts.js";

// Each phrase that the parts of CodeMirror used here ask for; `$` is where they put a number.
const PHRASES = [
  gettext_noop("Find"), gettext_noop("Replace"), gettext_noop("next"), gettext_noop("previous"), gettext_noop("all"),
  gettext_noop("match case"), gettext_noop("regexp"), gettext_noop("by word"), gettext_noop("replace"), gettext_noop("replace all"),
  gettext_noop("close"), gettext_noop("current match"), gettext_noop("on line"), gettext_noop("replaced match on line $"),
  gettext_noop("replaced $ matches"), gettext_noop("Go to line"), gettext_noop("go"),
  gettext_noop("Folded lines"), gettext_noop("Unfolded lines"), gettext_noop("to"), gettext_noop("folded code"), gettext_noop("unfold"),
  gettext_noop("Fold line"), gettext_noop("Unfold line"), gettext_noop("Completions"), gettext_noop("Selection deleted"),
  gettext_noop("Diagnostics"), gettext_noop("No diagnostics"), gettext_noop("Control character"), gettext_noop("$ unchanged lines"),
];

export const phrases = EditorState.phrases.of(Object.fromEntries(PHRASES.map((one) => [one, gettext(one)])));

// What acorn and the browsers' JSON.parse say most often.
const MISTAKES = [
  gettext_noop("Unexpected token"),
  gettext_noop("Unexpected token '%(found)s', %(text)s is not valid JSON"),
  gettext_noop("Unexpected character '%(found)s'"),
  gettext_noop("Unexpected keyword '%(found)s'"),
  gettext_noop("The keyword '%(found)s' is reserved"),
  gettext_noop("Identifier '%(name)s' has already been declared"),
  gettext_noop("Export '%(name)s' is not defined"),
  gettext_noop("Duplicate export '%(name)s'"),
  gettext_noop("Private field '%(name)s' must be declared in an enclosing class"),
  gettext_noop("Unterminated string constant"),
  gettext_noop("Unterminated template"),
  gettext_noop("Unterminated comment"),
  gettext_noop("Unterminated regular expression"),
  gettext_noop("Invalid regular expression: %(text)s"),
  gettext_noop("Invalid regular expression flag"),
  gettext_noop("Invalid number"),
  gettext_noop("Identifier directly after number"),
  gettext_noop("Assigning to rvalue"),
  gettext_noop("Unsyntactic %(found)s"),
  gettext_noop("Missing catch or finally clause"),
  gettext_noop("Missing initializer in %(found)s declaration"),
  gettext_noop("Illegal newline after throw"),
  gettext_noop("Argument name clash"),
  gettext_noop("'return' outside of function"),
  gettext_noop("'import' and 'export' may only appear at the top level"),
  gettext_noop("Cannot use keyword 'await' outside an async function"),
  gettext_noop("Unexpected end of JSON input"),
  gettext_noop("Unexpected non-whitespace character after JSON"),
  gettext_noop("Expected property name or '}'"),
  gettext_noop("Expected double-quoted property name"),
  gettext_noop("Expected ':' after property name"),
  gettext_noop("Expected ',' or '}' after property value"),
  gettext_noop("Expected ',' or ']' after array element"),
  gettext_noop("Unterminated string"),
  gettext_noop("Bad control character in string literal"),
  gettext_noop("Bad escaped character"),
].map((message) => ({ message, form: form(message) }));

// The pattern of a message, with a group for each of its places.
function form(message) {
  const plain = message.replace(/[.*+?^$|[\]{}\\]/g, "\\$&");
  return new RegExp(`^${plain.replace(/%\((\w+)\)s/g, "(?<$1>.+)")}$`, "s");
}

// The same words from every browser: without the place, which the line mark shows.
function bare(message) {
  const text = message
    .replace(/ \(\d+:\d+\)$/, "")
    .replace(/^JSON\.parse: /, "")
    .replace(/(?<= after JSON) data(?= at line )/, "")
    .replace(/(?: in object)? at line \d+ column \d+ of the JSON data$/, "")
    .replace(/(?: in JSON)? at position \d+(?: \(line \d+ column \d+\))?$/, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// What is code runs its own way inside a sentence.
function apart(text) {
  return document.documentElement.dir === "rtl" ? `\u2068${text}\u2069` : text;
}

export function mistakeInWords(said) {
  const text = bare(said);
  for (const { message, form: pattern } of MISTAKES) {
    const found = pattern.exec(text);
    if (found) return gettext(message, Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, value]) => [name, apart(value)])));
  }
  return gettext("Not valid: %(message)s", { message: apart(text) });
}
