"""Reads stored bytes for sending; only bytes that match their hash are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from minno_dashboard.core.contenthash import Hasher
from minno_dashboard.core.errors import Unavailable
from minno_dashboard.mirror.errors import ParkItem, Retry
from minno_dashboard.mirror.planner.model import Content, UploadFile

READ_BYTES = 1024 * 1024

Opener = Callable[[str], BinaryIO]
"""Opens the bytes of an identity; raises ParkItem where they are gone."""


@contextmanager
def _read() -> Iterator[None]:
    """Translate errors of our own store: leave the file out, or try again when the store is available."""
    try:
        yield
    except OSError as error:
        raise ParkItem("unreadable_here") from error
    except Unavailable as error:
        raise Retry("store_unavailable", error.retry_after_seconds) from error


def whole(open_bytes: Opener, one: UploadFile) -> bytes:
    """Return the bytes of a small file.

    Raises:
        ParkItem: they are gone, cannot be read, or are not those that were put.
        Retry: the store cannot be reached.
    """
    with _read(), open_bytes(one.identity) as stream:
        data = stream.read()
    hasher = Hasher()
    hasher.update(data)
    _compare(hasher, one.content)
    return data


def piece(open_bytes: Opener, one: UploadFile, offset: int, size: int) -> bytes:
    """Return a piece of a large file; before the first piece, the whole file is read and its hash checked.

    Raises:
        ParkItem: the bytes are gone, cannot be read, or are not those that were put.
        Retry: the store cannot be reached.
    """
    with _read(), open_bytes(one.identity) as stream:
        if offset == 0:
            hasher = Hasher()
            while data := stream.read(READ_BYTES):
                hasher.update(data)
            _compare(hasher, one.content)
        stream.seek(offset)
        return stream.read(size)


def _compare(hasher: Hasher, content: Content) -> None:
    if (hasher.dropbox_hash(), hasher.size) != (content.hash, content.size):
        raise ParkItem("damaged_here")
