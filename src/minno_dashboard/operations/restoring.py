"""Bringing a backup back into an empty database, of whichever kind, and proving that every row is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader

from minno_dashboard.core.errors import Invalid, Refused
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob
from minno_dashboard.operations import archive, rows, schema
from minno_dashboard.operations.backup import BackupContents
from minno_dashboard.studies import players

USERS = "accounts_user"


class NotEmpty(Refused):
    """The database holds something already, which a restore would replace."""


class FilesMissing(Refused):
    """Files that the rows name are neither in the archives nor in the store."""


@dataclass
class RestoreReport:
    """What was brought back."""

    made_at: str
    rows: int = 0
    files: int = 0
    damaged: int = 0


@dataclass(frozen=True)
class ArchiveSource:
    """An archive's file and what its manifest says."""

    file: Path
    manifest: archive.ArchiveManifest


def in_order(files: Sequence[Path], key_file: Path | None) -> list[ArchiveSource]:
    """Return archives from the earliest to the one to restore.

    Raises:
        Invalid: archives are missing on which the last one is based, or two belong to different backups.
    """
    sources = []
    for file in files:
        with archive.reading(file, key_file) as members:
            sources.append(ArchiveSource(file, archive.read_manifest(file, members)))
    bases = {one for source in sources for one in source.manifest.based_on}
    last = [source for source in sources if source.manifest.id not in bases]
    if len(last) != 1:
        raise Invalid("Name one backup, and with it only the backups on which it is based.")
    if missing := set(last[0].manifest.based_on) - {source.manifest.id for source in sources}:
        raise Invalid(
            f"This backup is based on {len(missing)} earlier ones that are not named. Name them all: minno-dashboard"
            f" restore {' '.join(str(file) for file in files)} EARLIER …"
        )
    return [source for source in sources if source is not last[0]] + last


def restore(
    files: Sequence[Path],
    *,
    key_file: Path | None = None,
    using: str = "default",
    progress: Callable[[int], None] = lambda _bytes: None,
) -> RestoreReport:
    """Bring an archive back: first its files into the store, then, in one transaction, its rows; then migrate.

    Raises:
        NotEmpty: the database holds users already.
        NewerDatabase: the archive is of a newer version.
        Refused: an archive is damaged, incomplete, or other archives are needed; the database is as it was.
    """
    sources = in_order(files, key_file)
    last = sources[-1]
    loader = MigrationLoader(connections[using])
    if unknown := schema.unknown_migrations(loader, last.manifest.migrations):
        raise schema.NewerDatabase(str(last.file), unknown)
    require_empty(using, last.manifest.migrations)
    _require_key(last, key_file)
    end = archive.ArchiveEnd()
    needed: dict[str, int] = {}
    report = RestoreReport(last.manifest.made_at)
    for source in sources:
        end, needed = _bring_files(source, key_file, report, progress)
    damaged = set(end.damaged)
    absent = [
        sha256
        for sha256, size in needed.items()
        if sha256 not in damaged and not store.is_there(Blob(sha256=sha256, size=size))
    ]
    if absent:
        raise FilesMissing(
            f"{len(absent)} stored files that this backup names are neither in it nor in {settings.BLOB_STORE}. The"
            " database was not changed. Name the backup of everything from which they came as well, or set"
            " MINNO_BLOB_STORE to where they are."
        )
    report.damaged = len(damaged)
    _load(last, key_file, end, using, report)
    return report


def check(files: Sequence[Path], *, key_file: Path | None = None) -> RestoreReport:
    """Read archives to their end and compare every row and file with its digest; nothing is written.

    Raises:
        Refused: something in them is damaged or missing.
    """
    sources = in_order(files, key_file)
    last = sources[-1]
    report = RestoreReport(last.manifest.made_at)
    found: set[str] = set()
    needed: dict[str, int] = {}
    for source in sources:
        needed = _check_one(source, key_file, report, found)
    if last.manifest.contents == BackupContents.EVERYTHING and (absent := needed.keys() - found):
        raise FilesMissing(f"{len(absent)} stored files that this backup names are not in it.")
    return report


def _check_one(
    source: ArchiveSource, key_file: Path | None, report: RestoreReport, found: set[str]
) -> dict[str, int]:
    digests: dict[str, rows.Digest] = {}
    needed: dict[str, int] = {}
    end: archive.ArchiveEnd | None = None
    present: set[str] = set()
    with archive.reading(source.file, key_file) as members:
        for member in members:
            if member.name.startswith(archive.ROWS):
                digest = digests.setdefault(archive.table_of(member.name), rows.Digest())
                for _ in digest.passing(archive.lines_of(member)):
                    pass
            elif member.name == archive.FILES:
                needed = dict(archive.stored_files(member.source))
            elif member.name.startswith(archive.STORED):
                sha256 = member.name.removeprefix(archive.STORED)
                if store.digest_of(member.source) == sha256:
                    present.add(sha256)
            elif member.name == archive.END:
                end = archive.read_end(member)
    if end is None:
        raise archive.BadArchive(f"{source.file} is incomplete: its end is missing. Use another backup.")
    wrong = [name for name, digest in end.tables.items() if str(digests.get(name, rows.Digest())) != digest]
    if wrong:
        raise archive.BadArchive(f"{source.file} is damaged in the rows of {', '.join(wrong)}.")
    report.rows = sum(digest.count for digest in digests.values())
    report.files += len(present)
    report.damaged = len(end.damaged)
    found |= present | set(end.damaged)
    return needed


