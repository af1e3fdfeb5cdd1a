"""A backup brings everything back, byte for byte, into either kind of database; what is not whole changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from pytest_django.fixtures import Settings

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.passkey_models import Passkey
from minno_dashboard.collection.models import QuarantinedBody, Session, Submission
from minno_dashboard.config import migrating
from minno_dashboard.config.cli import main
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused, Unavailable
from minno_dashboard.files import queries as file_queries
from minno_dashboard.files import removal, store
from minno_dashboard.files.models import Blob
from minno_dashboard.mirror.models import Link
from minno_dashboard.operations import (
    archive,
    backup,
    before_upgrade,
    encryption,
    restoring,
    rows,
    schema,
)
from minno_dashboard.siteconfig.sealing import seal
from minno_dashboard.studies import players
from minno_dashboard.studies.models import Study
from tests.config.world import World, world
from tests.operations.conftest import empty_database, opened
from tests.studies.conftest import person, write

__all__ = ["world"]
pytestmark = pytest.mark.django_db(transaction=True)

BODY = '{"a":"1.50","ד":[1e3,2.0,"\\u0000","😀"]}'


@pytest.fixture
def filled(own_store: Path, world: World) -> World:
    """A site with rows of awkward kinds."""
    alice = world.study.owner
    User.objects.filter(pk=alice.pk).update(full_name="עליזה ‘O’Brien’ 😀")
    Study.objects.filter(pk=world.study.pk).update(description="line\r\nline\ttab, \"quotes\", '%s' and \\")
    session = Session.objects.get(pk=world.session_id)
    Session.objects.filter(pk=session.pk).update(params={"z": "é", "a": ["1", None, 2.0, 1.5, {"b": True}]})
    Submission.objects.create(
        session=session, sequence=2**40, received_at=clock.now(), task="משימה", size=len(BODY), body=BODY
    )
    QuarantinedBody.objects.create(
        session=session, received_at=clock.now(), reason="no JSON", size=4, body=b"\x00\xff\r\n"
    )
    Passkey.objects.create(
        user=alice,
        name="key",
        fingerprint="f" * 64,
        credential_id=bytes(range(256)),
        public_key=b"",
        created_at=clock.now(),
    )
    Link.objects.create(
        user=alice, account_id="dbid:1", app_key="k", sealed_refresh_token=seal("t"), linked_at=clock.now()
    )
    write(world.study, "תיקייה/קובץ.js", b"\x00binary\xff" * 1000)
    players.folder().mkdir(parents=True)
    (players.folder() / "pi-minno.js").write_bytes(b"player")
    # Numbers that were given once are not given again, even where the rows are gone.
    person("gone").delete()
    return world


def make(target: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["backup", str(target), *arguments])


def digests(using: str) -> dict[str, str]:
    tables = schema.tables(using, schema.applied(using))
    return {table.name: rows.digest(using, table) for table in tables}


def raw_bodies(using: str) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT id, body FROM collection_submission ORDER BY id")
        return list(cursor.fetchall())


def next_user_id(using: str) -> int:
    new = User(username=f"next in {using}", email=f"next@{using}")
    new.save(using=using)
    return new.pk


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_everything_comes_back_into_either_kind_of_database_and_again_from_there(
    filled: World, tmp_path: Path, settings: Settings, request: pytest.FixtureRequest, kind: str
) -> None:
    result = make(tmp_path / "one.tar")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "one.tar").stat().st_mode & 0o777 == 0o600
    assert restoring.check([tmp_path / "one.tar"]).files == Blob.objects.count() > 3

    there = {blob.sha256: store.read_verified(blob) for blob in Blob.objects.all()}
    settings.DATA_DIR = tmp_path / "other"
    settings.DATA_DIR.mkdir()
    settings.BLOB_STORE = str(settings.DATA_DIR / "blobs")
    with opened(empty_database(kind, tmp_path, request), tmp_path) as other:
        report = restoring.restore([tmp_path / "one.tar"], using=other)
        assert report.files == len(there)
        assert (players.folder() / "pi-minno.js").read_bytes() == b"player"
        assert digests(other) == digests("default")
        assert raw_bodies(other) == raw_bodies("default")
        assert {blob.sha256: store.read_verified(blob) for blob in Blob.objects.using(other)} == there
        with pytest.raises(restoring.NotEmpty):
            restoring.restore([tmp_path / "one.tar"], using=other)

        with backup.written_to(tmp_path / "two.tar", ()) as sink:
            backup.back_up(sink, using=other)
        assert content(tmp_path / "two.tar") == content(tmp_path / "one.tar")
        assert next_user_id(other) == next_user_id("default")


def content(file: Path) -> dict[str, Any]:
    """Return everything in an archive but what says when and by what it was made."""
    found = {}
    with archive.reading(file, None) as members:
        for member in members:
            if member.name not in (archive.MANIFEST, archive.SECRET_KEY):
                found[member.name] = member.read()
    end = json.loads(found.pop(archive.END))
    return {**found, "tables": end["tables"], "next_keys": end["next_keys"]}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_moves_to_the_other_kind(
    filled: World, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    url = empty_database(kind, tmp_path, request)
    moved = CliRunner().invoke(main, ["move-database", url])
    assert moved.exit_code == 0, moved.output
    with opened(url, tmp_path) as other:
        assert digests(other) == digests("default")
    again = CliRunner().invoke(main, ["move-database", url])
    assert again.exit_code == 1
    assert "it holds users" in again.output


def test_a_backup_is_of_one_moment_and_nothing_it_names_is_removed_meanwhile(
    filled: World, tmp_path: Path
) -> None:
    before, alice = digests("default"), filled.study.owner
    blob = file_queries.blob_of(filled.node)
    happened: list[int] = []

    def meanwhile(_size: int) -> None:
        if happened:
            return
        write(filled.study, "meanwhile.js", b"saved while the backup ran")
        loose = store.put(b"stored while the backup ran")
        happened.append(removal.drop([loose.pk, blob.pk]))
        assert Blob.objects.filter(pk=loose.pk).exists()
        User.objects.filter(pk=alice.pk).update(full_name="renamed")

    with backup.written_to(tmp_path / "one.tar", ()) as sink:
        backup.back_up(sink, progress=meanwhile)
    assert happened == [0]
    ends = content(tmp_path / "one.tar")["tables"]
    assert ends == before
    restoring.check([tmp_path / "one.tar"])
    assert removal.drop([store.put(b"loose").pk]) == 1


def test_a_backup_may_be_encrypted_and_based_on_an_earlier_one(
    filled: World, tmp_path: Path, migrated: Callable[[], str], settings: Settings
) -> None:
    key, other_key = tmp_path / "key", tmp_path / "other key"
    public = CliRunner().invoke(main, ["backup-key", str(key)]).output.strip()
    encryption.new_key(other_key)
    assert key.stat().st_mode & 0o777 == 0o600
    first, second, third = tmp_path / "1.tar.age", tmp_path / "2.tar.age", tmp_path / "3.tar.age"
    secret = store.put(b"a secret that is in no archive as it is" * 100)
    filled.upload.blob = secret
    filled.upload.save()
    assert make(first, "--encrypt-to", public).exit_code == 0
    assert b"a secret that" not in first.read_bytes()
    write(filled.study, "new.js", b"new")
    result = make(second, "--encrypt-to", public, "--since", str(first), "--key", str(key))
    assert result.exit_code == 0, result.output
    assert " 1 files (3 bytes)" in result.output
    write(filled.study, "newer.js", b"newer")
    assert make(third, "--encrypt-to", public, "--since", str(second), "--key", str(key)).exit_code == 0

    expected, there = digests("default"), set(Blob.objects.values_list("sha256", flat=True))
    settings.BLOB_STORE = str(tmp_path / "other blobs")
    with opened(migrated(), tmp_path) as other:
        for archives, key_file, why in [
            ([third], key, "earlier"),
            ([third, first], key, "earlier"),
            ([third, second, first], None, "private key"),
            ([third, second, first], other_key, "another one"),
        ]:
            with pytest.raises(Refused, match=why):
                restoring.restore(archives, key_file=key_file, using=other)
            with pytest.raises(Refused, match=why):
                restoring.check(archives, key_file=key_file)
        assert not User.objects.using(other).exists()
        restoring.check([first, third, second], key_file=key)
        restoring.restore([first, third, second], key_file=key, using=other)
        assert digests(other) == expected
        assert all(store.is_there(blob) for blob in Blob.objects.using(other).filter(sha256__in=there))


@pytest.fixture
def whole(filled: World, tmp_path: Path) -> Path:
    with backup.written_to(tmp_path / "whole.tar", ()) as sink:
        backup.back_up(sink)
    return tmp_path / "whole.tar"


def damages(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield archives that are not whole, each with what is wrong."""
    yield "empty", b""
    yield "something else", b"%PDF-1.7 " * 1000
    last = whole.index(b"end.json")  # the padding after it may go
    for tenths in (1, 5, 9, 10):
        yield f"cut after {tenths} tenths", whole[: last * tenths // 10]
    at = whole.index(b"\x1f\x8b", whole.index(b"rows/accounts_user/")) + 60
    yield "a bit of the rows", whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
    at = whole.index(b"\x00binary\xff") + 500
    yield "a bit of a file", whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]


