"""Text search in the files of a tree: limited in files, bytes and time, ignoring letter case, in any script.

Words are looked for by `str.find`, whose time grows with the text alone, whatever the words: what a person types
never becomes a pattern of `re`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from minno_dashboard.core import clock
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob, Tree
from minno_dashboard.files.queries import TreeEntry, listing
from minno_dashboard.files.text_format import decode_text

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_BYTES = 64 * 1024 * 1024
MAX_SECONDS = 4.0
MAX_HITS = 300
MAX_IN_A_FILE = 50
MAX_QUERY_LENGTH = 200
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
class SearchResult:
    """Result of a search; `is_complete` is False where a limit ended it. Only text files of up to 2 MB are searched.

    `damaged` are the paths of files whose stored bytes are damaged, which could not be searched.
    """

    hits: list[Hit]
    is_complete: bool
    damaged: list[str] = field(default_factory=list)


def find(tree: Tree, query: str) -> SearchResult:
    """Find a query in the lines of a tree's text files, in the order of the page."""
    words = _forms(query[:MAX_QUERY_LENGTH])
    if not words:
        return SearchResult([], True)
    hits: list[Hit] = []
    damaged: list[str] = []
    left = _Left()
    for entry in _searchable(tree):
        if not left.takes(entry.size):
            break
        try:
            content = store.read_verified(Blob(sha256=entry.sha256, size=entry.size))
        except store.DamagedBlob:
            damaged.append(entry.path)
            continue
        read = decode_text(content)
        if read.is_utf8:
            hits.extend(_in_text(words, entry, read.text)[: MAX_HITS - len(hits)])
        if len(hits) >= MAX_HITS:
            return SearchResult(hits, False, damaged)
    return SearchResult(hits, not left.is_used_up, damaged)


def _forms(query: str) -> list[str]:
    """Return the Unicode forms of the query to search for, in lower case.

    A query of more than one line is in no line.
    """
    if not query.strip() or "\n" in query:
        return []
    return sorted({_lower(unicodedata.normalize(form, query)) for form in ("NFC", "NFD")}, key=len)


def _lower(text: str) -> str:
    """Return the text in lower case with the same length; the two letters that change length are replaced first."""
    if text.isascii():
        return text.lower()
    return text.replace("İ", "i").lower().replace("ς", "σ")


class _Left:
    """Remaining limits of a search."""

    def __init__(self) -> None:
        self._bytes = MAX_BYTES
        self._until = clock.monotonic_seconds() + MAX_SECONDS
        self.is_used_up = False

    def takes(self, size: int) -> bool:
        self._bytes -= size
        self.is_used_up = self._bytes < 0 or clock.monotonic_seconds() > self._until
        return not self.is_used_up


def _searchable(tree: Tree) -> Iterator[TreeEntry]:
    for one in listing(tree):
        is_text = not one.content_type.startswith(("image/", "audio/", "video/", "font/"))
        if not one.is_folder and 0 < one.size <= MAX_FILE_BYTES and is_text:
            yield one


def _in_text(words: list[str], entry: TreeEntry, text: str) -> list[Hit]:
    lowered = _lower(text)
    place = _Place(text)
    hits: list[Hit] = []
    for start, end in _places(words, lowered):
        line, first = place.line_of(start)
        stop = text.find("\n", end, end + _AROUND)
        hits.append(
            Hit(
                entry.id,
                entry.path,
                line,
                place.column(start),
                place.column(end),
                text[max(first, start - _AROUND) : start],
                text[start:end],
                text[end : end + _AROUND if stop < 0 else stop],
            )
        )
        if len(hits) >= MAX_IN_A_FILE:
            break
    return hits


def _places(words: list[str], lowered: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each match, in order."""
    following = {word: lowered.find(word) for word in words}
    while ahead := {word: at for word, at in following.items() if at >= 0}:
        word = min(ahead, key=lambda one: (ahead[one], -len(one)))
        start, end = ahead[word], ahead[word] + len(word)
        yield start, end
        following = {
            one: lowered.find(one, end) if 0 <= following[one] < end else following[one] for one in words
        }


class _Place:
    """Converts positions in a text, given in order, into lines and columns; the text is read once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_ascii = text.isascii()
        self._line, self._first = 1, 0
        self._at, self._column = 0, 0

    def line_of(self, at: int) -> tuple[int, int]:
        """Return the number of the line, from 1, and where in the text it begins."""
        if ends := self._text.count("\n", self._at, at):
            self._line += ends
            self._first = self._text.rindex("\n", self._at, at) + 1
            self._at, self._column = self._first, 0
        return self._line, self._first

    def column(self, at: int) -> int:
        """Return a column of the present line as browsers count: in UTF-16 code units."""
        between = self._text[self._at : at]
        self._column += len(between) if self._is_ascii else len(between.encode("utf-16-le")) // 2
        self._at = at
        return self._column
