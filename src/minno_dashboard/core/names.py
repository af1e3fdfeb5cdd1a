"""Names that every file system and Dropbox accept, and when two names are one.

The limits and refusals are those of Dropbox and Windows together, so that a study can be mirrored, downloaded and
unpacked anywhere under exactly the names its researcher gave.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Sequence

from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.lowercase import LOWER

LONGEST_NAME_BYTES = 255
"""The most bytes of UTF-8 in a name: Linux counts bytes; Dropbox and Windows allow 255 UTF-16 units, never fewer."""

LONGEST_PATH_BYTES = 900
"""The most bytes of UTF-8 in a path inside a study: macOS stops at 1,024 for the whole path."""

DEEPEST_PATH = 60
"""The most names in a path inside a study; Dropbox stops at 300 names, most programs far earlier."""

_FORBIDDEN = frozenset('/\\<>:"|?*')
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"]
)
_IGNORED = frozenset(["desktop.ini", "thumbs.db", ".ds_store", "icon\r"])
_TEMPORARY = re.compile(r"~\$.*|\.~.*|~.*\.tmp", re.DOTALL)


def clean(name: str) -> str:
    """Return the name as it is stored and shown: in Unicode's composed form (NFC)."""
    return unicodedata.normalize("NFC", name)


def fold(name: str) -> str:
    """Return what Dropbox compares names by: two names are one there exactly when their folds are equal."""
    return clean(name).translate(LOWER)


def check(name: str, *, longest_bytes: int = LONGEST_NAME_BYTES) -> str:
    """Return the cleaned name of a file, folder or study.

    Raises:
        Invalid: Dropbox or Windows cannot hold it; the sentence says which character or rule is the problem.
    """
    name = clean(name)
    if problem := _problem(name, longest_bytes):
        raise Invalid(problem)
    return name


def check_path(parts: Sequence[str]) -> list[str]:
    """Return the cleaned names of a path inside a study, each checked, and the whole for depth and length.

    Raises:
        Invalid: a name is refused, or the path is too deep or too long.
    """
    cleaned = [check(part) for part in parts]
    check_depth(cleaned)
    return cleaned


def check_depth(parts: Sequence[str]) -> None:
    """Check only depth and length of a path whose names are known to be good.

    Raises:
        Invalid: the path is too deep or too long.
    """
    if len(parts) > DEEPEST_PATH:
        raise Invalid(
            f"{quoted(parts[-1])} would lie {len(parts)} folders deep; at most {DEEPEST_PATH} are possible."
        )
    if path_bytes(parts) > LONGEST_PATH_BYTES:
        raise Invalid(
            f"The path of {quoted(parts[-1])} would be too long for other computers:"
            f" {path_bytes(parts)} bytes of at most {LONGEST_PATH_BYTES}. Shorten the name of a folder above it."
        )


def path_bytes(parts: Iterable[str]) -> int:
    """Return the length of a path in bytes of UTF-8, one slash before each name."""
    return sum(len(part.encode("utf-8", "surrogatepass")) + 1 for part in parts)


def is_good(name: str) -> bool:
    """Say whether `check` would accept the name."""
    return not _problem(clean(name), LONGEST_NAME_BYTES)


def twin(name: str, existing: str) -> str:
    """Return the sentence that refuses `name` where `existing`, equal under `fold`, is already."""
    if clean(name) == clean(existing):
        return f"There is a {quoted(existing)} here already. Choose another name."
    return (
        f"{quoted(clean(name))} and {quoted(existing)}, which is here already, differ only in upper and lower case;"
        " Dropbox and many computers hold them for one. Choose another name."
    )


def quoted(name: str) -> str:
    """Return the name in quotation marks for a sentence, with invisible characters spelt out and a long one cut."""
    shown = "".join(character if character.isprintable() else _spelt(character) for character in name)
    return f"“{shown if len(shown) <= 80 else shown[:77] + '…'}”"


def numbered(name: str, number: int) -> str:
    """Return `name (2).txt` for `name.txt`, cut so that it stays within the longest name."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > 20:
        stem, dot, ending = name, "", ""
    tail = f" ({number}){dot}{ending}"
    return cut(stem, LONGEST_NAME_BYTES - len(tail.encode("utf-8"))).rstrip(" ") + tail


def free(taken: Container[str], name: str) -> str:
    """Return the name, or `name (2)`, `name (3)` … the first whose fold is not among the folds that are taken."""
    candidate, number = name, 1
    while fold(candidate) in taken:
        number += 1
        candidate = numbered(name, number)
    return candidate


def cut(name: str, longest_bytes: int) -> str:
    """Return the longest beginning of the name that fits into so many bytes of UTF-8."""
    raw = name.encode("utf-8")
    return name if len(raw) <= longest_bytes else raw[:longest_bytes].decode("utf-8", "ignore")


def _problem(name: str, longest_bytes: int) -> str:
    """Return the sentence that says why a cleaned name is refused, "" when it is good."""
    if not name.strip():
        return "A name is needed: this one is empty."
    return _bad_character(name) or _bad_ends(name) or _reserved(name) or _too_long(name, longest_bytes)


def _bad_character(name: str) -> str:
    for character in name:
        if character in _FORBIDDEN:
            return f"The name {quoted(name)} contains {character} , which Windows or Dropbox cannot hold in a name."
        category = unicodedata.category(character)
        if category == "Cc":
            return f"The name {quoted(name)} contains the control character {_spelt(character)}; remove it."
        if category == "Cs":
            return f"The name {quoted(name)} contains half a character ({_spelt(character)}); type it anew."
    return ""


def _bad_ends(name: str) -> str:
    if name in (".", ".."):
        return f"{quoted(name)} means a folder itself or the one above; it cannot be a name."
    if name[0].isspace():
        return f"The name {quoted(name)} begins with a space, which Windows drops; remove it."
    if name[-1].isspace():
        return f"The name {quoted(name)} ends with a space, which Dropbox drops; remove it."
    if name[-1] == ".":
        return f"The name {quoted(name)} ends with a dot, which Windows drops; remove it."
    return ""


def _reserved(name: str) -> str:
    key = fold(name)
    if key.split(".")[0].rstrip(" ") in _DEVICES:
        return f"{quoted(name)} is the name of a device on Windows, where no file can have it. Choose another name."
    if key in _IGNORED or key.startswith(".dropbox"):
        return f"{quoted(name)} is a name Dropbox keeps for itself or ignores. Choose another name."
    if _TEMPORARY.fullmatch(key):
        return f"{quoted(name)} looks like a temporary file, which Dropbox ignores. Choose another name."
    return ""


def _too_long(name: str, longest_bytes: int) -> str:
    length = len(name.encode("utf-8"))
    if length > longest_bytes:
        return f"The name {quoted(name)} is too long: {length} bytes of at most {longest_bytes}."
    return ""


def _spelt(character: str) -> str:
    return f"U+{ord(character):04X}"
