"""rclone, which we did not write, keeps the simulator honest."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from dropbox_simulator import RealClock, Server, Simulator
from dropbox_simulator.connect_proxy import ConnectProxy

ALICE = "alice@example.com"
NAMES = [
    "a.txt",
    "Readme.MD",
    "été.js",
    "ταβ",
    "with space.css",
    "emoji 😀.png",
    "x" * 120,
    "ß.html",
    ".hidden",
]


class RunRclone(Protocol):
    """Runs rclone with the given words and gives what it printed."""

    def __call__(self, *words: str) -> str:
        """Run it; fail when it fails."""
        ...


RCLONE = str(Path(sys.executable).parent / "rclone")
"""Installed with the other tools for development."""


@pytest.fixture
def real_simulator() -> Simulator:
    """Alice's Dropbox on the real clock."""
    made = Simulator(RealClock(), seed=7)
    made.control.create_app("Minno", key="appkey", secret="appsecret")
    made.control.create_account("Alice Demo", ALICE)
    return made


@pytest.fixture
def rclone(real_simulator: Simulator, tmp_path: Path) -> Iterator[RunRclone]:
    """Run rclone against the simulator, through the CONNECT proxy."""
    tokens = real_simulator.control.authorise(ALICE)
    token = {
        "access_token": tokens["access_token"],
        "token_type": "bearer",
        "refresh_token": tokens["refresh_token"],
        "expiry": "2020-01-01T00:00:00Z",
    }
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[box]\ntype = dropbox\nclient_id = appkey\nclient_secret = appsecret\ntoken = {json.dumps(token)}\n"
    )
    with Server(real_simulator) as server, ConnectProxy(server.port) as proxy:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "HTTPS_PROXY": proxy.address,
            "SSL_CERT_FILE": str(server.ca),
        }

        def run(*words: str) -> str:
            command = [RCLONE, "--config", str(config), "--retries", "1", *words]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield run


def _random_tree(folder: Path, dice: random.Random, depth: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in dice.sample(NAMES, dice.randint(2, 4)):
        if depth < 2 and dice.random() < 0.3:
            _random_tree(folder / f"dir {name}", dice, depth + 1)
        else:
            (folder / name).write_bytes(dice.randbytes(dice.choice([0, 1, 500, 5000])))


def _on_disk(folder: Path) -> dict[str, bytes]:
    return {f"/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_rclone_syncs_checks_moves_and_purges_a_random_tree(
    rclone: RunRclone, real_simulator: Simulator, tmp_path: Path
) -> None:
    """Trees from a seed arrive byte by byte, change, move on the server and go away."""
    seed = random.SystemRandom().randrange(10**6)
    sys.stdout.write(f"seed={seed}\n")
    dice = random.Random(seed)
    source = tmp_path / "source"
    _random_tree(source, dice)
    fast = ("--dropbox-batch-timeout", "50ms", "--dropbox-batch-commit-timeout", "10s")
    rclone("sync", str(source), "box:Study", *fast)
    rclone("check", str(source), "box:Study")
    assert {f"/Study{path}": data for path, data in _on_disk(source).items()} == real_simulator.control.files(
        ALICE
    )

    for path in sorted(source.rglob("*"), reverse=True):
        if path.is_file() and dice.random() < 0.4:
            path.unlink()
        elif path.is_file() and dice.random() < 0.4:
            path.write_bytes(dice.randbytes(700))
    (source / "new.txt").write_bytes(b"new")
    rclone("sync", str(source), "box:Study", *fast)
    rclone("check", str(source), "box:Study")

    rclone("moveto", "box:Study", "box:Moved")
    assert {f"/Moved{path}": data for path, data in _on_disk(source).items()} == real_simulator.control.files(
        ALICE
    )
    rclone("copy", "box:Moved", str(tmp_path / "back"))
    assert _on_disk(tmp_path / "back") == _on_disk(source)

    rclone("purge", "box:Moved")
    assert real_simulator.control.tree(ALICE) == {}


def test_rclone_uploads_a_large_file_in_pieces(
    rclone: RunRclone, real_simulator: Simulator, tmp_path: Path
) -> None:
    """A file beyond one chunk goes through a session of several appends."""
    large = tmp_path / "large" / "large.bin"
    large.parent.mkdir()
    large.write_bytes(random.Random(1).randbytes(9_000_000))
    rclone("copy", str(large.parent), "box:", "--dropbox-chunk-size", "4M", "--dropbox-batch-mode", "off")
    rclone("check", str(large.parent), "box:")
    assert real_simulator.recorder.counts()["files/upload_session/append_v2"] >= 2
