"""The SDK is loaded without the parts that the mirror never calls, and they are there for who asks."""

from __future__ import annotations

import subprocess
import sys

LOAD = """
import sys
from minno_dashboard.mirror.dropbox_api import lazy_sdk
lazy_sdk.postpone_unused_parts()
import dropbox
assert "EventType" not in vars(sys.modules["dropbox.team_log"]), "not read yet"
from dropbox import team_log
assert team_log.EventType.__name__ == "EventType"
assert "EventType" in vars(sys.modules["dropbox.team_log"]), "read now"
"""


def test_parts_that_are_not_used_are_read_when_they_are_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
