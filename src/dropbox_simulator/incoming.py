"""The body of an upload call, read piece by piece so that large ones need little memory."""

from __future__ import annotations

from typing import BinaryIO

from dropbox_simulator.content import PIECE_BYTES, BlobStore, ContentHasher, IncomingBytes, StoredBytes

MAX_SMALL_BYTES = 4 * 1024 * 1024
"""Bodies up to this size are stored in one go."""


class Incoming:
    """The bytes of a call; read once from start to end."""

    def __init__(self, stream: BinaryIO, size: int, *, corrupt: bool = False) -> None:
        """Read from a seekable stream; `corrupt` stores the last byte wrongly, for a fault rule."""
        self._stream = stream
        self._corrupt = corrupt
        self._position = 0
        self.size = size

    def content_hash(self) -> str:
        """Compute the content hash of the whole body and rewind."""
        hasher = ContentHasher()
        self._stream.seek(0)
        while piece := self._stream.read(PIECE_BYTES):
            hasher.update(piece)
        self._stream.seek(0)
        return hasher.hexdigest()

    def _next(self, length: int) -> bytes:
        piece = self._stream.read(length)
        self._position += len(piece)
        if self._corrupt and piece and self._position == self.size:
            piece = piece[:-1] + bytes([piece[-1] ^ 1])
        return piece

    def skip(self, length: int) -> None:
        """Skip unused bytes."""
        while length > 0 and (piece := self._next(min(PIECE_BYTES, length))):
            length -= len(piece)

    def copy_to(self, draft: IncomingBytes, offset: int, length: int) -> None:
        """Write the next bytes into a draft."""
        while length > 0 and (piece := self._next(min(PIECE_BYTES, length))):
            draft.write_at(offset, piece)
            offset += len(piece)
            length -= len(piece)

    def store(self, store: BlobStore) -> StoredBytes:
        """Store the whole body."""
        if self.size <= MAX_SMALL_BYTES:
            return store.get(self._next(self.size))
        draft = store.draft()
        self.copy_to(draft, 0, self.size)
        blob = draft.seal()
        draft.discard()
        return blob
