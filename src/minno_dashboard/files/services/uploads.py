"""Uploads in pieces: begin, append, finish; a broken connection or a restart loses at most one piece.

The pieces are appended to a file in the data folder. The row knows how many bytes are safe: what a crash left
behind that is cut off before the next piece is appended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.core import clock, ids
from minno_dashboard.core.errors import Conflict, Invalid, NotFound, TooLarge
from minno_dashboard.files import limits, removal, store
from minno_dashboard.files.models import Node, Tree, Upload
from minno_dashboard.files.services.change import Frozen, Person
from minno_dashboard.files.services.writing import ANYTHING, Expected, IfThere, put_upload, split

MAX_PIECE_BYTES = 16 * 1024 * 1024
MAX_FILE_BYTES = 50 * 1024**3
KEEP_UNFINISHED = timedelta(days=7)


class UploadOffset(Conflict):
    """The piece does not begin at the end of the received bytes; `offset` is the right position."""

    def __init__(self, offset: int) -> None:
        super().__init__(
            gettext("%(offset)s bytes of this file have arrived; continue from there.") % {"offset": offset}
        )
        self.offset = offset


def begin_upload(*, tree: Tree, by: Person, parent: Node | None, path: str, size: int) -> Upload:
    """Begin an upload of `size` bytes, to be stored at `path` below a folder (None: the top).

    Raises:
        Invalid: a name of the path is refused or the size is nonsense.
        TooLarge: the file is larger than this Dashboard takes.
        Frozen: the tree is published.
    """
    split(path)
    if size < 0:
        raise Invalid(gettext("The size of a file cannot be negative."))
    if size > MAX_FILE_BYTES:
        raise TooLarge(gettext("A file can have at most %(most)s GB.") % {"most": MAX_FILE_BYTES // 1024**3})
    if Tree.objects.filter(pk=tree.pk, is_frozen=True).exists():
        raise Frozen
    limits.check_before(tree, size=size)
    now = clock.now()
    return Upload.objects.create(
        public_id=ids.public_id(),
        tree=tree,
        parent=parent,
        by_id=by.pk if by else None,
        path=path,
        size=size,
        created_at=now,
        changed_at=now,
    )


def append_upload(*, upload: Upload, offset: int, piece: bytes) -> int:
    """Append a piece of at most 16 MiB; return how many bytes have arrived.

    Raises:
        UploadOffset: the upload stands elsewhere; it carries where.
        TooLarge: the piece, or the file with it, is larger than said, or the owner's space is full.
        NotFound: the upload was abandoned or finished.
    """
    if len(piece) > MAX_PIECE_BYTES:
        raise TooLarge(
            gettext("A piece can have at most %(most_piece_bytes)s bytes.")
            % {"most_piece_bytes": MAX_PIECE_BYTES}
        )
    with transaction.atomic():
        current = _locked(upload)
        arrived = _arrived(current)
        if offset != arrived:
            raise UploadOffset(arrived)
        limits.check_before(current.tree, size=len(piece))
        if offset + len(piece) > current.size:
            raise TooLarge(
                gettext("This file was announced with %(size)s bytes; this piece goes beyond them.")
                % {"size": current.size}
            )
        with store.room():
            _append(file_of(current), offset, piece)
        received = offset + len(piece)
        Upload.objects.filter(pk=current.pk).update(received=received, changed_at=clock.now())
    upload.received = received
    return received


def finish_upload(
    *, upload: Upload, by: Person, if_there: IfThere, replaces: Expected = ANYTHING
) -> Node | None:
    """Add the received bytes to the tree as a file; None when its name was taken and the policy is to skip it.

    When the name or the place is refused the bytes stay, and it can be finished again with another policy. When
    there is no room for the file, the upload and its bytes are dropped.

    Raises:
        UploadOffset: not everything has arrived.
        WriteConflict: the name is taken, or not by the blob that `replaces` names (as in `put_upload`).
        Invalid, Frozen, NotFound: the file cannot be put there.
        TooLarge: the file is too large, or the owner's space is full.
    """
    with transaction.atomic():
        current = _locked(upload)
        if current.blob is None and (arrived := _arrived(current)) != current.size:
            raise UploadOffset(arrived)
    blob = current.blob
    if blob is None:
        blob = store.put(_pieces(file_of(current), current.size))
        Upload.objects.filter(pk=current.pk).update(blob=blob)
    try:
        with transaction.atomic():
            current = _locked(upload)  # of two who finish it at once, one puts the file there
            # What has arrived counts as used; it becomes the file now and must not count twice.
            Upload.objects.filter(pk=current.pk).delete()
            node = put_upload(
                tree=current.tree,
                by=by,
                blob=blob,
                parent=current.parent,
                path=current.path,
                if_there=if_there,
                replaces=replaces,
            )
    except TooLarge:
        abandon_upload(upload=upload)
        removal.drop([blob.pk])
        raise
    file_of(current).unlink(missing_ok=True)
    return node


def arrived_file(upload: Upload) -> Path:
    """Return the path of the received bytes of a complete upload.

    Raises:
        UploadOffset: not everything has arrived.
    """
    if upload.received != upload.size or not file_of(upload).exists():
        raise UploadOffset(upload.received)
    return file_of(upload)


def abandon_upload(*, upload: Upload) -> None:
    """Delete an upload and its bytes; abandoning it again changes nothing."""
    Upload.objects.filter(pk=upload.pk).delete()
    file_of(upload).unlink(missing_ok=True)


def collect_uploads() -> int:
    """Abandon uploads to which nothing was added for seven days; return how many.

    Pieces that no row knows of (their study or person was removed, or a process killed) go with them.
    """
    since = clock.now() - KEEP_UNFINISHED
    stale = list(Upload.objects.filter(changed_at__lt=since))
    for upload in stale:
        abandon_upload(upload=upload)
    known = set(Upload.objects.values_list("public_id", flat=True))
    for path in _folder().iterdir() if _folder().is_dir() else ():
        with suppress(FileNotFoundError):  # it is finished just now
            if path.name not in known and path.stat().st_mtime < since.timestamp():
                path.unlink()
    return len(stale)


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "uploads"


def file_of(upload: Upload) -> Path:
    """Return where the pieces of an upload are kept."""
    return _folder() / upload.public_id


def _locked(upload: Upload) -> Upload:
    own = Upload.objects.select_for_update(of=("self",)).select_related("tree", "parent", "blob")
    current = own.filter(pk=upload.pk).first()
    if current is None:
        raise NotFound(gettext("This upload no longer exists; start it again."))
    return current


def _arrived(upload: Upload) -> int:
    """Return the number of safe bytes: those that both the row and the file (which a backup may lack) have."""
    path = file_of(upload)
    return min(upload.received, path.stat().st_size) if path.exists() else 0


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    """Yield the first `size` bytes of a file; bytes after them were left by a crash."""
    if size == 0:
        return
    with path.open("rb") as stream:
        while size and (piece := stream.read(min(size, store.PIECE_BYTES))):
            size -= len(piece)
            yield piece


def _append(path: Path, offset: int, piece: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as stream:
        stream.truncate(offset)
        stream.seek(offset)
        stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    if offset == 0:
        store.sync_folder(path.parent)
