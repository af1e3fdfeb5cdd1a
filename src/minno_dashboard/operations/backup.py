"""Making a backup while the Dashboard runs: rows as of one moment, then every stored file they name."""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import IO, BinaryIO, cast

from django.conf import settings
from django.db import connections

from minno_dashboard.core import clock, ids
from minno_dashboard.files import removal, store
from minno_dashboard.files.models import Blob
from minno_dashboard.operations import archive, encryption, rows, schema, snapshots
from minno_dashboard.studies import players

BLOBS = "files_blob"
LEFT_OUT = frozenset(["files_removalpause"])
"""Tables whose rows are about this moment alone: the pause is the backup's own."""


class BackupContents(StrEnum):
    """What an archive holds."""

    EVERYTHING = "everything"
    DATABASE = "database"
    """The rows alone: to go back on the same data folder, whose stored files are still there."""


@dataclass
class BackupReport:
    """What a backup took along; `damaged` are SHA-256 of files whose stored bytes were gone or damaged already."""

    id: str
    rows: int = 0
    files: int = 0
    bytes: int = 0
    left_out: int = 0
    damaged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Earlier:
    """An archive on which the next one is based: its files need not be copied again."""

    ids: list[str]
    files: frozenset[str]


def earlier(file: Path, key_file: Path | None) -> Earlier:
    """Return which stored files an earlier archive, or one it is based on, holds.

    Raises:
        BadArchive: it is no archive with files.
    """
    with archive.reading(file, key_file) as members:
        manifest = archive.read_manifest(file, members)
        if manifest.contents != BackupContents.EVERYTHING:
            raise archive.BadArchive(f"{file} holds the database alone. Name a backup of everything.")
        found: set[str] = set()
        is_whole = False
        for member in members:
            if member.name == archive.FILES:
                found = {sha256 for sha256, _ in archive.stored_files(member.source)}
            elif member.name == archive.END:
                is_whole = True
                found -= set(archive.read_end(member).damaged)
        if not is_whole:
            raise archive.BadArchive(f"{file} is incomplete. Name a whole backup.")
    return Earlier([*manifest.based_on, manifest.id], frozenset(found))


@contextmanager
def written_to(target: Path, recipients: tuple[str, ...]) -> Iterator[BinaryIO]:
    """Yield where an archive is written, encrypted if there are recipients; the file appears once it is whole.

    Raises:
        DiskFull: there is no room; nothing is left behind.
    """
    partial = target.with_name(f"{target.name}.part")
    try:
        with store.room(), _private(partial) as file:
            if recipients:
                with encryption.encrypting(cast("BinaryIO", file), recipients) as sink:
                    yield sink
            else:
                yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
        store.sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def _private(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", buffering=1 << 20)


def back_up(
    sink: BinaryIO,
    *,
    using: str = "default",
    contents: BackupContents = BackupContents.EVERYTHING,
    based_on: Earlier | None = None,
    progress: Callable[[int], None] = lambda _bytes: None,
) -> BackupReport:
    """Write an archive of the database as it is now and of the files it names; others go on working meanwhile."""
    report, end = BackupReport(ids.public_id()), archive.ArchiveEnd()
    writer = archive.Writer(sink)
    if contents is BackupContents.DATABASE:
        with tempfile.TemporaryFile() as names:
            _write_rows(writer, report, end, contents, using, based_on, names)
        writer.end(end)
        return report
    # Paused before the moment of the snapshot: whatever its rows name is there until it has been copied.
    with removal.paused() as pause, tempfile.TemporaryFile() as names:
        _write_rows(writer, report, end, contents, using, based_on, names)
        writer.add(archive.SECRET_KEY, settings.SECRET_KEY.encode("ascii"))
        _write_player(writer)
        known = based_on.files if based_on else frozenset()
        for sha256, size in archive.stored_files(_from_start(names)):
            pause.renew()
            if sha256 in known:
                report.left_out += 1
            elif _write_file(writer, Blob(sha256=sha256, size=size)):
                report.files += 1
                report.bytes += size
            else:
                report.damaged.append(sha256)
            progress(size)
    end.damaged = report.damaged
    writer.end(end)
    return report


def _write_rows(
    writer: archive.Writer,
    report: BackupReport,
    end: archive.ArchiveEnd,
    contents: BackupContents,
    using: str,
    based_on: Earlier | None,
    names: IO[bytes],
) -> None:
    with snapshots.one_moment(using) as moment:
        migrations = sorted(schema.applied(moment))
        writer.manifest(
            archive.ArchiveManifest(
                id=report.id,
                made_at=clock.now().isoformat(),
                product_version=version("minno-dashboard"),
                engine=connections[moment].vendor,
                migrations=migrations,
                contents=contents,
                based_on=based_on.ids if based_on else [],
            )
        )
        tables = schema.tables(moment, migrations)
        for table in tables:
            digest = rows.Digest()
            if table.name not in LEFT_OUT:
                writer.rows(table.name, digest.passing(rows.read(moment, table)))
            end.tables[table.name] = str(digest)
            report.rows += digest.count
        end.next_keys = rows.next_keys(moment, tables)
        _write_names(names, moment, tables)
    writer.stream(archive.FILES, names.tell(), _from_start(names))


def _write_names(target: IO[bytes], moment: str, tables: list[schema.Table]) -> None:
    blobs = next((table.model for table in tables if table.name == BLOBS), None)
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as packed:
        if blobs is not None:
            found = blobs._base_manager.using(moment).order_by("pk").values_list("sha256", "size")
            for sha256, size in found.iterator(chunk_size=rows.BATCH_ROWS):
                packed.write(f"{sha256} {size}\n".encode("ascii"))


def _from_start(file: IO[bytes]) -> BinaryIO:
    file.seek(0)
    return cast("BinaryIO", file)


def _write_player(writer: archive.Writer) -> None:
    folder = players.folder()
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.is_file():
            writer.add(f"{archive.PLAYER}{file.relative_to(folder).as_posix()}", file.read_bytes())


def _write_file(writer: archive.Writer, blob: Blob) -> bool:
    """Copy a stored file; return whether its bytes are those of its name."""
    if not store.is_there(blob):
        return False
    with store.open_blob(blob) as stream:
        hashing = _Hashing(stream)
        writer.stream(f"{archive.STORED}{blob.sha256}", blob.size, cast("BinaryIO", hashing))
    return hashing.sha256() == blob.sha256


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    def sha256(self) -> str:
        return self._hash.hexdigest()
