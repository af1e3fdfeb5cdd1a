"""The tests of the scripts' pure parts (drafts, files, merging, uploads), which Node.js runs without a browser."""

from __future__ import annotations

import os
import subprocess

from tools import setup


def test_the_scripts_pass_their_own_tests() -> None:
    node = setup.node_bin()
    files = sorted((setup.ROOT / "frontend/tests").glob("*.test.mjs"))
    assert node
    assert len(files) >= 4
    done = subprocess.run(
        [str(node / "node"), "--test", *map(str, files)],
        env={**os.environ, "PATH": f"{node}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        cwd=setup.ROOT / "frontend",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