def test_an_archive_that_is_not_whole_changes_no_database(
    whole: Path, tmp_path: Path, migrated: Callable[[], str], settings: Settings
) -> None:
    url = migrated()
    for what, damaged in damages(whole.read_bytes()):
        settings.BLOB_STORE = str(tmp_path / f"stored files of {what}")
        bad = tmp_path / "damaged.tar"
        bad.write_bytes(damaged)
        with pytest.raises(Refused):
            restoring.check([bad])
        with opened(url, tmp_path) as other:
            with pytest.raises(Refused):
                restoring.restore([bad], using=other)
            assert not User.objects.using(other).exists(), what
    # And the whole one still goes in.
    with opened(url, tmp_path) as other:
        restoring.restore([whole], using=other)


def test_a_damaged_file_is_named_and_the_rest_is_taken(
    filled: World, own_store: Path, tmp_path: Path, migrated: Callable[[], str], settings: Settings
) -> None:
    blob = file_queries.blob_of(filled.node)
    place = own_store / "blobs" / blob.sha256[:2] / blob.sha256[2:4] / blob.sha256
    place.write_bytes(b"x" * blob.size)
    result = make(tmp_path / "one.tar")
    assert result.exit_code == 1
    assert blob.sha256 in result.output
    assert restoring.check([tmp_path / "one.tar"]).damaged == 1
    settings.BLOB_STORE = str(tmp_path / "other blobs")
    with opened(migrated(), tmp_path) as other:
        report = restoring.restore([tmp_path / "one.tar"], using=other)
        assert (report.files, report.damaged) == (Blob.objects.count() - 1, 1)
        assert not store.is_there(blob)


