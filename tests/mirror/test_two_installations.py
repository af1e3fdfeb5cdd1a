"""A copied installation beside the one it was copied from: one writes, the other stops and asks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dropbox_simulator import Server, Simulator, faults
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Tree
from minno_dashboard.mirror.connecting import installation, services
from minno_dashboard.mirror.connecting.installation import MARKER
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import badge, status
from minno_dashboard.mirror.pages.panel import panel_of
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, APP_KEY, APP_SECRET, MirrorWorld, expected
from tests.mirror.test_processes import SETUP

SYNC = """
from minno_dashboard.config.cli import main
main(["mirror", "sync", "--user", "anna"])
"""
FIRST = SETUP.replace("1024 * 1024 * 20 // 16", "1") + SYNC
RENAMED = """
import sys
import django; django.setup()
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
files.rename(node=Node.objects.get(name=sys.argv[1]), name=sys.argv[2], by=None)
"""
TAKEN_OVER = """
import django; django.setup()
from minno_dashboard.mirror.commands import mirror
mirror(["use-here"], standalone_mode=False)
"""


class DashboardOfFolder:
    """A whole Dashboard of its own folder."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.environment = {
            **os.environ,
            **server.environment(),
            "MINNO_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
            "DATABASE_URL": "",
        }

    def does(self, script: str, *arguments: str) -> tuple[bool, str]:
        """Run a script in a process of its own; answer whether it ended well, and what it said."""
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=self.environment, capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_copied_installation_stops_and_asks_and_the_other_goes_on(tmp_path: Path) -> None:
    simulator = Simulator(seed=1)
    simulator.control.create_app("Minno", key=APP_KEY, secret=APP_SECRET)
    simulator.control.create_account("Anna A", ANNA)
    given = simulator.control.authorise(ANNA)
    with Server(simulator) as server:
        first = DashboardOfFolder(tmp_path / "first", server)
        assert first.does(FIRST, json.dumps([APP_KEY, APP_SECRET, given, 8]))[0]
        shutil.copytree(tmp_path / "first", tmp_path / "copy")
        copy = DashboardOfFolder(tmp_path / "copy", server)
        before = simulator.control.files(ANNA)
        is_done, said = copy.does(RENAMED + SYNC, "f1", "of the copy")
        assert not is_done
        assert "copied, moved, or restored" in said
        assert simulator.control.files(ANNA) == before
        assert first.does(RENAMED + SYNC, "f2", "of the first")[0]
        assert "/Studies/Killed/v1/of the first/2.js" in simulator.control.files(ANNA)

        # A person says that the copy is the one to go on; the first is the old machine, left on.
        assert copy.does(TAKEN_OVER + SYNC)[0]
        before = simulator.control.files(ANNA)
        assert "/Studies/Killed/v1/of the copy/1.js" in before
        is_done, said = first.does(RENAMED + SYNC, "f3", "of the first, too")
        assert not is_done
        assert "Another Dashboard writes" in said
        assert simulator.control.files(ANNA) == before


@pytest.fixture
def tree(world: MirrorWorld, anna: User) -> Tree:
    """A study that stands in Anna's Dropbox."""
    study = studies.create_study(owner=anna, name="Mine")
    files.write_file(tree=study.versions.get().tree, path="a.js", source=b"1", expected_blob=None, by=anna)
    world.connect(anna, ANNA)
    world.settle()
    return study.versions.get().tree


def save(tree: Tree, text: bytes, by: User) -> None:
    files.write_file(tree=tree, path="a.js", source=text, expected_blob=files.ANYTHING, by=by)


def other_writes(world: MirrorWorld) -> None:
    """Let another Dashboard, which knows this Dropbox as well as we do, write its marker."""
    world.control.write_file(ANNA, f"/{MARKER}", b'{"mark": "another"}')


