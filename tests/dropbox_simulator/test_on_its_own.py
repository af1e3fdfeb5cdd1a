"""The simulator is of use to people who do not know the Dashboard: it runs where neither that nor Django is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "src"
ABSENT = ("django", "minno_dashboard")
STORY = f"""
import json, runpy, sys
for name in {ABSENT!r}:
    sys.modules[name] = None  # whoever imports it gets an ImportError
import dropbox
from dropbox_simulator import Server, Simulator, VirtualClock, content_hash, mount
simulator = Simulator(VirtualClock(), seed=1)
simulator.control.create_app(key="key", secret="secret")
simulator.control.create_account("Alice Demo", "alice@example.com")
tokens = simulator.control.authorise("alice@example.com")
client = dropbox.Dropbox(tokens["access_token"], session=mount(dropbox.create_session(), simulator))
entry = client.files_upload(b"hello", "/a.txt")
assert entry.content_hash == content_hash(b"hello")
with Server(simulator) as server:
    assert server.port
sys.argv = ["dropbox_simulator", "--help"]
try:
    runpy.run_module("dropbox_simulator", run_name="__main__")
except SystemExit as end:
    assert not end.code
print("\\n" + json.dumps(sorted({{name.partition(".")[0] for name, found in sys.modules.items() if found}})))
"""


def test_it_runs_where_neither_the_dashboard_nor_django_is(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORY],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "--ready-file" in done.stdout
    loaded = set(json.loads(done.stdout.strip().splitlines()[-1]))
    assert {"dropbox", "dropbox_simulator"} <= loaded
    assert not loaded.intersection((*ABSENT, "tests", "tools"))