def test_a_newer_archive_or_database_is_refused_with_the_way_back(
    whole: Path, own_store: Path, tmp_path: Path
) -> None:
    with tarfile.open(whole) as old, tarfile.open(tmp_path / "newer.tar", "w") as new:
        for info in old:
            data = old.extractfile(info)
            assert data is not None
            if info.name == archive.MANIFEST:
                manifest = json.load(data)
                manifest["migrations"].append(["files", "0999_future"])
                (tmp_path / "m").write_text(json.dumps(manifest))
                new.add(tmp_path / "m", archive.MANIFEST)
            else:
                new.addfile(info, data)
    with (
        opened(f"sqlite:///{tmp_path}/none.sqlite3", tmp_path) as other,
        pytest.raises(schema.NewerDatabase, match="newer version"),
    ):
        restoring.restore([tmp_path / "newer.tar"], using=other)
    MigrationRecorder(connection).record_applied("files", "0999_future")
    try:
        with pytest.raises(schema.NewerDatabase, match="restore the backup"):
            migrating.migrate(verbosity=0)
    finally:
        MigrationRecorder(connection).record_unapplied("files", "0999_future")


def test_the_database_is_backed_up_before_its_tables_change(
    filled: World, own_store: Path, tmp_path: Path, settings: Settings
) -> None:
    assert before_upgrade.back_up_if_due() is None
    call_command("migrate", "results", "zero", verbosity=0)
    try:
        expected = digests("default")
        assert "results_datarequest" not in expected
        migrating.migrate(verbosity=0)
    finally:
        call_command("migrate", verbosity=0)
    (made,) = before_upgrade.folder().iterdir()
    assert content(made)["tables"] == expected
    # It holds rows alone: the stored files are where they were, or the restore is refused.
    with opened(f"sqlite:///{tmp_path}/copy.sqlite3", tmp_path) as other:
        settings.BLOB_STORE = str(tmp_path / "elsewhere")
        with pytest.raises(restoring.FilesMissing):
            restoring.restore([made], using=other)
        settings.BLOB_STORE = str(own_store / "blobs")
        restoring.restore([made], using=other)
        assert digests(other).keys() == digests("default").keys()  # upgraded on the way
        assert User.objects.using(other).get(username="alice").full_name.startswith("עליזה")


def test_no_room_for_the_backup_stops_the_upgrade(filled: World, own_store: Path) -> None:
    call_command("migrate", "results", "zero", verbosity=0)
    try:
        before_upgrade.folder().mkdir()
        before_upgrade.folder().chmod(0o500)
        if os.geteuid() == 0:
            before_upgrade.folder().rmdir()
            before_upgrade.folder().symlink_to("/dev/full/none")
        with pytest.raises(Unavailable, match="was not upgraded"):
            migrating.migrate(verbosity=0)
        assert ("results", "0001_initial") not in schema.applied("default")
    finally:
        call_command("migrate", verbosity=0)


def test_the_commands_bring_a_site_to_another_machine(whole: Path, filled: World, tmp_path: Path) -> None:
    folder = tmp_path / "machine"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MINNO_")}
    environment |= {"MINNO_DATA_DIR": str(folder)}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "minno_dashboard.config.cli"]
    done = subprocess.run([*command, "restore", str(whole)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / "secret_key").read_text() == os.environ["MINNO_SECRET_KEY"]
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    exporting = [
        *command,
        "export-study",
        "--owner",
        "alice",
        "--name",
        filled.study.name,
        str(tmp_path / "out"),
    ]
    done = subprocess.run(exporting, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "תיקייה" / "קובץ.js").read_bytes() == b"\x00binary\xff" * 1000
