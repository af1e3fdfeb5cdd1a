"""Streams a zip of a tree or a folder: constant memory, ZIP64 where needed, UTF-8 names.

Programs that read a zip from its beginning (Java's `ZipInputStream`, busybox) need to know where a file ends: every
file is a deflate stream, which says so itself; what is packed already is deflated with level 0, as it is.
A damaged file is left out and named in a text at the end of the zip; the others are whole.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob, Node, Tree
from minno_dashboard.files.queries import TreeEntry, listing

_PACKED = frozenset(
    [
        "7z",
        "aac",
        "avi",
        "avif",
        "br",
        "bz2",
        "docx",
        "flac",
        "gif",
        "gz",
        "heic",
        "jpeg",
        "jpg",
        "m4a",
        "mkv",
        "mov",
        "mp3",
        "mp4",
        "ogg",
        "ogv",
        "png",
        "pptx",
        "rar",
        "webm",
        "webp",
        "woff",
        "woff2",
        "xlsx",
        "xz",
        "zip",
        "zst",
    ]
)
"""Endings of files that deflating would not make smaller."""

DAMAGED_LIST = "DAMAGED FILES.txt"
"""The text in a zip that names the files left out."""


class _Drain:
    """A write-only file that returns what was written; it cannot seek, so zips are written as a stream."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Take bytes."""
        self._written.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Do nothing: there is nothing below."""

    def close(self) -> None:
        """Do nothing: what was written last is still to be taken."""

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken = b"".join(self._written)
        self._written.clear()
        return taken


def zip_stream(
    *, tree: Tree, inside: Node | None = None, only: Iterable[int] | None = None
) -> Iterator[bytes]:
    """Yield the zip of a tree, of a folder's inside, or of the nodes `only` (with everything below them)."""
    return zip_of(_chosen(listing(tree), inside, None if only is None else set(only)))


def _chosen(
    entries: list[TreeEntry], inside: Node | None, only: set[int] | None
) -> Iterator[tuple[str, TreeEntry]]:
    """Yield the entries to pack with their paths in the zip, relative to where each choice lies."""
    root = inside.pk if inside else None
    chosen: dict[int, str] = {}
    taken: set[str] = set()
    for entry in entries:
        if entry.parent_id in chosen:
            path = f"{chosen[entry.parent_id]}/{entry.name}"
        elif (only is None and entry.parent_id == root) or (only is not None and entry.id in only):
            path = names.free(taken, entry.name)
            taken.add(names.fold(path))
        else:
            continue
        chosen[entry.id] = path
        yield path, entry


def zip_of(chosen: Iterable[tuple[str, TreeEntry]], damaged: list[str] | None = None) -> Iterator[bytes]:
    """Yield a zip of entries under the given paths; the paths of damaged files are added to `damaged`."""
    drain, left_out, at_top = _Drain(), [] if damaged is None else damaged, set[str]()
    with zipfile.ZipFile(drain, "w", allowZip64=True) as archive:
        for path, entry in chosen:
            at_top.add(names.fold(path.partition("/")[0]))
            if entry.is_folder:
                archive.mkdir(_described(path + "/", entry))
            elif _is_whole(entry):
                yield from _member(archive, drain, path, entry)
            else:
                left_out.append(path)
        if left_out:
            archive.writestr(
                names.free(at_top, DAMAGED_LIST), _damage_report(left_out), compress_type=zipfile.ZIP_DEFLATED
            )
    yield drain.take()


def _is_whole(entry: TreeEntry) -> bool:
    """Check a file's hash before any byte is sent: what is in a stream cannot be taken back."""
    try:
        for _ in store.read_pieces(_blob_of(entry)):
            pass
    except store.DamagedBlob:
        return False
    return True


def _damage_report(paths: list[str]) -> str:
    said = gettext(
        "The stored bytes of these files are damaged, so they are not in this zip. All others are whole. The administrator of the Dashboard can restore them from a backup:"
    )
    return "\r\n".join([said, "", *paths, ""])


def _blob_of(entry: TreeEntry) -> Blob:
    return Blob(sha256=entry.sha256, size=entry.size, dropbox_hash=entry.dropbox_hash)


def _described(path: str, entry: TreeEntry) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, _zip_time(entry))
    info.create_system = 3
    info.CRC = info.compress_size = 0  # those of a folder; a file's are counted while it is written
    info.external_attr = (0o40755 << 16 | 0x10) if entry.is_folder else 0o100644 << 16
    return info


def _member(archive: zipfile.ZipFile, drain: _Drain, path: str, entry: TreeEntry) -> Iterator[bytes]:
    info = _described(path, entry)
    info.compress_type = zipfile.ZIP_DEFLATED
    if entry.name.rpartition(".")[2].lower() in _PACKED:
        info._compresslevel = 0  # type: ignore[attr-defined] # the only way to choose the level of one file
    info.file_size = entry.size
    with archive.open(info, "w", force_zip64=entry.size > 2**31) as member:
        for piece in store.read_part(_blob_of(entry), 0, entry.size):
            member.write(piece)
            yield drain.take()


def _zip_time(entry: TreeEntry) -> tuple[int, int, int, int, int, int]:
    """Return the file's time of change in a zip's format (UTC here), not before 1980."""
    at = entry.changed_at
    return (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
