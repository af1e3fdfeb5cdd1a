"""The refusals of file operations, as Dropbox's unions name them."""

from __future__ import annotations

from typing import Any


class LookupRefused(Exception):
    """Something is not there, or not what was asked for: a LookupError."""

    def __init__(self, tag: str) -> None:
        """Name the tag of the LookupError."""
        super().__init__(tag)
        self.error: dict[str, Any] = {".tag": tag}


class WriteRefused(Exception):
    """Something cannot be written: a WriteError."""

    def __init__(self, tag: str, conflict: str | None = None) -> None:
        """Name the tag of the WriteError and, for conflicts, with what."""
        super().__init__(tag if conflict is None else f"{tag}/{conflict}")
        self.error: dict[str, Any] = {".tag": tag}
        if conflict is not None:
            self.error[tag] = {".tag": conflict}


class TooManyFiles(Exception):
    """One operation would take along more files and folders than allowed."""


class RelocationRefused(Exception):
    """A move or copy is refused: a RelocationError, already encoded."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Keep the encoded error."""
        super().__init__(str(error))
        self.error = error
