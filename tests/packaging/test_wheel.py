"""The wheel and the sdist, built from a clean copy and installed where there is no Node.js: whole, or not built."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.waiting import serves, until
from tools.setup import BIN, node_bin

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

ROOT = Path(__file__).resolve().parents[2]
BUILT = "minno_dashboard/ui/static/build"
NEEDED = {
    f"{BUILT}/app.js",
    f"{BUILT}/study.js",
    f"{BUILT}/style.css",
    f"{BUILT}/style-rtl.css",
    "minno_dashboard/locale/he/LC_MESSAGES/django.mo",
    "minno_dashboard/locale/ar/LC_MESSAGES/djangojs.mo",
    "minno_dashboard/manual/README.md",
    "minno_dashboard/manual/operator.md",
    "minno_dashboard/manual/images/login.png",
    "dropbox_simulator/__main__.py",
}
IN_DOCS = ("docs/manual/", "docs/glossary.md", "docs/operator.md")
"""The documents that the product shows."""


def clean_copy(to: Path) -> Path:
    """Copy what git tracks, as it stands in the working tree: what a clean clone would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        is_wanted = name.startswith(IN_DOCS) or not name.startswith(("tests/", "docs/"))
        if name and source.is_file() and is_wanted:
            target = to / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return to


def build(folder: Path, out: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Build the sdist, and the wheel out of the sdist."""
    return subprocess.run(
        [str(BIN / "uv"), "build", "--python", sys.executable, "--out-dir", str(out), str(folder)],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the sdist and the wheel."""
    folder, out = clean_copy(tmp_path_factory.mktemp("clone")), tmp_path_factory.mktemp("packages")
    done = build(folder, out, f"{node_bin()}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_wheel_and_sdist_hold_the_front_end_and_the_translations(packages: Path) -> None:
    (wheel,) = packages.glob("*.whl")
    (sdist,) = packages.glob("*.tar.gz")
    assert set(zipfile.ZipFile(wheel).namelist()) >= NEEDED
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/src/")[2] for name in archive.getnames()}
    assert inside >= {name for name in NEEDED if "/manual/" not in name}


def test_without_node_nothing_is_built_and_a_sentence_says_why(tmp_path: Path) -> None:
    folder = clean_copy(tmp_path / "clone")
    done = build(folder, tmp_path / "out", str(BIN))  # the developers' programs, and neither node nor npm
    assert done.returncode != 0
    assert "Node.js (20 or newer, with npm) was not found" in done.stderr
    assert [name for name in (tmp_path / "out").glob("*") if name.suffix in {".whl", ".gz"}] == []


@pytest.fixture(scope="module")
def installed(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Dashboard that runs from the wheel alone, in an environment of its own."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = packages.glob("*.whl")
    program = str(BIN / "uv")
    subprocess.run([program, "venv", "--quiet", "--python", sys.executable, str(folder / "env")], check=True)
    constraints = folder / "constraints.txt"
    locked = (ROOT / "locks/run.txt").read_text(encoding="utf-8")
    constraints.write_text("\n".join(re.findall(r"^[\w.\[\]-]+==[^\s\\]+", locked, re.M)), encoding="utf-8")
    subprocess.run(
        [program, "pip", "install", "--quiet", "--constraint", str(constraints), str(wheel)],
        env={**os.environ, "VIRTUAL_ENV": str(folder / "env")},
        check=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": str(folder / "env/bin"),
        "HOME": str(folder),
        "MINNO_DATA_DIR": str(folder / "data"),
        "MINNO_PORT": str(port),
        "MINNO_SERVER_URL": address,
    }
    output = (folder / "output").open("wb")
    process = subprocess.Popen(
        [str(folder / "env/bin/minno-dashboard"), "serve"],
        cwd=folder,
        env=environment,
        stdout=output,
        stderr=output,
    )
    try:
        until(lambda: serves(address), "the installed Dashboard serves")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)
        output.close()


def test_the_installed_wheel_serves_a_page_its_style_its_script_and_hebrew(installed: str) -> None:
    english = requests.get(f"{installed}/login/", timeout=60)
    assert english.status_code == 200
    addresses = re.findall(r'(?:href|src)="([^"?]+\.(?:css|js)[^"]*)"', english.text)
    assert {re.sub(r".*\.|\?.*", "", address) for address in addresses} == {"css", "js"}
    for address in addresses:
        answer = requests.get(f"{installed}{address}", timeout=60)
        assert (answer.status_code, bool(answer.content)) == (200, True), address
    hebrew = requests.get(f"{installed}/login/", headers={"Accept-Language": "he"}, timeout=60)
    assert 'dir="rtl"' in hebrew.text
    assert re.search(r"[\u05d0-\u05ea]{3}", hebrew.text)
