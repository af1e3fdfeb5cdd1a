// Marks what is not valid JavaScript or JSON: scripts and modules as browsers of today read them.
import { jsonParseLinter } from "@codemirror/lang-json";
import { diagnosticCount, forEachDiagnostic, linter, lintGutter, lintKeymap, nextDiagnostic } from "@codemirror/lint";
import { keymap } from "@codemirror/view";
import { mistakeInWords } from "./phrases.js";

const MOST_CHARACTERS = 1_000_000;
const MODULE = /^[ \t]*(import[\s{*"']|export[\s{*])/m;

// A file is what it parses as: only what is neither a script nor a module has a mistake.
export function mistakeIn(parse, text, mustBeModule) {
  const kinds = mustBeModule ? ["module"] : MODULE.test(text) ? ["module", "script"] : ["script", "module"];
  let first = null;
  for (const sourceType of kinds) {
    try {
      parse(text, { ecmaVersion: "latest", sourceType, allowHashBang: true });
      return null;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      first ??= error;
    }
  }
  return first;
}

function javascript(mustBeModule) {
  return async (view) => {
    const text = view.state.sliceDoc();
    if (text.length > MOST_CHARACTERS) return [];
    const acorn = await import("acorn").catch(() => null); // the server cannot be reached just now
    const mistake = acorn && mistakeIn(acorn.parse, text, mustBeModule);
    if (!mistake) return [];
    const from = Math.min(mistake.pos, view.state.doc.length);
    const to = Math.min(Math.max(mistake.raisedAt ?? from, from + 1), view.state.doc.length);
    return [{ from, to, severity: "error", message: mistakeInWords(mistake.message) }];
  };
}

function json(view) {
  if (view.state.sliceDoc().trim() === "") return [];
  return jsonParseLinter()(view).map((one) => ({ ...one, message: mistakeInWords(one.message) }));
}

export function checks(extension) {
  const source = { js: javascript(false), cjs: javascript(false), mjs: javascript(true), json }[extension];
  return source ? [linter(source, { delay: 400 }), lintGutter(), keymap.of(lintKeymap)] : [];
}

// The first mistake with its line, or null.
export function mistakes(state) {
  let first = null;
  forEachDiagnostic(state, (one, from) => { first ??= { message: one.message, line: state.doc.lineAt(from).number }; });
  return { count: diagnosticCount(state), first };
}

export { diagnosticCount, nextDiagnostic };
