"""The archive of a backup: a tar file that is written and read in one pass, encrypted or not.

In this order: `manifest.json`, `rows/<table>/<number>.jsonl.gz`, `files.txt.gz` (SHA-256 and size of every stored file
that the rows name), `secret_key`, `player/…`, `files/<sha256>`, and at last `end.json`, without which it is incomplete.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from minno_dashboard.core.errors import Invalid
from minno_dashboard.operations import encryption

FORMAT = 1
PART_BYTES = 8 * 1024 * 1024
"""So much of a table is gathered before it is compressed and written."""

MANIFEST, FILES, END, SECRET_KEY = "manifest.json", "files.txt.gz", "end.json", "secret_key"
ROWS, STORED, PLAYER = "rows/", "files/", "player/"


class BadArchive(Invalid):
    """This is no backup, or not a whole one."""


@dataclass(frozen=True)
class ArchiveManifest:
    """What an archive is; `based_on` are the ids of earlier archives that hold the files missing in this one."""

    id: str
    made_at: str
    product_version: str
    engine: str
    migrations: list[tuple[str, str]]
    contents: str
    based_on: list[str] = field(default_factory=list)
    format: int = FORMAT


@dataclass
class ArchiveEnd:
    """What is known only at the end: digests of the tables, the numbers they gave, and which files could not be read."""

    tables: dict[str, str] = field(default_factory=dict)
    next_keys: dict[str, int] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)


class Writer:
    """Writes the members of an archive in their order."""

    def __init__(self, sink: BinaryIO) -> None:
        self._tar = tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - `end` closes it

    def manifest(self, manifest: ArchiveManifest) -> None:
        """Begin the archive."""
        self.add(MANIFEST, json.dumps(asdict(manifest), indent=1).encode())

    def rows(self, table: str, lines: Iterable[bytes]) -> None:
        """Write the rows of a table in parts."""
        number, part = 0, bytearray()
        for line in lines:
            part += line + b"\n"
            if len(part) >= PART_BYTES:
                self._part(table, number, part)
                number, part = number + 1, bytearray()
        self._part(table, number, part)

    def _part(self, table: str, number: int, lines: bytearray) -> None:
        self.add(f"{ROWS}{table}/{number:06}.jsonl.gz", gzip.compress(bytes(lines), compresslevel=6, mtime=0))

    def add(self, name: str, content: bytes) -> None:
        """Write a member that is in memory."""
        self.stream(name, len(content), io.BytesIO(content))

    def stream(self, name: str, size: int, source: BinaryIO) -> None:
        """Write a member of so many bytes."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, source)

    def end(self, end: ArchiveEnd) -> None:
        """Finish the archive."""
        self.add(END, json.dumps(asdict(end)).encode())
        self._tar.close()


@dataclass(frozen=True)
class ArchiveMember:
    """One member, readable once and only before the next one is asked for."""

    name: str
    size: int
    source: BinaryIO

    def read(self) -> bytes:
        """Return all its bytes."""
        return self.source.read()


@contextmanager
def reading(file: Path, key_file: Path | None) -> Iterator[Iterator[ArchiveMember]]:
    """Yield the members of an archive in their order.

    Raises:
        BadArchive: it is not an archive of this product, or damaged.
        CannotDecrypt: it is encrypted to another key.
    """
    try:
        with file.open("rb") as raw:
            is_encrypted = raw.read(len(encryption.BEGINNING)) == encryption.BEGINNING
            raw.seek(0)
            if not is_encrypted:
                yield _members(raw)
                return
            with encryption.decrypting(raw, key_file) as plain:
                yield _members(plain)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadArchive(f"{file} is damaged or no backup of minno-dashboard ({error}).") from error


def _members(source: BinaryIO) -> Iterator[ArchiveMember]:
    with tarfile.open(fileobj=source, mode="r|") as tar:
        for info in tar:
            if opened := tar.extractfile(info):
                yield ArchiveMember(info.name, info.size, cast("BinaryIO", opened))
    while source.read(1 << 20):  # what age still has to give
        pass


def read_manifest(file: Path, members: Iterator[ArchiveMember]) -> ArchiveManifest:
    """Return what the first member says.

    Raises:
        BadArchive: it is no manifest, or of a newer format, or there is no member.
    """
    first = next(members, None)
    try:
        found: dict[str, Any] = json.loads(first.read()) if first and first.name == MANIFEST else {}
        if found.get("format", 0) > FORMAT:
            raise BadArchive(
                f"{file} was made by a newer version of minno-dashboard. Restore it with that one."
            )
        found["migrations"] = [(app, name) for app, name in found.get("migrations", [])]
        return ArchiveManifest(**found)
    except (TypeError, ValueError) as error:
        raise BadArchive(f"{file} is no backup of minno-dashboard.") from error


def read_end(member: ArchiveMember) -> ArchiveEnd:
    """Return what the last member says."""
    return ArchiveEnd(**json.loads(member.read()))


def table_of(name: str) -> str:
    """Return of which table a member holds rows."""
    return name.removeprefix(ROWS).partition("/")[0]


def lines_of(member: ArchiveMember) -> list[bytes]:
    """Return the lines of a compressed member."""
    return gzip.decompress(member.read()).splitlines()


def stored_files(source: BinaryIO) -> Iterator[tuple[str, int]]:
    """Yield SHA-256 and size of each stored file that the content of `files.txt.gz` names."""
    with gzip.open(source, "rt", encoding="ascii") as lines:
        for line in lines:
            sha256, size = line.split()
            yield sha256, int(size)
