"""The processes as an operator starts them: they come up, end cleanly, and none outlives the other."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from minno_dashboard.config.server import PARENT_PIPE
from tests.waiting import PATIENCE_SECONDS, serves, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("serving")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dashboard:
    """The installed command, started in a folder of its own."""

    def __init__(self, folder: Path, *arguments: str, port: int = 0) -> None:
        self.port = port or free_port()
        self.output = folder / "output"
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).parent / "minno-dashboard"), "serve", *arguments],
                env={
                    **os.environ,
                    "MINNO_DATA_DIR": str(folder / "data"),
                    "MINNO_PORT": str(self.port),
                    "MINNO_SERVER_URL": f"http://127.0.0.1:{self.port}",
                    "DATABASE_URL": "",
                },
                stdout=output,
                stderr=output,
            )

    def says(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def answers(self) -> bool:
        assert self.process.poll() is None, self.says()
        return serves(f"http://127.0.0.1:{self.port}")

    def answers_at_all(self) -> bool:
        """Say whether a new connection gets an answer soon; a stopping site leaves it waiting."""
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=0.5).ok
        except requests.RequestException:
            return False

    def child(self, name: str) -> int | None:
        """Return the process id of a child by a word of its command line, once there is one."""
        for file in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            for pid in file.read_text().split():
                try:
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if any(name in word for word in words):
                    return int(pid)
        return None


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Dashboard]]:
    started: list[Dashboard] = []

    def begin(*arguments: str) -> Dashboard:
        dashboard = Dashboard(tmp_path, *arguments)
        started.append(dashboard)
        return dashboard

    yield begin
    for dashboard in started:
        if dashboard.process.poll() is None:
            dashboard.process.kill()
        dashboard.process.wait(PATIENCE_SECONDS)


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def test_the_first_start_prints_a_password_once_and_the_log_in_page_is_served(
    start: Callable[..., Dashboard],
) -> None:
    first = start()
    until(first.answers, "the first start")
    assert "user name:  admin" in first.says()
    page = requests.get(f"http://127.0.0.1:{first.port}/", timeout=PATIENCE_SECONDS)
    assert page.status_code == 200
    assert page.url.startswith(f"http://127.0.0.1:{first.port}/login/")
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(60) == 0
    first.output.write_text("")
    second = start()
    until(second.answers, "the second start")
    assert "password" not in second.says()


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="looks at processes through /proc"
)
CHILDREN = ("gateway.process", "web_process", "worker")


@needs_proc
def test_a_killed_child_is_started_again_and_a_killed_parent_takes_all_along(
    start: Callable[..., Dashboard],
) -> None:
    dashboard = start()
    until(dashboard.answers, "the start")
    for name in CHILDREN:
        until(lambda name=name: dashboard.child(name), f"the {name}")  # type: ignore[misc]
        first = dashboard.child(name)
        assert first
        os.kill(first, signal.SIGKILL)
        until(lambda name=name, first=first: dashboard.child(name) not in (None, first), f"another {name}")  # type: ignore[misc]
        until(dashboard.answers, f"an answer after the {name} was killed")
    assert "the gateway process ended with status -9; starting it again" in dashboard.says()
    running = [pid for name in CHILDREN if (pid := dashboard.child(name))]
    assert len(running) == len(CHILDREN)
    dashboard.process.kill()
    for pid in running:
        until(lambda pid=pid: is_gone(pid), "the end of a child after its parent was killed")  # type: ignore[misc]


@needs_proc
def test_a_request_in_progress_is_answered_before_the_site_stops(start: Callable[..., Dashboard]) -> None:
    dashboard = start()
    until(dashboard.answers, "the start")
    with socket.create_connection(("127.0.0.1", dashboard.port), timeout=PATIENCE_SECONDS) as sock:
        sock.sendall(b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\nab")
        gateway = dashboard.child("gateway.process")
        dashboard.process.send_signal(signal.SIGINT)
        until(lambda: not dashboard.answers_at_all(), "new connections to be left waiting")
        sock.sendall(b"cd")
        assert sock.recv(100).startswith(b"HTTP/1.1 403"), dashboard.says()
    assert dashboard.process.wait(60) == 0
    assert gateway
    assert is_gone(gateway)
    assert "Traceback" not in dashboard.says()


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_web_and_worker_told_to_stop_at_once_end_without_a_word(
    start: Callable[..., Dashboard], number: signal.Signals
) -> None:
    dashboard = start()
    until(dashboard.answers, "the start")
    until(lambda: "looks for what is due" in dashboard.says(), "the worker at work")
    worker = dashboard.child("worker")
    assert worker
    os.kill(worker, number)  # as a service manager does: the worker may be the faster one
    dashboard.process.send_signal(number)
    assert dashboard.process.wait(PATIENCE_SECONDS) == 0
    until(lambda: is_gone(worker), "the end of the worker")
    assert "Fatal Python error" not in dashboard.says()
    assert "starting it again" not in dashboard.says()


def test_a_worker_that_is_stopped_while_its_parent_lives_leaves_its_pipe_in_peace(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "minno-dashboard"), "serve", "--only", "worker"],
            env={**os.environ, "MINNO_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": "", PARENT_PIPE: "stdin"},
            stdin=subprocess.PIPE, stdout=stream, stderr=stream,
        )  # fmt: skip
    until(lambda: "looks for what is due" in output.read_text(), "the worker at work")
    while (
        process.poll() is None
    ):  # impatient people press Ctrl-C often, and a service manager tells it as well
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0, output.read_text()
    assert "Fatal Python error" not in output.read_text()
    assert process.stdin
    process.stdin.close()


@needs_proc
def test_the_parts_can_run_apart(start: Callable[..., Dashboard]) -> None:
    web = start("--only", "web")
    until(web.answers, "the web part")
    assert web.child("worker") is None
    apart = start("--only", "participants")
    until(apart.answers, "the participants' part")
    assert apart.child("worker") is None
    login = requests.get(f"http://127.0.0.1:{apart.port}/login/", timeout=PATIENCE_SECONDS)
    assert login.status_code == 404
    assert "another address" in login.text
    worker = start("--only", "worker")
    until(lambda: "the worker looks for what is due" in worker.says(), "the worker")
    web.process.kill()  # the lock that the parts share must not go with one of them
    web.process.wait(PATIENCE_SECONDS)
    whole = start()
    assert whole.process.wait(PATIENCE_SECONDS) == 1
    assert f"process {worker.process.pid} (minno-dashboard serve --only worker, since " in whole.says()
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(60) == 0, worker.says()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a management command on the data folder of a `Dashboard`."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "minno-dashboard"), *arguments],
        env={**os.environ, "MINNO_DATA_DIR": str(folder / "data"), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_one_dashboard_uses_a_data_folder(start: Callable[..., Dashboard], tmp_path: Path) -> None:
    first = start()
    until(first.answers, "the first")
    holder = f"is in use by process {first.process.pid} (minno-dashboard serve, since "
    for arguments in ([], ["--only", "web"], ["--only", "worker"]):
        second = start(*arguments)
        assert second.process.wait(PATIENCE_SECONDS) == 1
        assert second.says().count(holder) == 1, second.says()
        assert "Traceback" not in second.says()
        second.output.write_text("")
    assert first.answers(), "the first was disturbed"

    created = run(
        tmp_path, "create-user", "dana", "--email", "dana@lab.example", "--password", "long enough 1"
    )
    assert created.returncode == 0, created.stderr
    backup = run(tmp_path, "backup", str(tmp_path / "backup.tar"))
    assert backup.returncode == 0, backup.stderr
    assert run(tmp_path, "restore", "--check", str(tmp_path / "backup.tar")).returncode == 0
    for command in (
        ["restore", str(tmp_path / "backup.tar")],
        ["move-database", f"sqlite:///{tmp_path}/other.sqlite3"],
    ):
        refused = run(tmp_path, *command)
        assert refused.returncode == 1
        assert holder in refused.stderr, refused.stderr
    assert not (tmp_path / "other.sqlite3").exists()

    first.process.kill()
    first.process.wait(PATIENCE_SECONDS)
    next_one = start()
    until(next_one.answers, "a start right after kill -9")
    assert "in use" not in next_one.says()


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        dashboard = Dashboard(tmp_path, port=int(holder.getsockname()[1]))
        assert dashboard.process.wait(PATIENCE_SECONDS) == 1
    assert "set MINNO_PORT to a free one" in dashboard.says()
    assert "Traceback" not in dashboard.says()


def test_a_command_before_the_first_start_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "minno-dashboard"),
            "mirror",
            "status",
            "--user",
            "nobody",
            "--json",
        ],
        env={**os.environ, "MINNO_DATA_DIR": str(tmp_path), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 1
    assert "minno-dashboard migrate" in done.stderr
    assert "Traceback" not in done.stderr
