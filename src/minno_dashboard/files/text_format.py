"""Decodes text for the editor, and encodes it with the file's own conventions (byte order mark, line ends)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Newline = Literal["\n", "\r\n", "\r", "mixed"]

_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = re.compile("\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file's text with its conventions.

    With one kind of line end, `text` has plain `\\n`; with mixed ones it keeps them all as they are. Bytes that are
    not UTF-8 are shown with replacement characters, `is_utf8` is False, and they must never be written back.
    """

    text: str
    bom: bool
    newline: Newline
    is_utf8: bool


def decode_text(content: bytes) -> TextFile:
    """Read bytes as text."""
    bom = content.startswith(_BOM)
    body = content.removeprefix(_BOM)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return TextFile(body.decode("utf-8", "replace"), bom, "mixed", False)
    if "\0" in text:
        return TextFile(text, bom, "mixed", False)
    ends = set(_LINE_ENDS.findall(text))
    if len(ends) > 1:
        return TextFile(text, bom, "mixed", True)
    newline: Newline = ends.pop() if ends else "\n"
    return TextFile(_LINE_ENDS.sub("\n", text), bom, newline, True)


def encode_text(text: str, *, bom: bool, newline: Newline) -> bytes:
    """Return the bytes of an edited text under the conventions its file had.

    A browser's text box sends `\\r\\n` for every line end: with one kind of line end all become that kind; with mixed
    ones the text is written as it comes.
    """
    if newline != "mixed":
        text = _LINE_ENDS.sub(newline, text)
    return (_BOM if bom else b"") + text.encode("utf-8")
