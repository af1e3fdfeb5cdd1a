"""Bytes in the simulated Dropbox: content hash, stored blobs, and drafts being uploaded."""

from __future__ import annotations

import hashlib
import io
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

BLOCK_BYTES = 4 * 1024 * 1024
"""Dropbox hashes a file in blocks of 4 MiB."""

PIECE_BYTES = 1024 * 1024
"""How much is read at a time when bytes are copied."""


class ContentHasher:
    """Computes Dropbox's content hash piece by piece."""

    def __init__(self) -> None:
        """Start without bytes."""
        self._overall = hashlib.sha256()
        self._block = hashlib.sha256()
        self._filled = 0
        self.size = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Add the next bytes."""
        view = memoryview(data)
        self.size += len(view)
        while len(view):
            taken = view[: BLOCK_BYTES - self._filled]
            self._block.update(taken)
            self._filled += len(taken)
            view = view[len(taken) :]
            if self._filled == BLOCK_BYTES:
                self._overall.update(self._block.digest())
                self._block = hashlib.sha256()
                self._filled = 0

    def hexdigest(self) -> str:
        """Return the hash of all bytes so far."""
        overall = self._overall.copy()
        if self._filled:
            overall.update(self._block.digest())
        return overall.hexdigest()


def content_hash(data: bytes) -> str:
    """Compute Dropbox's content hash of some bytes."""
    hasher = ContentHasher()
    hasher.update(data)
    return hasher.hexdigest()


@dataclass(frozen=True)
class StoredBytes:
    """Immutable stored bytes, either in memory or in a file."""

    size: int
    content_hash: str
    data: bytes = field(default=b"", repr=False)
    path: Path | None = None

    def open(self) -> BinaryIO:
        """Open the bytes for reading."""
        return io.BytesIO(self.data) if self.path is None else self.path.open("rb")

    def read(self) -> bytes:
        """Read all bytes."""
        return self.data if self.path is None else self.path.read_bytes()

    def pieces(self) -> Iterator[bytes]:
        """Read the bytes piece by piece."""
        with self.open() as stream:
            while piece := stream.read(PIECE_BYTES):
                yield piece


class IncomingBytes(Protocol):
    """Bytes being uploaded; `seal` makes a blob of them."""

    def write_at(self, offset: int, data: bytes) -> None:
        """Write bytes at a position."""
        ...

    def seal(self) -> StoredBytes:
        """Return a blob of the bytes written; may be called again after more were written."""
        ...

    def discard(self) -> None:
        """Delete the bytes."""
        ...


class BlobStore(Protocol):
    """Interface of the storage of bytes."""

    def draft(self, name: str | None = None) -> IncomingBytes:
        """Begin a new draft, or open the one of that name."""
        ...

    def find(self, content_hash: str, size: int) -> StoredBytes:
        """Return a blob stored earlier."""
        ...

    def get(self, data: bytes) -> StoredBytes:
        """Store some bytes."""
        ...


class MemoryDraft:
    """A draft in memory."""

    def __init__(self) -> None:
        """Start empty."""
        self._data = bytearray()

    def write_at(self, offset: int, data: bytes) -> None:
        """Put bytes at a place."""
        if offset > len(self._data):
            self._data.extend(bytes(offset - len(self._data)))
        self._data[offset : offset + len(data)] = data

    def seal(self) -> StoredBytes:
        """Make a blob of what was written."""
        data = bytes(self._data)
        return StoredBytes(len(data), content_hash(data), data)

    def discard(self) -> None:
        """Forget the bytes."""
        self._data.clear()


class MemoryStore:
    """Keeps bytes in memory."""

    def draft(self, name: str | None = None) -> IncomingBytes:
        """Begin a new draft."""
        return MemoryDraft()

    def find(self, content_hash: str, size: int) -> StoredBytes:
        """Refuse: nothing outlives a simulator in memory."""
        raise KeyError(content_hash)

    def get(self, data: bytes) -> StoredBytes:
        """Store some bytes."""
        return StoredBytes(len(data), content_hash(data), data)


class FileDraft:
    """A draft in a file."""

    def __init__(self, path: Path, blobs: Path) -> None:
        """Use the file at the path, created when absent."""
        self._path = path
        self._blobs = blobs
        path.touch()

    def write_at(self, offset: int, data: bytes) -> None:
        """Put bytes at a place."""
        with self._path.open("r+b") as stream:
            stream.seek(offset)
            stream.write(data)

    def seal(self) -> StoredBytes:
        """Copy what was written into the blob store under its hash."""
        hasher = ContentHasher()
        temporary = self._blobs / f"new-{uuid.uuid4().hex}"
        with self._path.open("rb") as source, temporary.open("wb") as target:
            while piece := source.read(PIECE_BYTES):
                hasher.update(piece)
                target.write(piece)
        final = self._blobs / hasher.hexdigest()
        temporary.replace(final)
        return StoredBytes(hasher.size, hasher.hexdigest(), path=final)

    def discard(self) -> None:
        """Forget the bytes."""
        self._path.unlink(missing_ok=True)


class FileStore:
    """Keeps bytes in a folder: `blobs/<content hash>` and `drafts/<name>`."""

    def __init__(self, folder: Path) -> None:
        """Use the folder, created when absent."""
        self._blobs = folder / "blobs"
        self._drafts = folder / "drafts"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._drafts.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def draft(self, name: str | None = None) -> IncomingBytes:
        """Begin a new draft, or open the one of that name."""
        return FileDraft(self._drafts / (name or uuid.uuid4().hex), self._blobs)

    def find(self, content_hash: str, size: int) -> StoredBytes:
        """Return a blob stored earlier."""
        path = self._blobs / content_hash
        if not path.is_file():
            raise KeyError(content_hash)
        return StoredBytes(size, content_hash, path=path)

    def get(self, data: bytes) -> StoredBytes:
        """Store some bytes."""
        final = self._blobs / content_hash(data)
        if not final.is_file():
            temporary = self._blobs / f"new-{uuid.uuid4().hex}"
            temporary.write_bytes(data)
            temporary.replace(final)
        return StoredBytes(len(data), final.name, path=final)
