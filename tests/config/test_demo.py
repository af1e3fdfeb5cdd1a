"""`make demo`: what it prints is true."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.config.test_serving import free_port
from tests.waiting import PATIENCE_SECONDS, serves, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("serving")]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """The demo with data of its own; its address."""
    port, output = free_port(), tmp_path / "output"
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("MINNO_", "DATABASE_", "DJANGO_", "DEMO_"))
    }
    env = {**kept, "MINNO_DATA_DIR": str(tmp_path / "data"), "MINNO_PORT": str(port)}
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "tools/demo.py")], env=env, stdout=out, stderr=out
        )
    url = f"http://127.0.0.1:{port}"

    def is_up() -> bool:
        assert process.poll() is None, output.read_text()
        return serves(url)

    try:
        until(is_up, "the demo to answer")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_SECONDS)


def log_in(url: str, name: str, password: str) -> requests.Session:
    session = requests.Session()
    session.get(f"{url}/login/", timeout=PATIENCE_SECONDS)
    data = {"name": name, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    answer = session.post(f"{url}/login/", data=data, timeout=PATIENCE_SECONDS, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return session


def test_both_people_of_the_demo_come_in_and_one_has_a_study(demo: str) -> None:
    admin = log_in(demo, "admin", "admin-demo-password")
    assert "New password" in admin.get(f"{demo}/studies/", timeout=PATIENCE_SECONDS).text
    alice = log_in(demo, "alice", "alice-demo-password")
    assert "Left or right" in alice.get(f"{demo}/studies/", timeout=PATIENCE_SECONDS).text
    assert (
        "Synchronize with your Dropbox Account"
        in alice.get(f"{demo}/settings/", timeout=PATIENCE_SECONDS).text
    )