def test_who_finds_another_dashboards_marker_writes_nothing_until_asked(
    world: MirrorWorld, anna: User, tree: Tree
) -> None:
    other_writes(world)
    world.time.advance(3700)
    world.settle()
    assert (status(anna)["state"], badge(anna).dot) == ("needs_user", "bad")
    save(tree, b"2", anna)
    world.settle()
    assert world.files(ANNA)["/Studies/Mine/v1/a.js"] == b"1"
    asked = panel_of(anna).question
    assert asked is not None
    assert (asked.accept, asked.refuse) == ("Use this Dashboard", "Stop here")
    services.confirm_removal(user=anna, accept=True)
    world.settle()
    assert status(anna)["state"] == "proven"
    assert world.files(ANNA).items() >= expected(anna).items()
    found = world.control.files(ANNA)
    aside = f"/{MARKER.replace('.json', '')} (changed in Dropbox {world.time.now():%Y-%m-%d}).json"
    assert b"another" not in found[f"/{MARKER}"]
    assert b"another" in found[aside]


def test_who_stops_here_leaves_the_tokens_to_the_other_dashboard(
    world: MirrorWorld, anna: User, tree: Tree
) -> None:
    other_writes(world)
    world.time.advance(3700)
    world.settle()
    world.control.clear_records()
    services.confirm_removal(user=anna, accept=False)
    assert (status(anna)["state"], world.calls()) == ("off", [])


def test_a_database_in_another_place_is_not_green_and_asks_before_any_call(
    world: MirrorWorld, anna: User, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = installation.place()
    elsewhere = {name: f"other {value}" for name, value in here.items()}
    monkeypatch.setattr(installation, "place", lambda: {**here, "host": "renamed"})
    assert status(anna)["state"] == "proven"
    monkeypatch.setattr(installation, "place", lambda: elsewhere)
    assert status(anna)["state"] == "pending"
    world.control.clear_records()
    services.prove_now(user=anna)
    world.settle()
    assert (status(anna)["state"], world.calls()) == ("needs_user", [])
    assert services.use_here(Link.objects.all()) == 1
    world.settle()
    assert status(anna)["state"] == "proven"
    save(tree, b"2", anna)
    world.settle()
    assert world.calls().count("files/upload") == 2  # the marker, and the text
    assert Link.objects.get(user=anna).marker["place"] == elsewhere


def test_the_marker_is_written_once_a_day_and_when_something_was_changed_there(
    world: MirrorWorld, anna: User, tree: Tree
) -> None:
    def writes(text: bytes) -> int:
        world.control.clear_records()
        save(tree, text, anna)
        world.settle()
        return sum("upload" in route for route in world.calls())

    assert writes(b"2") == 1
    world.time.advance(86500)
    assert (writes(b"3"), writes(b"4")) == (2, 1)
    world.time.advance(700)
    world.control.rename(ANNA, "/Studies/Mine/v1/a.js", "/Studies/Mine/v1/theirs.js")
    assert writes(b"5") <= 2
    assert world.files(ANNA)["/Studies/Mine/v1/a.js"] == b"5"
    world.time.advance(700)
    world.control.write_file(ANNA, "/Studies/Mine/v1/a.js", b"perhaps another Dashboard's")
    before = world.control.files(ANNA)[f"/{MARKER}"]
    writes(b"6")
    assert world.control.files(ANNA)[f"/{MARKER}"] != before


def test_a_lost_answer_about_the_marker_is_no_other_dashboard(
    world: MirrorWorld, anna: User, tree: Tree
) -> None:
    world.time.advance(86500)
    world.control.add_fault(faults.reset(when="after"), route="files/upload", times=1)
    save(tree, b"2", anna)
    world.settle()
    assert status(anna)["state"] == "proven"
    assert world.files(ANNA) == expected(anna)


def test_without_the_marker_it_is_written_again(world: MirrorWorld, anna: User, tree: Tree) -> None:
    world.control.delete(ANNA, f"/{MARKER}")
    world.time.advance(3700)
    world.settle()
    save(tree, b"2", anna)
    world.settle()
    assert status(anna)["state"] == "proven"
    assert f"/{MARKER}" in world.control.files(ANNA)