def require_empty(using: str, migrations: Iterable[schema.Migration]) -> None:
    """Refuse a database that holds users, or tables of another state than the one to be restored.

    Raises:
        NotEmpty: it does.
    """
    connection = connections[using]
    tables = connection.introspection.table_names()
    advice = (
        "Nothing was changed. Restore into an empty database: set MINNO_DATA_DIR to a new folder (SQLite) or"
        " DATABASE_URL to a new database (PostgreSQL)."
    )
    if USERS in tables:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {USERS}")  # noqa: S608 - a constant
            if cursor.fetchone()[0]:
                raise NotEmpty(f"This database is in use: it holds users. {advice}")
    if tables and schema.applied(using) - set(migrations):
        raise NotEmpty(f"This database has tables of another version than the backup. {advice}")


def _require_key(last: ArchiveSource, key_file: Path | None) -> None:
    """Put the secret key of the archive in the data folder, or refuse if the environment gives another one."""
    if last.manifest.contents != BackupContents.EVERYTHING:
        return
    with archive.reading(last.file, key_file) as members:
        found = next((member.read() for member in members if member.name == archive.SECRET_KEY), None)
    if found is None:
        raise archive.BadArchive(f"{last.file} is incomplete: it has no secret key. Use another backup.")
    key = found.decode("ascii")
    if key == settings.SECRET_KEY:
        return
    place = Path(settings.DATA_DIR) / "secret_key"
    if not place.exists() or place.read_text(encoding="ascii").strip() != settings.SECRET_KEY:
        raise Invalid(
            "MINNO_SECRET_KEY is not the key of this backup, so its secrets could not be opened. Nothing was changed."
            " Restore without that variable: the key is then taken from the backup into the data folder."
        )
    new = place.with_name("secret_key.new")
    new.touch(mode=0o600)
    new.write_text(key, encoding="ascii")
    new.replace(place)


def _bring_files(
    source: ArchiveSource, key_file: Path | None, report: RestoreReport, progress: Callable[[int], None]
) -> tuple[archive.ArchiveEnd, dict[str, int]]:
    end: archive.ArchiveEnd | None = None
    needed: dict[str, int] = {}
    with archive.reading(source.file, key_file) as members:
        for member in members:
            if member.name == archive.FILES:
                needed = dict(archive.stored_files(member.source))
            elif member.name.startswith(archive.STORED):
                sha256 = member.name.removeprefix(archive.STORED)
                report.files += _bring_file(sha256, member)
            elif member.name.startswith(archive.PLAYER):
                _bring_player_file(member)
            elif member.name == archive.END:
                end = archive.read_end(member)
            progress(member.size)
    if end is None:
        raise archive.BadArchive(
            f"{source.file} is incomplete: its end is missing. The database was not changed. Use another backup."
        )
    return end, needed


def _bring_file(sha256: str, member: archive.ArchiveMember) -> bool:
    try:
        return store.bring_back(sha256, member.size, member.source)
    except Invalid:
        # Damaged when it was copied: the end of the archive names it, and if it does not the file is found missing.
        return False


def _bring_player_file(member: archive.ArchiveMember) -> None:
    place = players.folder() / member.name.removeprefix(archive.PLAYER)
    if ".." not in place.parts and place.is_relative_to(players.folder()) and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(member.read())


def _load(
    source: ArchiveSource, key_file: Path | None, end: archive.ArchiveEnd, using: str, report: RestoreReport
) -> None:
    schema.migrate_to(using, source.manifest.migrations)
    tables = schema.tables(using, source.manifest.migrations)
    by_name = {table.name: table for table in tables}
    with transaction.atomic(using=using):
        rows.clear(using, tables)
        with archive.reading(source.file, key_file) as members:
            for member in members:
                if not member.name.startswith(archive.ROWS):
                    continue
                name = archive.table_of(member.name)
                if name not in by_name:
                    raise archive.BadArchive(
                        f"{source.file} has rows of {name}, a table that does not exist."
                    )
                report.rows += rows.write(using, by_name[name], archive.lines_of(member))
        rows.set_next_keys(using, tables, end.next_keys)
        prove(using, tables, end.tables)
    call_command("migrate", database=using, interactive=False, verbosity=0)


def prove(using: str, tables: Sequence[schema.Table], digests: dict[str, str]) -> None:
    """Read all rows back and compare them with what they should be.

    Raises:
        Refused: a table differs; the caller's transaction is to be undone.
    """
    wrong = [table.name for table in tables if rows.digest(using, table) != digests.get(table.name)]
    if wrong:
        raise Refused(
            f"What was written into {', '.join(wrong)} is not what was read; everything was undone. Please report this."
        )
