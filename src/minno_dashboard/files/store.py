"""The blob store: immutable bytes under their SHA-256, on the local disk or in an S3-compatible bucket.

A blob is written once: to a temporary file, hashed on the way, brought safely to the disk, then renamed into place,
and only then known to the database. A crash leaves at most a temporary file, which `removal.collect` deletes.
"""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Protocol, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, Storage
from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.core import clock
from minno_dashboard.core.contenthash import Hasher
from minno_dashboard.core.errors import Invalid, Refused, Unavailable
from minno_dashboard.files.models import Blob

if TYPE_CHECKING:
    from minno_dashboard.files.bucket import Bucket

log = logging.getLogger(__name__)

PIECE_BYTES = 1024 * 1024
PROVEN_FIRST_BYTES = 8 * 1024 * 1024
"""A file up to this size is read and proven before its first byte is handed on."""


class Readable(Protocol):
    """Anything with `read(size)` that gives bytes: an open file, an upload, a member of a zip."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the next bytes, none at the end."""
        ...


_FULL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG])

Source = bytes | Readable | Iterable[bytes]


class DamagedBlob(Refused):
    """The stored bytes are missing or differ from those put in; restore them from a backup."""

    status = 500

    def __init__(self, blob: Blob) -> None:
        super().__init__(
            gettext(
                "The stored bytes of this file are damaged; nothing was sent out. The administrator can restore %(sha256)s from a backup."
            )
            % {"sha256": blob.sha256}
        )
        self.blob = blob


class DiskFull(Unavailable):
    """The disk is full; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            gettext(
                "The disk of this Dashboard is full, so nothing was stored; what was stored before is safe. Tell the administrator, then try again."
            ),
            retry_after_seconds=60,
        )


@contextmanager
def room() -> Iterator[None]:
    """Translate a full disk into a sentence.

    Raises:
        DiskFull: there is no room for what is written inside.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull from error


@lru_cache(maxsize=4)
def _storage(address: str) -> Storage:
    if not address.startswith("s3:"):
        return FileSystemStorage(
            location=address, file_permissions_mode=0o600, directory_permissions_mode=0o700
        )
    try:
        from minno_dashboard.files.bucket import Bucket
    except ImportError as error:
        raise ImproperlyConfigured(
            "MINNO_BLOB_STORE is an s3:// address, for which the extra minno-dashboard[s3] must be installed."
        ) from error
    parts = urlsplit(address)
    return cast("Storage", Bucket(name=parts.netloc, prefix=parts.path.strip("/")))


def storage() -> Storage:
    """Return the Django storage that MINNO_BLOB_STORE names."""
    return _storage(str(settings.BLOB_STORE))


def _place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def incoming() -> Path:
    """Return the folder of temporary files: beside the blobs, so that a rename suffices; in the data folder for S3."""
    where = storage()
    if isinstance(where, FileSystemStorage):
        return Path(where.location) / "incoming"
    return Path(settings.DATA_DIR) / "incoming"


def pieces(source: Source) -> Iterator[bytes]:
    """Yield the bytes of a source in pieces that fit into memory."""
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    if hasattr(source, "read"):
        reader = cast("Readable", source)
        while piece := reader.read(PIECE_BYTES):
            yield piece
    else:
        yield from source


def put(source: Source) -> Blob:
    """Store bytes, unless they are stored already, and return their blob; memory is that of one piece.

    Bytes that lie there already under the same SHA-256 are read and compared; damaged ones are replaced.

    Raises:
        Unavailable: the disk is full, or the bucket cannot be reached; nothing was stored.
    """
    with _temporary(source) as (temporary, hasher), room():
        return _keep(temporary, hasher)


def check_writable() -> None:
    """Write a few bytes where blobs are stored, and delete them.

    Raises:
        Unavailable: the disk is full, or the bucket cannot be reached.
        OSError: the disk refuses them.
    """
    with _temporary(b"Can this be written?") as (temporary, _):
        where = storage()
        if not isinstance(where, FileSystemStorage):
            place = f"incoming/{temporary.name}"
            cast("Bucket", where).put_file(place, temporary)
            where.delete(place)


@contextmanager
def _temporary(source: Source) -> Iterator[tuple[Path, Hasher]]:
    """Yield a temporary file with the bytes of a source, safe on the disk, and their hashes; it goes afterwards."""
    path, hasher = incoming() / uuid.uuid4().hex, Hasher()
    try:
        with room():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with room(), path.open("xb") as target:
            for piece in pieces(source):
                hasher.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        yield path, hasher
    finally:
        path.unlink(missing_ok=True)


def _keep(temporary: Path, hasher: Hasher) -> Blob:
    """Make the written bytes a blob: the file first, then the row.

    The collector removes bytes while it holds the blob's row; so whoever finds a row here after the update finds
    bytes too, and whoever finds none puts its own bytes in place.
    """
    sha256 = hasher.sha256()
    # Before the transaction: reading a large file must not keep others from writing.
    is_whole = is_intact(sha256, hasher.size)
    with transaction.atomic():
        now = clock.now()
        known = Blob.objects.filter(sha256=sha256).update(
            unreferenced_since=None, damaged_since=None, verified_at=now
        )
        if not known or not is_whole:
            _move_into_place(temporary, sha256)
        blob, _ = Blob.objects.get_or_create(
            sha256=sha256,
            defaults={"size": hasher.size, "dropbox_hash": hasher.dropbox_hash(), "verified_at": now},
        )
    return blob


