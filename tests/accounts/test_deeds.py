"""What the deeds of the audit log are called."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import minno_dashboard
from minno_dashboard.accounts.deeds import PHRASES, phrase
from minno_dashboard.accounts.models import AccessCode

SOURCES = Path(minno_dashboard.__file__).parent
# The places of words that are put together: every value that may stand there.
PUT_TOGETHER = {"make {} link": [label.lower() for _, label in AccessCode.Purpose.choices]}


def _words(node: ast.expr, known: dict[str, ast.expr]) -> Iterator[str]:
    """Yield each word that an expression may be; the place of an f-string is `{}`."""
    match node:
        case ast.Constant(value=str(word)):
            yield word
        case ast.IfExp(body=yes, orelse=no):
            yield from [*_words(yes, known), *_words(no, known)]
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
        case ast.Name(id=name) if name in known:
            yield from _words(known[name], known)
        case _:
            yield f"? {ast.unparse(node)}"


def _recorded(path: Path) -> Iterator[str]:
    """Yield the word of each deed that a module records."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        known = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in calls:
            name = ast.unparse(call.func)
            given = [one.value for one in call.keywords if one.arg == "verb"]
            if name in ("record", "audit.record") and given:
                yield from _words(given[0], known)
            elif name == "_record" and path.name == "sharing.py":
                yield from (f"study.{word}" for word in _words(call.args[1], known))


def recorded() -> set[str]:
    """Return the words of all deeds that the product records."""
    found = {word for path in SOURCES.rglob("*.py") for word in _recorded(path)}
    found.discard("study.{}")  # sharing puts it together, and its parts were read where they are given
    for pattern, parts in PUT_TOGETHER.items():
        found.remove(pattern)
        found |= {pattern.format(part) for part in parts}
    return found


def test_every_deed_has_a_phrase_and_every_phrase_a_deed() -> None:
    assert recorded() == set(PHRASES)


def test_no_two_deeds_are_called_alike_and_an_unknown_one_is_called_nothing() -> None:
    phrases = [phrase(verb) for verb in PHRASES]
    assert len(set(phrases)) == len(phrases)
    assert phrase("of an older release") == ""
