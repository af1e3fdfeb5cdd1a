"""Real processes against a real HTTPS server: killed in the middle of a run, and two at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropbox_simulator import Server, Simulator
from tests.mirror.conftest import ABOUT_THE_COPY, ANNA, APP_KEY, APP_SECRET

SETUP = """
import os, sys, json
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from datetime import timedelta
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.dropbox_api import oauth_calls as dropbox
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies.services import create_study
app_key, app_secret, given, count = json.loads(sys.argv[1])
save_section("dropbox", {"is_enabled": True, "app_key": app_key}, {"app_secret": app_secret})
anna = create_user(by=None, username="anna", email="anna@lab.example", role=User.Role.RESEARCHER)
def fill(tree):
    for number in range(count):
        files.write_file(tree=tree, path=f"f{number % 4}/{number}.js", source=f"file {number}".encode(),
                         expected_blob=None, by=anna)
    files.write_file(tree=tree, path="big.bin", source=b"0123456789abcdef" * (1024 * 1024 * 20 // 16),
                     expected_blob=None, by=anna)
create_study(owner=anna, name="Killed", fill=fill)
services.link(user=anna, app_key=app_key, grant=Grant(
    given["access_token"], clock.now() + timedelta(hours=4), given["refresh_token"], given["account_id"],
    " ".join(dropbox.SCOPES)))
"""
FILES = 150


class DashboardCommands:
    """A Dashboard of its own folder, pointed at the server, and its commands."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.environment = {
            **os.environ,
            **server.environment(),
            "MINNO_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
            "DATABASE_URL": "",
        }

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", "from minno_dashboard.config.cli import main; main()", *arguments],
            env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def sync(self) -> None:
        process = self.begin("mirror", "sync", "--user", "anna")
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, out + err
        assert out.startswith("Proven:")

    def status(self) -> dict[str, object]:
        out, _ = self.begin("mirror", "status", "--user", "anna", "--json").communicate(timeout=120)
        found: dict[str, object] = json.loads(out)
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[DashboardCommands]:
    """A Dashboard with a study of 151 files that nobody mirrored yet."""
    simulator = Simulator(seed=1)
    simulator.control.create_app("Minno", key=APP_KEY, secret=APP_SECRET)
    simulator.control.create_account("Anna A", ANNA)
    given = simulator.control.authorise(ANNA)
    with Server(simulator) as server:
        made = DashboardCommands(tmp_path / "data", server)
        argument = json.dumps([APP_KEY, APP_SECRET, given, FILES])
        subprocess.run([sys.executable, "-c", SETUP, argument], env=made.environment, check=True, timeout=240)
        yield made


def is_whole(site: DashboardCommands) -> bool:
    found = site.server.simulator.control.files(ANNA)
    wanted = {f"/Studies/Killed/v1/f{n % 4}/{n}.js": f"file {n}".encode() for n in range(FILES)}
    wanted["/Studies/Killed/v1/big.bin"] = b"0123456789abcdef" * (1024 * 1024 * 20 // 16)
    return {path: data for path, data in found.items() if path not in ABOUT_THE_COPY} == wanted


@pytest.mark.slow
def test_a_killed_run_is_taken_up_where_it_was(site: DashboardCommands) -> None:
    seed = random.SystemRandom().randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    rng = random.Random(seed)
    control = site.server.simulator.control
    for _ in range(3):
        process = site.begin("mirror", "sync", "--user", "anna")
        calls = len(control.records()) + rng.randrange(1, 7)
        deadline = time.monotonic() + 120
        while process.poll() is None and len(control.records()) < calls:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    site.sync()
    assert is_whole(site)
    assert site.status()["state"] == "proven"


@pytest.mark.slow
def test_two_workers_on_one_account_write_one_after_the_other(site: DashboardCommands) -> None:
    both = [site.begin("mirror", "sync", "--user", "anna") for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, out + err
    assert is_whole(site)
    commits = [r for r in site.server.simulator.control.records() if "finish_batch" in r["route"]]
    assert len(commits) <= 4
