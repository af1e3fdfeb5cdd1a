"""What other people's scripts rely on: commands, make targets, addresses. They change only with a decision record."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.urls import resolve

from minno_dashboard.config.cli import main

ROOT = Path(__file__).resolve().parents[2]

COMMANDS = {
    "serve": ["--only"],
    "migrate": [],
    "create-user": ["NAME", "--email", "--password", "--admin"],
    "import-study": ["--owner", "--name", "FOLDER_OR_ZIP"],
    "export-study": ["--owner", "--name"],
    "mirror sync": ["--user"],
    "mirror status": ["--user", "--json"],
    "doctor": [],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    done = CliRunner().invoke(main, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert all(word in done.output for word in COMMANDS[command]), done.output


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create-user", "x", "--email", "nonsense"], "Error: "),
        (["import-study", "--owner", "nobody", "--name", "S", str(ROOT / "docs")], "no user “nobody”"),
        (["export-study", "--owner", "nobody", "--name", "S", "nowhere.zip"], "no user “nobody”"),
        (["mirror", "sync", "--user", "nobody"], "no user “nobody”"),
        (["mirror", "status", "--user", "nobody", "--json"], "no user “nobody”"),
    ],
)
def test_a_command_that_fails_says_why_and_ends_with_status_1(arguments: list[str], sentence: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1, done.output
    assert sentence in done.stderr
    assert "Traceback" not in done.output


def test_migrate_makes_a_database_once_however_many_begin_at_the_same_moment(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "minno-dashboard")]
    environment = {**os.environ, "MINNO_DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
    begun = [
        subprocess.Popen(
            [*command, "migrate"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for _ in range(4)
    ]
    said = [one.communicate(timeout=300)[0].decode() for one in begun]
    assert [one.returncode for one in begun] == [0] * 4, said
    assert sum("No migrations to apply" in one for one in said) == 3
    subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True, timeout=300)
    done = subprocess.run(
        [*command, "create-user", "dana", "--email", "dana@lab.example", "--password", "long enough 1"],
        env=environment,
        check=True,
        capture_output=True,
        timeout=300,
    )
    assert done.stderr == b""
    assert (tmp_path / "minno.sqlite3").exists()


def test_the_make_targets_are_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"run", "demo", "test", "bench", "lint", "format"} <= set(targets)
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.mark.parametrize(
    "path",
    [
        "/dropbox/set",
        "/login/",
        "/studies/",
        "/settings/",
        "/admin/configuration/",
        "/admin/users/",
        "/healthz",
    ],
)
def test_the_addresses_are_there(path: str) -> None:
    assert resolve(path).func


def test_the_papers_of_the_project_are_there_and_the_first_is_short() -> None:
    for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs/operator.md"):
        assert (ROOT / name).stat().st_size, name
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 150
    for word in ("make run", "make demo", "](docs/", "data", "back it up"):
        assert word in readme, word
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / target).exists(), f"README.md points to {target}"
