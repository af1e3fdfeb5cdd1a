"""Upload sessions: bytes that arrive in pieces and become a file when committed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.content import BLOCK_BYTES, IncomingBytes, StoredBytes
from dropbox_simulator.incoming import Incoming


class SessionRefused(Exception):
    """A session does not take the piece: an error of the append kind, already encoded."""

    def __init__(self, tag: str, **fields: int) -> None:
        """Name the tag and its fields."""
        super().__init__(tag)
        self.error: dict[str, Any] = {".tag": tag, **fields}


@dataclass
class StoredSession:
    """One upload session; `pieces` (offset → length) is used by concurrent sessions only."""

    id: str
    draft: IncomingBytes
    made_at: float
    concurrent: bool = False
    size: int = 0
    closed: bool = False
    consumed: bool = False
    pieces: dict[int, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def check_append(self, offset: int, length: int, *, close: bool, behaviour: Behaviour) -> None:
        """Raise SessionRefused when a piece of that length cannot go there."""
        if self.consumed:
            raise SessionRefused(behaviour.consumed_session)
        if self.concurrent:
            self._check_concurrent(offset, length, close=close)
        else:
            if self.closed:
                raise SessionRefused("closed")
            if offset != self.size:
                raise SessionRefused("incorrect_offset", correct_offset=self.size)
        if offset + length > behaviour.file_limit:
            raise SessionRefused("too_large")

    def _check_concurrent(self, offset: int, length: int, *, close: bool) -> None:
        if self.closed and (close or offset + length > self.size):
            raise SessionRefused("closed")
        if offset % BLOCK_BYTES:
            raise SessionRefused("concurrent_session_invalid_offset")
        if length % BLOCK_BYTES and not close and not (self.closed and offset + length == self.size):
            raise SessionRefused("concurrent_session_invalid_data_size")

    def append(self, offset: int, length: int, incoming: Incoming, *, close: bool) -> None:
        """Take a piece that was checked."""
        incoming.copy_to(self.draft, offset, length)
        end = offset + length
        if self.concurrent:
            if length:
                self.pieces[offset] = length
            if close:
                self.size = end
        else:
            self.size = end
        self.closed = self.closed or close

    def complete(self) -> bool:
        """Return whether the pieces of a concurrent session leave no gap."""
        expected = 0
        for offset in sorted(self.pieces):
            if offset > expected:
                return False
            expected = max(expected, offset + self.pieces[offset])
        return expected >= self.size

    def seal(self) -> StoredBytes:
        """Make a blob of all bytes received."""
        return self.draft.seal()
