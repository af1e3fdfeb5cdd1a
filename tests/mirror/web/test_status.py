"""`mirror status --json`: its shape is a contract with other people's scripts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from dropbox_simulator import Simulator
from minno_dashboard.accounts.models import User
from minno_dashboard.config.cli import main
from minno_dashboard.core import clock
from minno_dashboard.files.services import write_file
from minno_dashboard.mirror import commands
from minno_dashboard.mirror.models import Link
from minno_dashboard.studies.services import create_study
from tests.mirror.web.conftest import browser_of, configure, connect

KEYS = {
    "state": str,
    "account": (dict, type(None)),
    "files": int,
    "bytes": int,
    "pending": int,
    "parked": list,
    "proven_at": (str, type(None)),
    "last_error": (str, type(None)),
    "calls": dict,
    "not_before": (str, type(None)),
}
ANNA = "anna@dropbox.example"


def status(name: str = "alice") -> dict[str, Any]:
    done = CliRunner().invoke(main, ["mirror", "status", "--user", name, "--json"])
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    assert list(told) == list(KEYS)
    for key, kind in KEYS.items():
        assert isinstance(told[key], kind), key
    return told


def sync() -> str:
    done = CliRunner().invoke(main, ["mirror", "sync", "--user", "alice"])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.django_db
def test_who_is_not_connected_is_off(alice: User) -> None:
    told = status()
    assert (told["state"], told["account"], told["files"], told["proven_at"]) == ("off", None, 0, None)


def test_every_state_is_told_in_its_word(configured: Simulator, alice: User) -> None:
    study = create_study(owner=alice, name="Stroop")
    tree = study.versions.get().tree
    write_file(tree=tree, path="a.js", source=b"12345", expected_blob=None, by=alice)
    connect(browser_of(alice), configured, ANNA)
    told = status("alice@lab.example")
    assert told["state"] in ("pending", "running")
    assert told["pending"] >= 1
    sync()
    told = status()
    there = configured.control.files(ANNA)
    assert told["state"] == "proven"
    assert told["account"]["email"] == ANNA
    assert set(told["account"]) == {"id", "name", "email"}
    assert (told["files"], told["bytes"]) == (1, 5)
    assert there["/Studies/Stroop/v1/a.js"] == b"12345"
    assert datetime.fromisoformat(told["proven_at"]).tzinfo is not None
    assert sum(told["calls"].values()) >= 3
    assert all(isinstance(count, int) for count in told["calls"].values())

    write_file(tree=tree, path="b.js", source=b"1", expected_blob=None, by=alice)
    Link.objects.update(not_before=clock.now() + timedelta(minutes=5), last_error="a pause")
    told = status()
    assert (told["state"], told["pending"], told["last_error"]) == ("waiting", 1, "a pause")
    assert datetime.fromisoformat(told["not_before"]) > clock.now()

    Link.objects.update(not_before=None, lease_until=clock.now() + timedelta(minutes=1))
    assert status()["state"] == "running"
    Link.objects.update(lease_until=None, state=Link.State.NEEDS_USER, reason="reconnect")
    assert status()["state"] == "needs_user"
    Link.objects.update(state=Link.State.ACTIVE)
    configure(is_enabled=False)
    assert status()["state"] == "needs_admin"


def test_sync_of_somebody_who_is_not_connected_fails_with_a_sentence(
    configured: Simulator, alice: User
) -> None:
    done = CliRunner().invoke(main, ["mirror", "sync", "--user", "alice"])
    assert done.exit_code == 1
    assert "not connected to a Dropbox account" in done.stderr


def test_sync_runs_until_proven(configured: Simulator, alice: User) -> None:
    study = create_study(owner=alice, name="Stroop")
    write_file(tree=study.versions.get().tree, path="a.js", source=b"1", expected_blob=None, by=alice)
    connect(browser_of(alice), configured, ANNA)
    assert sync().startswith("Proven: 1 files, 1 bytes")
    assert status()["state"] == "proven"
    assert configured.control.files(ANNA)["/Studies/Stroop/v1/a.js"] == b"1"


@pytest.mark.parametrize(("files", "pending", "share"), [(0, 0, 100), (0, 5, 0), (3, 1, 75), (7, 0, 100)])
def test_the_bar_of_a_sync_shows_how_much_is_there(files: int, pending: int, share: int) -> None:
    assert commands._share({"files": files, "pending": pending}) == share
