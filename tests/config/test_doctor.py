"""`doctor` finds what is wrong with an installation, says it in a sentence, and ends with status 1."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.conf import settings as django_settings
from django.core.management import call_command
from pytest_django.fixtures import Settings

from minno_dashboard.accounts.models import SecondFactor, User
from minno_dashboard.config.cli import main
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.files import store
from minno_dashboard.jobs.models import Periodic
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig.queries import APP_SECRET, DROPBOX, MAIL, MAIL_PASSWORD
from minno_dashboard.siteconfig.sealing import seal
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies import services as studies

pytestmark = pytest.mark.django_db


def doctor() -> Result:
    return CliRunner().invoke(main, ["doctor"])


def test_a_new_installation_is_well() -> None:
    result = doctor()
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "ok    public address",
        "ok    database",
        "ok    stored files",
        "ok    private folder",
        "ok    damaged files",
        "ok    disk",
        "ok    sealed secrets",
        "ok    worker",
    ]


def address_in_clear(settings: Settings) -> None:
    settings.SERVER_URL = "http://lab.example.org"


def a_migration_waiting(settings: Settings) -> None:
    call_command("migrate", "jobs", "zero", verbosity=0, fake=True)


def a_store_that_cannot_be_written(settings: Settings) -> None:
    folder = Path(settings.DATA_DIR) / "a file where a folder should be"
    folder.touch()
    settings.BLOB_STORE = str(folder)


def a_store_that_is_not_known(settings: Settings) -> None:
    settings.BLOB_STORE = "s3://lab/files"
    store._storage.cache_clear()


def an_open_folder(settings: Settings) -> None:
    folder = Path(settings.DATA_DIR) / "open"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    settings.DATA_DIR = folder


def another_key(settings: Settings) -> None:
    user = User.objects.create(username="dana", email="dana@lab.example")
    Link.objects.create(user=user, sealed_refresh_token=seal("token"), linked_at=clock.now())
    SecondFactor.objects.create(user=user, sealed=seal("s"), confirmed_at=clock.now())
    save_section(DROPBOX, {}, {APP_SECRET: "s"})
    save_section(MAIL, {}, {MAIL_PASSWORD: "p"})
    settings.SECRET_KEY = "another key " * 4


def no_worker(settings: Settings) -> None:
    Periodic.objects.create(name="p", not_before=clock.now() - timedelta(hours=1))


@pytest.mark.parametrize(
    ("spoil", "subject", "words"),
    [
        (address_in_clear, "public address", ["Set MINNO_SERVER_URL to https"]),
        (a_migration_waiting, "database", ["migrations are waiting", "minno-dashboard migrate"]),
        (a_store_that_cannot_be_written, "stored files", ["a file where a folder should be"]),
        (a_store_that_is_not_known, "stored files", ["cannot be used right now"]),
        (an_open_folder, "private folder", ["chmod 700"]),
        (another_key, "sealed secrets", ["app secret", "mail server", "1 Dropbox links", "recovery codes"]),
        (no_worker, "worker", ["no worker seems to run", "minno-dashboard serve"]),
    ],
)
def test_each_thing_that_is_wrong_is_said_and_ends_with_status_1(
    spoil: Callable[[Settings], None],
    subject: str,
    words: list[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    spoil(settings)
    result = doctor()
    assert result.exit_code == 1, result.output
    failed = [line for line in result.output.splitlines() if line.startswith("FAIL")]
    assert [line[6:].split(":")[0] for line in failed] == [subject]
    assert all(word in failed[0] for word in words), failed
    assert "Traceback" not in result.output


def test_a_disk_that_is_nearly_full_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minno_dashboard.config.doctor.ENOUGH_BYTES", 1 << 60)
    result = doctor()
    assert result.exit_code == 1
    assert "GiB free where the data live" in result.output


def test_a_worker_that_works_is_well() -> None:
    now = clock.now()
    Periodic.objects.create(name="p", not_before=now + timedelta(hours=1), last_finished_at=now)
    assert f"worker: last done {now:%Y-%m-%d %H:%M} UTC" in doctor().output


def test_verify_reads_all_files_and_names_each_damaged_one() -> None:
    alice = User.objects.create(username="alice", email="alice@lab.example")
    study = studies.create_study(owner=alice, name="Mood")
    tree = study.versions.get().tree
    for name, content in (("whole.js", b"whole"), ("broken.js", b"right"), ("gone.js", b"gone")):
        files.write_file(tree=tree, by=alice, path=f"task/{name}", source=content, expected_blob=None)
    for content, damaged in ((b"right", b"wrong"), (b"gone", None)):
        blob = store.put(content)
        path = Path(django_settings.BLOB_STORE) / blob.sha256[:2] / blob.sha256[2:4] / blob.sha256
        path.write_bytes(damaged) if damaged else path.unlink()
    assert doctor().exit_code == 0, "nobody has looked yet"
    result = CliRunner().invoke(main, ["doctor", "--verify"])
    assert result.exit_code == 1
    line = next(one for one in result.output.splitlines() if "FAIL" in one)
    assert "2 files are damaged" in line
    assert "alice / Mood v1 / task/broken.js" in line
    assert "task/gone.js" in line
    assert "whole.js" not in line
    assert doctor().exit_code == 1, "what was found is remembered"
    for content in (b"right", b"gone"):
        store.put(content)
    assert doctor().exit_code == 0, "the same bytes uploaded again heal them"
