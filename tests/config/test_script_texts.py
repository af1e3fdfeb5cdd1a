"""What scripts say to people is marked for translation; read from their sources, without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from babel.messages import jslexer

from tools import translations

# Where a script's words are no text for people: names of classes and keys, what is compared, what a browser reads,
# errors for whoever programs a study, style sheets.
NOT_SHOWN = re.compile(
    r"(?:thrownewError|STYLE|class|className|case|includes|key|sandbox|PERMISSIONS|plural|[=!]==)[:=(,]*$"
)
WORDS = re.compile(r"(?<![\w-])(?:[A-Z][a-z]+(?=[ .:,…]|$)|[a-z]+ [a-z]+(?![\w-]))")
CODE = re.compile(
    r"var\(--|\.cm-|minno\.log\(|^(?:Content-Type|Mac|Del|Delete|Enter|Ctrl-|Control\+|open file)$"
)
MARKED = {"gettext", "ngettext", "gettext_noop"}


def in_places(place: re.Match[str]) -> str:
    """Return the texts that stand inside of a place of a text."""
    return " ".join(re.findall(r'"([^"]*)"', place[1]))


def unmarked(source: str) -> Iterator[str]:
    """Yield each text of a script that looks like one for people and is not marked for translation."""
    inside: list[bool] = []  # for each open bracket: whether it is that of a marking call
    before = ""
    for token in jslexer.tokenize(source, jsx=False):
        if token.value in ("(", "[", "{"):
            inside.append(token.value == "(" and before.endswith(tuple(MARKED)))
        elif token.value in (")", "]", "}") and inside:
            inside.pop()
        elif token.type in ("string", "template_string") and not (inside and inside[-1]):
            text = re.sub(r"\$\{(.*?)\}", in_places, token.value[1:-1], flags=re.DOTALL)
            if WORDS.search(text) and not CODE.search(text) and not NOT_SHOWN.search(before):
                yield f"line {token.lineno}: {text}"
        before = (before + token.value)[-40:]


def test_no_script_has_a_bare_english_text() -> None:
    found = {
        str(path.relative_to(translations.SCRIPTS)): texts
        for path in translations.files("djangojs")
        if (texts := list(unmarked(path.read_text(encoding="utf-8"))))
    }
    assert found == {}, json.dumps(found, indent=1, ensure_ascii=False)


def test_the_reader_of_scripts_sees_what_is_not_marked() -> None:
    bad = 'panel("Two texts"); el("p", { class: "btn btn-sm", title: "Gone for good" }, gettext("Fine text"), "is not", `Not found: ${name}`);'
    seen = [text.partition(": ")[2] for text in unmarked(bad)]
    assert seen == ["Two texts", "Gone for good", "is not", "Not found: "]


def test_every_phrase_of_the_editor_s_library_is_known() -> None:
    library = translations.ROOT / "frontend/node_modules/@codemirror"
    asked = {
        phrase
        for path in library.glob("*/dist/index.js")
        for call in re.findall(r"\bphrase\(([^()]*)", path.read_text(encoding="utf-8"))
        for phrase in re.findall(r'"([^"]+)"', call)
    }
    assert "Go to line" in asked
    # Buttons of comparisons that are not used here.
    asked -= {"Accept", "Reject", "Revert this chunk"}
    source = (translations.SCRIPTS / "study/phrases.js").read_text(encoding="utf-8")
    assert asked - set(re.findall(r'gettext_noop\("([^"]+)"\)', source)) == set()