def bring_back(sha256: str, size: int, source: Source) -> bool:
    """Store bytes from a backup under their name, without changing the database; return whether they were missing.

    Raises:
        Invalid: the bytes are not those of the name; nothing was stored.
        Unavailable: the disk is full, or the bucket cannot be reached; nothing was stored.
    """
    if is_intact(sha256, size):
        return False
    with _temporary(source) as (temporary, hasher):
        if (hasher.sha256(), hasher.size) != (sha256, size):
            raise Invalid(f"The bytes of {sha256} in this backup are damaged. Use another backup.")
        with room():
            _move_into_place(temporary, sha256)
    return True


def is_intact(sha256: str, size: int) -> bool:
    """Return whether the stored bytes match their name; the size is compared first."""
    if _stored_bytes(sha256) != size:
        return False
    try:
        with storage().open(_place(sha256), "rb") as stream:
            return digest_of(cast("Readable", stream)) == sha256
    except FileNotFoundError:
        return False


def digest_of(source: Source) -> str:
    """Return the SHA-256 of bytes in hexadecimal; memory is that of one piece."""
    found = hashlib.sha256()
    for piece in pieces(source):
        found.update(piece)
    return found.hexdigest()


def note_damage(blob: Blob) -> None:
    """Record that a blob's bytes are damaged or missing, for the administrator; the first time is kept."""
    if Blob.objects.filter(sha256=blob.sha256, damaged_since=None).update(damaged_since=clock.now()):
        log.error("the stored bytes of %s are damaged or gone", blob.sha256)


def _stored_bytes(sha256: str) -> int | None:
    """Return how many bytes lie under a name; None where nothing does."""
    try:
        return storage().size(_place(sha256))
    except FileNotFoundError:
        return None


def _move_into_place(temporary: Path, sha256: str) -> None:
    where = storage()
    if not isinstance(where, FileSystemStorage):
        cast("Bucket", where).put_file(_place(sha256), temporary)
        return
    final = Path(where.path(_place(sha256)))
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary.chmod(0o600)
    temporary.replace(final)
    for folder in (final.parent, final.parent.parent, Path(where.location)):  # any of them may be new
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that its names are on the disk; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_blob(blob: Blob) -> BinaryIO:
    """Open a blob for reading; the bytes are not checked, and the database is not touched.

    Raises:
        DamagedBlob: the bytes are gone.
    """
    try:
        stream: IO[Any] = storage().open(_place(blob.sha256), "rb")
    except FileNotFoundError as error:
        raise DamagedBlob(blob) from error
    return cast("BinaryIO", stream)


def _open_or_note(blob: Blob) -> BinaryIO:
    try:
        return open_blob(blob)
    except DamagedBlob:
        note_damage(blob)
        raise


def read_pieces(blob: Blob) -> Iterator[bytes]:
    """Yield a blob's bytes in pieces; the last is yielded only once the hash of all was checked.

    So a reader that was told the size never takes damaged bytes for the whole file.

    Raises:
        DamagedBlob: they are not those that were put; what was yielded before must not be relied on.
    """
    found, size, held = hashlib.sha256(), 0, b""
    with _open_or_note(blob) as stream:
        for piece in pieces(cast("Readable", stream)):
            found.update(piece)
            size += len(piece)
            if size > blob.size:
                break
            if held:
                yield held
            held = piece
    if size != blob.size or found.hexdigest() != blob.sha256:
        note_damage(blob)
        raise DamagedBlob(blob)
    yield held


def read_proven(blob: Blob, start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes from `start` to before `stop` in pieces, for a response whose length was announced.

    A file of up to 8 MiB is proven before this returns. Of a larger one that is read whole the last piece comes
    only once all are proven; a part of a larger one is refused if damage was noted before.

    Raises:
        DamagedBlob: the bytes are not those that were put.
    """
    if blob.size <= PROVEN_FIRST_BYTES:
        return iter([read_verified(blob)[start:stop]])
    if Blob.objects.filter(sha256=blob.sha256, damaged_since__isnull=False).exists():
        raise DamagedBlob(blob)
    return read_pieces(blob) if (start, stop) == (0, blob.size) else read_part(blob, start, stop)


def read_part(blob: Blob, start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes from `start` to before `stop` in pieces; the hash of a part cannot be checked.

    Raises:
        DamagedBlob: the bytes are gone, or fewer than there should be.
    """
    with _open_or_note(blob) as stream:
        stream.seek(start)
        while start < stop:
            piece = stream.read(min(PIECE_BYTES, stop - start))
            if not piece:
                note_damage(blob)
                raise DamagedBlob(blob)
            start += len(piece)
            yield piece


def read_verified(blob: Blob) -> bytes:
    """Return a blob's bytes after checking their hash; for files that fit into memory.

    Raises:
        DamagedBlob: they are not.
    """
    return b"".join(read_pieces(blob))


def is_there(blob: Blob) -> bool:
    """Return whether the store has bytes of the right size under the blob's name."""
    return _stored_bytes(blob.sha256) == blob.size


def delete(blob: Blob) -> None:
    """Delete the stored bytes of a blob; missing ones are no error."""
    storage().delete(_place(blob.sha256))
