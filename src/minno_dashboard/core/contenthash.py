"""Both hashes of a file in one pass: SHA-256, and Dropbox's content hash.

Dropbox's content hash is the SHA-256 of the SHA-256 digests of the file's blocks of 4 MiB
(https://www.dropbox.com/developers/reference/content-hash).
"""

from __future__ import annotations

import hashlib

BLOCK_BYTES = 4 * 1024 * 1024


class Hasher:
    """Hashes a file's bytes piece by piece, in constant memory."""

    def __init__(self) -> None:
        self.size = 0
        self._plain = hashlib.sha256()
        self._blocks = hashlib.sha256()
        self._block = hashlib.sha256()
        self._in_block = 0

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        """Add the next bytes."""
        self._plain.update(piece)
        rest = memoryview(piece).cast("B")
        self.size += len(rest)
        while rest:
            part = rest[: BLOCK_BYTES - self._in_block]
            self._block.update(part)
            self._in_block += len(part)
            rest = rest[len(part) :]
            if self._in_block == BLOCK_BYTES:
                self._blocks.update(self._block.digest())
                self._block = hashlib.sha256()
                self._in_block = 0

    def sha256(self) -> str:
        """Return the SHA-256 of all bytes so far, in hexadecimal."""
        return self._plain.hexdigest()

    def dropbox_hash(self) -> str:
        """Return Dropbox's content hash of all bytes so far, in hexadecimal."""
        whole = self._blocks.copy()
        if self._in_block:
            whole.update(self._block.digest())
        return whole.hexdigest()
