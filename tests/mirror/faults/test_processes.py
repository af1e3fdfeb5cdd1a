"""Real workers against a real HTTPS server: killed, stopped past their lease, told to end, out of disk.

Rows 27, 28, 43 and 44 of the failure catalogue. An editor process saves files all the while; what it was told is
saved must be in the Dropbox at the end, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dropbox_simulator import FAST, Server, Simulator
from minno_dashboard.mirror.connecting.installation import MARKER
from tests.mirror.conftest import ANNA, APP_KEY, APP_SECRET
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes through /proc"),
]
ROOT = Path(__file__).resolve().parents[3]
MIB = 1024 * 1024

EDITOR = """
import json, os, signal, sys
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from datetime import timedelta
from django.db import connections
from minno_dashboard.config import server
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.dropbox_api import oauth_calls as dropbox
from minno_dashboard.mirror.pages import mirror_status as queries
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies.services import create_study
app_key, app_secret, given = json.loads(sys.argv[1])
save_section("dropbox", {"is_enabled": True, "app_key": app_key}, {"app_secret": app_secret})
anna = create_user(by=None, username="anna", email="anna@lab.example", role=User.Role.RESEARCHER)
tree = create_study(owner=anna, name="Hard").versions.get().tree
for number, blob in enumerate(list(Node.objects.filter(tree=tree))):
    files.delete(nodes=[blob], by=anna)
services.link(user=anna, app_key=app_key, grant=Grant(
    given["access_token"], clock.now() + timedelta(hours=4), given["refresh_token"], given["account_id"],
    " ".join(dropbox.SCOPES)))

def put(path, text, times):
    files.write_file(tree=tree, path=path, source=(text * times).encode(), expected_blob=files.ANYTHING, by=anna)

def put_many(folder, count):
    for number in range(count):
        put(f"{folder}/{number}.js", f"{folder} {number}", 1)

def rename(name, to):
    files.rename(node=Node.objects.get(tree=tree, name=name, deleted_at=None, parent=None), name=to, by=anna)

def delete(name):
    files.delete(nodes=[Node.objects.get(tree=tree, name=name, deleted_at=None, parent=None)], by=anna)

def status():
    link = Link.objects.get(user=anna)
    return {**queries.status(anna), "lease_owner": link.lease_owner, "link": link.state, "reason": link.reason}

def accept():
    services.confirm_removal(user=anna, accept=True)

def fork(log):
    connections.close_all()
    sys.stdout.flush()
    if child := os.fork():
        return child
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    server.work()
    os._exit(0)

def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

def ended(pid):
    return os.waitpid(pid, os.WNOHANG)[0] == pid

for line in sys.stdin:
    verb, *words = json.loads(line)
    print(json.dumps(globals()[verb](*words)), flush=True)
