"""Names that every file system and Dropbox accept, and when two names are equal for Dropbox.

The limits and refusals are those of Dropbox and Windows together, so that a study can be mirrored, downloaded and
unpacked anywhere under exactly the names its researcher gave.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Sequence

from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.lowercase import LOWER
from minno_dashboard.core.translation import gettext

MAX_NAME_BYTES = 255
"""The most bytes of UTF-8 in a name: Linux counts bytes; Dropbox and Windows allow 255 UTF-16 units, never fewer."""

MAX_PATH_BYTES = 900
"""The most bytes of UTF-8 in a path inside a study: macOS stops at 1,024 for the whole path."""

MAX_PATH_DEPTH = 60
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
    """Return the key by which Dropbox compares names: equal keys are the same name there."""
    return clean(name).translate(LOWER)


def check(name: str, *, longest_bytes: int = MAX_NAME_BYTES) -> str:
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
    if len(parts) > MAX_PATH_DEPTH:
        raise Invalid(
            gettext("%(quoted)s would be %(count)s folders deep; the maximum is %(deepest_path)s.")
            % {"quoted": quoted(parts[-1]), "count": len(parts), "deepest_path": MAX_PATH_DEPTH}
        )
    if path_bytes(parts) > MAX_PATH_BYTES:
        raise Invalid(
            gettext(
                "The path of %(quoted)s would be too long for other computers: %(path_bytes)s bytes; "
                "the maximum is %(longest_path_bytes)s. Shorten the name of a folder above it."
            )
            % {
                "quoted": quoted(parts[-1]),
                "path_bytes": path_bytes(parts),
                "longest_path_bytes": MAX_PATH_BYTES,
            }
        )


def path_bytes(parts: Iterable[str]) -> int:
    """Return the length of a path in bytes of UTF-8, one slash before each name."""
    return sum(len(part.encode("utf-8", "surrogatepass")) + 1 for part in parts)


def is_good(name: str) -> bool:
    """Return whether `check` would accept the name."""
    return not _problem(clean(name), MAX_NAME_BYTES)


def twin(name: str, existing: str) -> str:
    """Return the sentence that refuses `name` because `existing`, with the same `fold`, exists."""
    if clean(name) == clean(existing):
        return gettext("There is a %(existing)s here already. Choose another name.") % {
            "existing": quoted(existing)
        }
    return gettext(
        "%(quoted)s and %(existing)s, which already exists here, differ only in upper and "
        "lower case; Dropbox and many computers treat them as one name. Choose another name."
    ) % {"quoted": quoted(clean(name)), "existing": quoted(existing)}


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
    return cut(stem, MAX_NAME_BYTES - len(tail.encode("utf-8"))).rstrip(" ") + tail


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
    """Return why a cleaned name is refused, as a sentence; "" when it is accepted."""
    if not name.strip():
        return gettext("The name is empty. Enter a name.")
    return _bad_character(name) or _bad_ends(name) or _reserved(name) or _too_long(name, longest_bytes)


def _bad_character(name: str) -> str:
    for character in name:
        if character in _FORBIDDEN:
            return gettext(
                "The name %(name)s contains %(character)s , which Windows or Dropbox does not allow in names."
            ) % {"name": quoted(name), "character": character}
        category = unicodedata.category(character)
        if category == "Cc":
            return gettext("The name %(name)s contains the control character %(spelt)s; remove it.") % {
                "name": quoted(name),
                "spelt": _spelt(character),
            }
        if category == "Cs":
            return gettext("The name %(name)s contains half a character (%(spelt)s); type it again.") % {
                "name": quoted(name),
                "spelt": _spelt(character),
            }
    return ""


def _bad_ends(name: str) -> str:
    if name in (".", ".."):
        return gettext(
            "%(name)s stands for a folder itself or the one above it, so it cannot be used as a name."
        ) % {"name": quoted(name)}
    if name[0].isspace():
        return gettext("The name %(name)s begins with a space, which Windows drops; remove it.") % {
            "name": quoted(name)
        }
    if name[-1].isspace():
        return gettext("The name %(name)s ends with a space, which Dropbox drops; remove it.") % {
            "name": quoted(name)
        }
    if name[-1] == ".":
        return gettext("The name %(name)s ends with a dot, which Windows drops; remove it.") % {
            "name": quoted(name)
        }
    return ""


def _reserved(name: str) -> str:
    key = fold(name)
    if key.split(".")[0].rstrip(" ") in _DEVICES:
        return gettext(
            "%(name)s is a reserved device name on Windows, so no file can use it. Choose another name."
        ) % {"name": quoted(name)}
    if key in _IGNORED or key.startswith(".dropbox"):
        return gettext("%(name)s is a name that Dropbox reserves or ignores. Choose another name.") % {
            "name": quoted(name)
        }
    if _TEMPORARY.fullmatch(key):
        return gettext(
            "%(name)s looks like a temporary file, which Dropbox ignores. Choose another name."
        ) % {"name": quoted(name)}
    return ""


def _too_long(name: str, longest_bytes: int) -> str:
    length = len(name.encode("utf-8"))
    if length > longest_bytes:
        return gettext(
            "The name %(name)s is too long: %(length)s bytes; the maximum is %(longest_bytes)s."
        ) % {
            "name": quoted(name),
            "length": length,
            "longest_bytes": longest_bytes,
        }
    return ""


def _spelt(character: str) -> str:
    return f"U+{ord(character):04X}"
