"""The simulator as a process with a folder: files to open, a restart that goes on, control over HTTP."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dropbox
import requests
from dropbox import files
from dropbox.dropbox_client import create_session

from dropbox_simulator import Server, Simulator, VirtualClock, mount
from dropbox_simulator.persistence import file_name
from tests.waiting import until

from .conftest import ALICE, REDIRECT

SOURCES = Path(__file__).resolve().parents[2] / "src"


@contextmanager
def process(folder: Path, ready: Path) -> Iterator[dict[str, Any]]:
    """Run `python -m dropbox_simulator`; give what it says about itself."""
    ready.unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "dropbox_simulator", "--port", "0", "--folder", str(folder), "--app-key", "K",
        "--app-secret", "S", "--redirect-uri", REDIRECT, "--account", f"Alice Demo <{ALICE}>",
        "--ready-file", str(ready),
    ]  # fmt: skip
    running = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(SOURCES)}, stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: ready.exists() or running.poll() is not None, "the simulator to be ready")
        yield json.loads(ready.read_text())
    finally:
        running.terminate()
        assert running.wait(30) == 0


def control(place: dict[str, Any], call: str, **arguments: Any) -> Any:
    """Make a control call over HTTP."""
    answer = requests.post(f"http://127.0.0.1:{place['port']}/_control/{call}", json=arguments, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_a_process_serves_keeps_and_goes_on(tmp_path: Path) -> None:
    """Files stand in a folder, survive a restart, and control calls work from outside."""
    folder = tmp_path / "dropbox"
    with process(folder, tmp_path / "ready.json") as place:
        tokens = control(place, "authorise", account=ALICE)
        data = base64.b64encode(b"hello").decode()
        control(place, "write_file", account=ALICE, path="/Study/a.txt", data_base64=data)
        control(place, "write_file", account=ALICE, path="/Study/b.txt", data_base64=data)
        control(place, "rename", account=ALICE, from_path="/Study", to_path="/Renamed")
        control(place, "delete", account=ALICE, path="/Renamed/b.txt")
        before = control(place, "tree", account=ALICE)
        visible = folder / ALICE / "Apps" / "Minno"
        assert (visible / "Renamed" / "a.txt").read_bytes() == b"hello"
        assert sorted(path.name for path in visible.rglob("*")) == ["Renamed", "a.txt"]
        control(
            place, "add_fault", effect="throttle", route="check/user", times=1, **{"with": {"retry_after": 7}}
        )
        refused = requests.post(
            f"https://localhost:{place['port']}/2/check/user",
            json={"query": "x"},
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
            verify=place["ca"],
            timeout=60,
        )
        assert refused.headers["Retry-After"] == "7"
        assert control(place, "summary")["throttled"] == 1
        missing = requests.post(f"http://127.0.0.1:{place['port']}/_control/link", json={}, timeout=60)
        assert missing.status_code == 404
    with process(folder, tmp_path / "ready.json") as place:
        assert control(place, "tree", account=ALICE) == before
        answer = requests.post(
            f"https://localhost:{place['port']}/2/users/get_current_account",
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
            verify=place["ca"],
            timeout=60,
        )
        assert answer.json()["email"] == ALICE


def _client(simulator: Simulator, token: str) -> Any:
    return dropbox.Dropbox(token, session=mount(create_session(), simulator))


def test_cursors_sessions_history_and_jobs_survive_a_restart(tmp_path: Path) -> None:
    """A second simulator on the same folder goes on where the first ended."""
    first = Simulator(VirtualClock(), seed=2, folder=tmp_path)
    first.control.create_app()
    first.control.create_account("Alice Demo", ALICE)
    token = first.control.authorise(ALICE)["access_token"]
    client = _client(first, token)
    old = client.files_upload(b"one", "/dir/a")
    client.files_upload(b"two", "/dir/a", mode=files.WriteMode.overwrite)
    cursor = client.files_list_folder("", recursive=True).cursor
    session = client.files_upload_session_start(b"abc").session_id
    client.files_copy_v2("/dir", "/copy")
    job = client.files_delete_batch([files.DeleteArg("/dir")]).get_async_job_id()
    tree, used = first.control.tree(ALICE), client.users_get_space_usage().used
    first.close()

    second = Simulator(VirtualClock(), seed=2, folder=tmp_path)
    client = _client(second, token)
    assert second.control.tree(ALICE) == tree
    assert client.users_get_space_usage().used == used
    told = {
        entry.path_lower: type(entry).__name__ for entry in client.files_list_folder_continue(cursor).entries
    }
    assert told == {"/dir": "DeletedMetadata", "/copy": "FolderMetadata", "/copy/a": "FileMetadata"}
    place = files.UploadSessionCursor(session, 3)
    assert client.files_upload_session_finish(b"def", place, files.CommitInfo("/late")).size == 6
    assert client.files_delete_batch_check(job).is_complete()
    assert client.files_restore("/dir/a", old.rev).size == 3
    assert (tmp_path / ALICE / "Apps" / "Minno" / "dir" / "a").read_bytes() == b"one"
    second.control.move_app_folder(ALICE, "Elsewhere")
    assert (tmp_path / ALICE / "Elsewhere" / "late").read_bytes() == b"abcdef"
    second.close()


def test_names_too_long_for_the_disk_are_shortened() -> None:
    """255 UTF-16 units may be 765 bytes."""
    short = file_name("漢" * 255)
    assert len(short.encode()) <= 255
    assert file_name("plain.txt") == "plain.txt"


def test_a_server_stops_at_once_with_connections_open(simulator: Simulator) -> None:
    """An idle keep-alive connection does not hold it up."""
    server = Server(simulator).start()
    with requests.Session() as session:
        session.get(f"http://127.0.0.1:{server.port}/login", timeout=60)
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 5
