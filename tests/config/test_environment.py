"""What the environment may say, and the sentences for what it may not."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from minno_dashboard.config import env

ROOT = Path(__file__).resolve().parents[2]


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("from the file\n")
    monkeypatch.setenv("MINNO_THING_FILE", str(file))
    monkeypatch.setenv("MINNO_THING", "from the variable")
    assert env.text("MINNO_THING") == "from the file"


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNO_THING_FILE", str(tmp_path / "nothing"))
    with pytest.raises(env.BadEnvironment, match="MINNO_THING_FILE"):
        env.text("MINNO_THING")


@pytest.mark.parametrize("value", ["eighty", "-1", "65536", "80 "])
def test_a_port_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNO_PORT", value)
    with pytest.raises(env.BadEnvironment, match="whole number from 0 to 65535"):
        env.integer("MINNO_PORT", 8000, low=0, high=65535)


def test_the_secret_key_is_made_once_and_readable_by_the_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINNO_SECRET_KEY", raising=False)
    first = env.secret_key(tmp_path)
    assert len(first) >= 60
    assert env.secret_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_a_short_secret_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNO_SECRET_KEY", "short")
    with pytest.raises(env.BadEnvironment, match="32 characters"):
        env.secret_key(tmp_path)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("", "http://127.0.0.1:8123"),
        ("https://lab.example.org/", "https://lab.example.org"),
        ("http://localhost:9000", "http://localhost:9000"),
    ],
)
def test_the_public_address_has_no_slash_at_its_end(
    given: str, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINNO_SERVER_URL", given)
    assert env.server_url(8123) == taken


@pytest.mark.parametrize(
    "given", ["lab.example.org", "ftp://lab.example.org", "https://", "https://lab.example.org/sub"]
)
def test_a_public_address_that_is_none_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNO_SERVER_URL", given)
    with pytest.raises(env.BadEnvironment, match="MINNO_SERVER_URL"):
        env.server_url(8000)


def test_a_postgresql_address_is_taken_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://us%40er:p%3Ass@db.example.org:5433/minno")
    database = env.database(tmp_path)
    assert (database["USER"], database["PASSWORD"], database["HOST"], database["PORT"], database["NAME"]) == (
        "us@er",
        "p:ss",
        "db.example.org",
        "5433",
        "minno",
    )


def test_an_unknown_kind_of_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://db/minno")
    with pytest.raises(env.BadEnvironment, match="DATABASE_URL"):
        env.database(tmp_path)


def test_every_variable_that_is_read_is_in_the_operators_guide() -> None:
    config = ROOT / "src/minno_dashboard/config"
    read = set()
    for name in ("env.py", "settings.py"):
        read |= set(
            re.findall(r'"(MINNO_[A-Z_]+|DATABASE_URL)"', (config / name).read_text(encoding="utf-8"))
        )
    assert read, "the pattern finds nothing any more"
    guide = (ROOT / "docs/operator.md").read_text(encoding="utf-8")
    assert {name for name in read if f"`{name}`" not in guide} <= {"MINNO_HOST", "MINNO_PORT"}
    assert "`MINNO_HOST`, `MINNO_PORT`" in guide
