"""Finding words in the files of a tree: bounded in files, bytes and time, letter case aside, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from minno_dashboard.core import clock
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob, Tree
from minno_dashboard.files.queries import listing
from minno_dashboard.files.texts import decode_text

MOST_FILE_BYTES = 2 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024
MOST_SECONDS = 4.0
MOST_HITS = 300
MOST_IN_A_FILE = 50
LONGEST_QUERY = 200
_AROUND = 60  # characters shown before and after


@dataclass(frozen=True, slots=True)
class Hit:
    """One place: `line` counts from 1, `start` and `end` are columns from 0 in the whole line.

    `before`, `match` and `after` are what to show of the line.
    """

    node_id: int
    path: str
    line: int
    start: int
    end: int
    before: str
    match: str
    after: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found; `is_complete` says whether everything was looked at. Only text files of up to 2 MB are."""

    hits: list[Hit]
    is_complete: bool


def find(tree: Tree, query: str) -> Found:
    """Find a query in the lines of a tree's text files, in the order of the page."""
    query = query[:LONGEST_QUERY]
    if not query.strip():
        return Found([], True)
    pattern = _pattern(query)
    hits: list[Hit] = []
    for node_id, path, text in _texts(tree, left := _Left()):
        found = _in_text(pattern, node_id, path, text)
        hits.extend(found[: MOST_HITS - len(hits)])
        if len(hits) >= MOST_HITS:
            return Found(hits, False)
    return Found(hits, not left.is_used_up)


def _pattern(query: str) -> re.Pattern[str]:
    """Return what matches the query however its accents and points are composed."""
    forms = {unicodedata.normalize(form, query) for form in ("NFC", "NFD")}
    return re.compile("|".join(re.escape(one) for one in sorted(forms, key=len, reverse=True)), re.IGNORECASE)


class _Left:
    """How much may still be read."""

    def __init__(self) -> None:
        self._bytes = MOST_BYTES
        self._until = clock.monotonic_seconds() + MOST_SECONDS
        self.is_used_up = False

    def takes(self, size: int) -> bool:
        self._bytes -= size
        self.is_used_up = self._bytes < 0 or clock.monotonic_seconds() > self._until
        return not self.is_used_up


def _texts(tree: Tree, left: _Left) -> Iterator[tuple[int, str, str]]:
    entries = [one for one in listing(tree) if not one.is_folder and 0 < one.size <= MOST_FILE_BYTES]
    entries = [
        one for one in entries if not one.content_type.startswith(("image/", "audio/", "video/", "font/"))
    ]
    for entry in entries:
        if not left.takes(entry.size):
            return
        read = decode_text(store.read_verified(Blob(sha256=entry.sha256, size=entry.size)))
        if read.is_utf8:
            yield entry.id, entry.path, read.text


def _in_text(pattern: re.Pattern[str], node_id: int, path: str, text: str) -> list[Hit]:
    hits: list[Hit] = []
    if not pattern.search(text):
        return hits
    for number, line in enumerate(text.split("\n"), start=1):
        for match in pattern.finditer(line):
            start, end = match.span()
            before, after = line[max(0, start - _AROUND) : start], line[end : end + _AROUND]
            hits.append(
                Hit(node_id, path, number, _column(line, start), _column(line, end), before, match[0], after)
            )
            if len(hits) >= MOST_IN_A_FILE:
                return hits
    return hits


def _column(line: str, index: int) -> int:
    """Return a column as browsers count: in UTF-16 code units."""
    return index if line.isascii() else len(line[:index].encode("utf-16-le")) // 2
