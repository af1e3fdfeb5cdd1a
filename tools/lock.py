"""Resolve the dependencies of pyproject.toml into locks/*.txt (versions and hashes, no addresses) and install them.

Run as `.venv/bin/python -m tools.lock`; `--upgrade` takes newer versions.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import setup

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "run": ["pyproject.toml", "--extra", "s3", "--extra", "formats"],
    "dev": ["pyproject.toml", "--extra", "s3", "--extra", "formats", "--group", "dev"],
    "docs": ["--group", "pyproject.toml:docs"],
    "node": ["--group", "pyproject.toml:node"],
}


def lock(name: str, source: list[str]) -> None:
    """Write one lock file for every platform and Python from 3.11 on."""
    command = [setup.uv(), "pip", "compile", *source, "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--quiet", "-o", f"locks/{name}.txt", *sys.argv[1:]]
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> None:
    """Write every lock, then make .venv equal to the developers' one."""
    for name, source in LOCKS.items():
        lock(name, source)
    setup.install("dev")


if __name__ == "__main__":
    main()
