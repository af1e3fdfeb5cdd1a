"""Errors of file operations, named as in Dropbox's unions."""

from __future__ import annotations

from typing import Any


class LookupRefused(Exception):
    """A LookupError: something does not exist, or is of another kind."""

    def __init__(self, tag: str) -> None:
        """Take the tag of the LookupError."""
        super().__init__(tag)
        self.error: dict[str, Any] = {".tag": tag}


class WriteRefused(Exception):
    """A WriteError: something cannot be written."""

    def __init__(self, tag: str, conflict: str | None = None) -> None:
        """Take the tag of the WriteError and, for conflicts, of the conflict."""
        super().__init__(tag if conflict is None else f"{tag}/{conflict}")
        self.error: dict[str, Any] = {".tag": tag}
        if conflict is not None:
            self.error[tag] = {".tag": conflict}


class TooManyFiles(Exception):
    """One operation would affect more files and folders than allowed."""


class RelocationRefused(Exception):
    """A RelocationError of a move or copy, already encoded."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Take the encoded error."""
        super().__init__(str(error))
        self.error = error