"""


def is_stopped(pid: int) -> bool:
    """Say whether every thread of a process stands still; the signal is on its way when `os.kill` returns."""
    stats = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(one.read_text().rpartition(")")[2].split()[0] == "T" for one in stats)


class DashboardBeingEdited:
    """A Dashboard with an editor at work, whose Dropbox is a server of this process."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.control = server.simulator.control
        self.recorder = server.simulator.recorder
        self.log = folder / "log.txt"
        self.database = folder / "data" / "minno.sqlite3"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MINNO_", "DATABASE_"))}
        self.environment = {
            **kept,
            **server.environment(),
            "MINNO_DATA_DIR": str(folder / "data"),
            "MINNO_SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests",
            "MINNO_LEASE_SECONDS": "4",
            "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self.forks: list[int] = []
        self.wanted: dict[str, bytes] = {}
        argument = json.dumps([APP_KEY, APP_SECRET, self.control.authorise(ANNA)])
        self._editor = subprocess.Popen(
            [sys.executable, "-c", EDITOR, argument],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.tell("status")

    def tell(self, *words: Any) -> Any:
        """Have the editor do something; returning is its word that it is saved."""
        assert self._editor.stdin is not None
        assert self._editor.stdout is not None
        self._editor.stdin.write(json.dumps(words) + "\n")
        self._editor.stdin.flush()
        return json.loads(self._editor.stdout.readline())

    def put(self, path: str, text: str, times: int = 1) -> None:
        self.tell("put", path, text, times)
        self.wanted[path] = (text * times).encode()

    def put_many(self, folder: str, count: int) -> None:
        self.tell("put_many", folder, count)
        self.wanted.update({f"{folder}/{n}.js": f"{folder} {n}".encode() for n in range(count)})

    def rename(self, name: str, to: str) -> None:
        self.tell("rename", name, to)
        self._leave(name, to)

    def delete(self, name: str) -> None:
        self.tell("delete", name)
        self._leave(name, None)

    def _leave(self, name: str, to: str | None) -> None:
        for path in [one for one in self.wanted if one == name or one.startswith(f"{name}/")]:
            data = self.wanted.pop(path)
            if to is not None:
                self.wanted[to + path.removeprefix(name)] = data

    def work(self) -> subprocess.Popen[bytes]:
        """Start a worker of the product."""
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "minno_dashboard.config.cli", "serve", "--only", "worker"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def fork(self) -> int:
        """Start a worker as a fork of the editor, which has all imported that it needs; return its process."""
        self.forks.append(int(self.tell("fork", str(self.log))))
        return self.forks[-1]

    def kill(self, fork: int) -> None:
        """Kill a fork with no word of warning."""
        self.tell("kill", fork)
        self.forks.remove(fork)

    def stop(self, fork: int) -> None:
        """Stop a fork at a moment at which it holds no lock of SQLite, which nobody else could take."""
        while True:
            os.kill(fork, signal.SIGSTOP)
            until(lambda: is_stopped(fork), "every thread of the fork to stand still")
            with contextlib.closing(sqlite3.connect(self.database, timeout=1.0)) as connection:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    os.kill(fork, signal.SIGCONT)
                else:
                    connection.rollback()
                    return

    def calls(self) -> int:
        return len(self.recorder.records)

    def is_silent(self) -> bool:
        return all(one.ended is not None for one in self.recorder.calls())

    def is_proven(self) -> bool:
        assert [one for one in self.workers if one.poll() not in (None, 0, -9)] == [], self.log.read_text()
        assert [one for one in self.forks if self.tell("ended", one)] == [], self.log.read_text()
        status = self.tell("status")
        if status["reason"] == "mass_removal_planned":
            self.tell("accept")
        assert status["reason"] in ("", "mass_removal_planned"), status
        return bool(status["state"] == "proven")

    def assert_whole(self) -> None:
        """What was acknowledged is in the Dropbox, and nothing else; writes never overlapped."""
        until(self.is_proven, "the proof")
        found = self.control.files(ANNA)
        prefix = "/Studies/Hard/v1/"
        mine = {path.removeprefix(prefix): data for path, data in found.items() if path.startswith(prefix)}
        assert mine == self.wanted
        others = {path.split("/")[1] for path in found if not path.startswith(prefix)}
        assert others <= {"README.txt", "MANIFEST.json", "verify.py", MARKER, "Deleted"}
        assert self.recorder.autorenaming() == []
        assert self.recorder.calls_inside_retry_after() == []

    def end(self) -> None:
        for fork in [*self.forks]:
            self.kill(fork)
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait()
        self._editor.kill()
        self._editor.communicate()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[DashboardBeingEdited]:
    """A Dashboard whose Dropbox answers about as fast as a real one."""
    simulator = Simulator(seed=1, model=FAST)
    simulator.control.create_app("Minno", key=APP_KEY, secret=APP_SECRET)
    simulator.control.create_account("Anna A", ANNA)
    with Server(simulator) as server:
        made = DashboardBeingEdited(tmp_path, server)
        yield made
        made.end()


@pytest.fixture
def dice() -> random.Random:
    """Dice whose seed is printed; MINNO_TEST_SEED plays a game again."""
    seed = int(os.environ.get("MINNO_TEST_SEED") or random.SystemRandom().randrange(10**6))
    sys.stdout.write(f"MINNO_TEST_SEED={seed}\n")
    return random.Random(seed)


def change(site: DashboardBeingEdited, dice: random.Random, number: int) -> None:
    """Make some changes of every kind."""
    site.put_many(f"folder {number}", dice.randrange(2, 8))
    site.put("often.js", f"save {number}")
    if number % 4 == 1:
        site.put(f"large {number}.bin", f"{number:016d}", 9 * MIB // 16)
    folders = sorted({path.split("/")[0] for path in site.wanted if "/" in path})
    if dice.random() < 0.5:
        site.rename(dice.choice(folders), f"renamed {number}")
    elif dice.random() < 0.3:
        site.delete(dice.choice(folders))


def test_g27_a_worker_killed_twenty_times_in_the_middle_of_its_run_loses_and_doubles_nothing(
    site: DashboardBeingEdited, dice: random.Random
) -> None:
    for number in range(20):
        change(site, dice, number)
        before, more = site.calls(), dice.randrange(1, 7)
        worker = site.fork()
        until(
            lambda before=before, more=more: site.calls() >= before + more or site.is_proven(),  # type: ignore[misc]
            "calls of the worker",
        )
        time.sleep(dice.uniform(0, 0.1))  # the moment is what is drawn here, nothing is waited for
        site.kill(worker)
        until(site.is_silent, "Dropbox to end what the dead worker asked for")
    assert site.recorder.overlapping_writes() == []
    site.fork()
    site.assert_whole()


def test_g28_a_worker_stopped_past_its_lease_damages_nothing_when_it_goes_on(
    site: DashboardBeingEdited, dice: random.Random
) -> None:
    first = site.fork()
    second = 0
    for number in range(2):
        before, more = site.calls(), dice.randrange(1, 6)
        change(site, dice, number)
        until(
            lambda before=before, more=more: site.calls() >= before + more or site.is_proven(),  # type: ignore[misc]
            "calls of the first worker",
        )
        site.stop(first)
        site.put("often.js", f"saved while one is stopped, {number}")
        if second:
            os.kill(second, signal.SIGCONT)
        else:
            second = site.fork()
        until(site.is_proven, "the second worker to take over")
        site.put("often.js", f"saved before the first goes on, {number}")
        os.kill(first, signal.SIGCONT)
        site.assert_whole()
        first, second = second, first
        site.stop(second)


def test_g43_a_worker_that_gets_sigterm_ends_cleanly_and_another_goes_on(
    site: DashboardBeingEdited, dice: random.Random
) -> None:
    site.put("large.bin", "0123456789abcdef", 40 * MIB // 16)
    site.put_many("many", 60)
    before = site.calls()
    worker = site.work()
    until(lambda: site.calls() >= before + dice.randrange(2, 6), "calls of the worker")
    worker.terminate()
    assert worker.wait(timeout=PATIENCE_SECONDS) == 0
    assert site.tell("status")["lease_owner"] == ""
    assert "Traceback" not in site.log.read_text()
    site.work()
    site.assert_whole()


def test_g44_a_full_disk_stops_the_engine_cleanly_and_it_goes_on_when_there_is_room(
    site: DashboardBeingEdited, dice: random.Random
) -> None:
    if not hasattr(resource, "prlimit"):
        pytest.skip("this system cannot limit another process")
    site.put_many("first", 4)
    worker = site.fork()
    site.assert_whole()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, most))
    site.put_many("second", 10)
    before = site.calls()
    time.sleep(2)  # hammering would be seen in this time
    assert site.calls() - before <= 10
    assert not site.is_proven()
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, most))
    site.assert_whole()
