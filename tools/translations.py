"""Keeps the translations equal to the texts of the sources.

`python -m tools.translations` writes new texts into every `.po` (to be translated there) and compiles them;
`--check` only says what is missing, and fails where something is.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_javascript, extract_python
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from tools import compile_texts

ROOT = compile_texts.ROOT
PACKAGE = ROOT / "src/minno_dashboard"
SCRIPTS = ROOT / "frontend/src"
DOMAINS = ("django", "djangojs")
# Where each function takes the message (and its plural, and its context) from.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACE = re.compile(r"%\((\w+)\)s|%[%sd]|\{\w+\}")
# A number that the plural form itself says ("one file") may be left out there.
MAY_BE_SAID = {"count", "number"}
# Nobody reads these lines of the header, and they would change with Babel.
NOISE = re.compile(
    r'"(?:Project-Id-Version|Report-Msgid-Bugs-To|Last-Translator|Language-Team|Generated-By):.*\n'
)
MARKUP = re.compile(r"""<[^>]*>|[<>"]|&\w+;""")


def _extracted(path: Path) -> Iterator[tuple[str | None, str | tuple[str, ...]]]:
    """Yield (context, message or messages) of one file."""
    raw = path.read_bytes()
    extract = extract_javascript if path.suffix == ".js" else extract_python
    if path.suffix in (".html", ".txt"):
        # Django leaves the calls where they stood; where a line begins means something only to Python.
        lines = templatize(raw.decode(), origin=str(path)).splitlines()
        raw = "\n".join(line.lstrip() for line in lines).encode()
    for _, function, messages, _ in extract(io.BytesIO(raw), KEYWORDS, [], {}):
        if not messages:
            continue  # given by name; the text itself is marked where it stands
        given = [messages] if isinstance(messages, str) else [one for one in messages if one]
        name = str(function)
        context = given.pop(0) if name.startswith(("p", "np")) and given else None
        if name.startswith("n") and len(given) > 1:
            yield context, (given[0], given[1])
        elif given:
            yield context, given[0]


def files(domain: str) -> list[Path]:
    """Return the files whose texts belong to a domain."""
    if domain == "djangojs":
        return sorted(SCRIPTS.rglob("*.js"))
    python = (path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
    pages = (path for path in PACKAGE.rglob("*") if "templates" in path.parts and path.is_file())
    shown = (path for path in pages if path.suffix in (".html", ".txt"))
    return sorted([*python, *shown])


def template(domain: str) -> Catalog:
    """Return all messages of the sources, in the order of their files."""
    catalogue = Catalog(charset="utf-8", fuzzy=False)
    for path in files(domain):
        for context, message in _extracted(path):
            if message:
                catalogue.add(message, locations=[(str(path.relative_to(ROOT)), 0)], context=context)
    return catalogue


def updated(path: Path) -> Catalog:
    """Return a catalogue with the texts of the sources of now: known ones translated, others empty."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parts[-3], domain=path.stem)
    fresh = template(path.stem)
    fresh.creation_date = catalogue.creation_date
    catalogue.update(fresh, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> str:
    """Return a catalogue as the text of its file, without numbers of lines, which change too often."""
    out = io.BytesIO()
    write_po(out, catalogue, width=0, include_lineno=False, ignore_obsolete=True)
    return NOISE.sub("", out.getvalue().decode()).rstrip("\n") + "\n"


def _places(text: str) -> set[str]:
    return {found[0] for found in PLACE.finditer(text)}


def problems_of(message: Message) -> Iterator[str]:
    """Say what is wrong with the translation of one message."""
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
    name = originals[0]
    if message.fuzzy:
        yield f"fuzzy: {name}"
    if not all(texts):
        yield f"not translated: {name}"
        return
    for index, text in enumerate(texts):
        wanted = _places(originals[-1])
        missing, alien = wanted - _places(text), _places(text) - wanted
        if len(texts) > 1 and index < len(texts) - 1:
            missing -= {f"%({one})s" for one in MAY_BE_SAID}
        if missing or alien:
            yield f"other places than in the source ({', '.join(sorted(missing | alien))}): {text}"
        if set(MARKUP.findall(text)) - set(MARKUP.findall(" ".join(originals))):
            yield f"markup or a straight quotation mark that the source does not have: {text}"


def problems() -> Iterator[str]:
    """Say what keeps the translations from being complete."""
    for path in compile_texts.sources():
        shown = path.relative_to(ROOT)
        catalogue = updated(path)
        if written(catalogue) != path.read_text(encoding="utf-8"):
            yield f"{shown}: the sources have other texts; run python -m tools.translations"
        for message in catalogue:
            if message.id:
                for problem in problems_of(message):
                    yield f"{shown}: {problem}"


def main() -> None:
    """Update the catalogues, or check them."""
    settings.configure()
    if "--check" in sys.argv[1:]:
        found = list(problems())
        print("\n".join(found))
        sys.exit(1 if found else 0)
    for path in compile_texts.sources():
        path.write_text(written(updated(path)), encoding="utf-8")
    compile_texts.main()


if __name__ == "__main__":
    main()
