"""Names that the mirror gives: to studies of the same name, to files renamed aside, to deleted files.

Every function is deterministic. `is_taken` says of a folded name whether something has it, or is to have it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from itertools import count

from minno_dashboard.core.names import MAX_NAME_BYTES, clean, fold

Taken = Callable[[str], bool]

_ASIDE = re.compile(r" \(changed in Dropbox \d{4}-\d\d-\d\d(?: \d+)?\)$")
_DAY = re.compile(r"\d{4}-[01]\d-[0-3]\d")
_EMPTIED = re.compile(r"emptied \d{4}-[01]\d-[0-3]\d .*", re.DOTALL)


def unique_study_names(studies: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Give each study (id, name) of one user its folder's name: where names clash, the lowest id keeps the plain one.

    The others get ` (2)`, ` (3)` … by rising id, never a name that is another study's own.
    """
    ordered = sorted((id, clean(name)) for id, name in studies)
    names: dict[int, str] = {}
    taken: set[str] = set()
    for id, name in ordered:
        if fold(name) not in taken:
            names[id] = name
            taken.add(fold(name))
    for id, name in ordered:
        if id not in names:
            names[id] = numbered(name, "", taken.__contains__, first=2)
            taken.add(fold(names[id]))
    return names


def aside(name: str, *, is_folder: bool, today: str, is_taken: Taken) -> str:
    """Return the new name of a user's file in one of our places: `name (changed in Dropbox 2026-11-23).js`."""
    stem, suffix = (name, "") if is_folder else split(name)
    return numbered(stem, suffix, is_taken, remark=f"changed in Dropbox {today}")


def is_aside(name: str) -> bool:
    """Return whether a file has a name that `aside` gave."""
    stem, _ = split(name)
    return _ASIDE.search(stem) is not None


def deleted(name: str, *, is_folder: bool, today: str, is_taken: Taken) -> str:
    """Return the name in the folder of deleted files: `2026-11-23 name.js`, then `2026-11-23 name (2).js`."""
    stem, suffix = (name, "") if is_folder else split(name)
    return numbered(f"{today} {stem}", suffix, is_taken)


def day_of_deletion(name: str) -> str:
    """Return the ISO date that begins a name in the folder of deleted files, "" where there is none."""
    day, space, _ = name.partition(" ")
    return day if space and _DAY.fullmatch(day) else ""


def emptied(name: str, *, today: str, is_taken: Taken) -> str:
    """Return the name in the folder of deleted files of a folder that is being emptied: `Emptied 2026-11-23 name`."""
    return numbered(f"Emptied {today} {name}", "", is_taken)


def is_emptied(name: str) -> bool:
    """Return whether a name in the folder of deleted things is one that `emptied` gives."""
    return _EMPTIED.fullmatch(fold(name)) is not None


def temporary(key: str, *, is_taken: Taken) -> str:
    """Return a name for the time between two moves; it tells what the node is, in case it stays."""
    return numbered(f"moving-{hashlib.sha256(key.encode()).hexdigest()[:12]}.minno", "", is_taken)


def split(name: str) -> tuple[str, str]:
    """Split a file name into stem and suffix; a leading dot begins no suffix, and a long suffix counts as none."""
    stem, dot, suffix = name.rpartition(".")
    if not stem.strip(".") or not dot or len(suffix.encode()) > 16:
        return name, ""
    return stem, dot + suffix


def numbered(stem: str, suffix: str, is_taken: Taken, *, remark: str = "", first: int = 1) -> str:
    """Return the first free one of `stem (remark).js`, `stem (remark 2).js` …, with the stem cut to fit."""
    names = (_numbered(stem, suffix, remark, number) for number in count(first))
    return next(name for name in names if not is_taken(fold(name)))


def _numbered(stem: str, suffix: str, remark: str, number: int) -> str:
    words = [word for word in (remark, str(number) if number > 1 else "") if word]
    tail = (f" ({' '.join(words)})" if words else "") + suffix
    return _cut(stem, MAX_NAME_BYTES - len(tail.encode())) + tail


def _cut(text: str, longest_bytes: int) -> str:
    """Cut a text to a number of bytes of UTF-8, between characters, without a trailing space."""
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= longest_bytes:
        return text
    return encoded[:longest_bytes].decode("utf-8", "ignore").rstrip(" .")
