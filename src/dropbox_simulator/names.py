"""Paths and names that the simulated Dropbox accepts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.lowercase import dropbox_lower

TEMPORARY_NAME = re.compile(r"~\$.*|\.~.*|~.*\.tmp", re.DOTALL)
"""Names that desktop clients treat as temporary."""


class MalformedPath(Exception):
    """An impossible path; answered as `malformed_path`."""


class DisallowedName(Exception):
    """A name that Dropbox does not store; answered as `disallowed_name`."""


@dataclass(frozen=True)
class Name:
    """One component of a path: as written (in NFC) and as compared."""

    text: str
    key: str


def units(text: str) -> int:
    """Count the UTF-16 units of a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_path(path: str, behaviour: Behaviour) -> list[Name]:
    """Split a path such as `/Study/a.txt` into its names; the empty path is the root."""
    if path == "":
        return []
    if behaviour.max_path_units is not None and units(path) > behaviour.max_path_units:
        raise MalformedPath(path)
    return [parse_name(text, behaviour) for text in path[1:].split("/")]


def parse_name(text: str, behaviour: Behaviour) -> Name:
    """Normalise one name, or raise MalformedPath when it cannot be one."""
    text = unicodedata.normalize("NFC", text)
    if text.endswith(" "):
        if behaviour.trailing_space == "refuse":
            raise MalformedPath(text)
        if behaviour.trailing_space == "strip":
            text = text.rstrip(" ")
    if text in ("", ".", "..") or any(bad in text for bad in "\\\0\x7f"):
        raise MalformedPath(text)
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise MalformedPath(text)
    if not behaviour.emoji and any(ord(character) > 0xFFFF for character in text):
        raise MalformedPath(text)
    if units(text) > behaviour.max_name_units:
        raise MalformedPath(text)
    return Name(text, dropbox_lower(text))


def check_writable(names: list[Name], behaviour: Behaviour) -> None:
    """Raise DisallowedName when a path to be written contains a name that Dropbox does not store."""
    for name in names:
        if name.key in behaviour.disallowed_names:
            raise DisallowedName(name.text)
        if behaviour.temporary_names_disallowed and TEMPORARY_NAME.fullmatch(name.key):
            raise DisallowedName(name.text)


def numbered(name: str, number: int) -> str:
    """Write `name (1).txt` for `name.txt`."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem:
        return f"{name} ({number})"
    return f"{stem} ({number}).{suffix}"
