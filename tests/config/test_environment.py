"""What the environment may say, and the sentences for what it may not."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
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


@pytest.mark.parametrize("value", ["eighty", "-1", "65536", "80 ", "²"])
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


def test_of_many_processes_that_start_at_once_all_take_the_same_whole_key(tmp_path: Path) -> None:
    code = "import sys, pathlib; from minno_dashboard.config import env; print(env.secret_key(pathlib.Path(sys.argv[1])))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("MINNO_SECRET_KEY", None)
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(6)]
    keys = {process.communicate(timeout=120)[0] for process in started}
    assert len(keys) == 1
    assert len(keys.pop().strip()) >= 60
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_key_that_was_cut_short_is_said_and_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINNO_SECRET_KEY", raising=False)
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(env.BadEnvironment, match="Put it back from a backup"):
        env.secret_key(tmp_path)
    assert (tmp_path / "secret_key").read_text() == ""


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
        ("HTTPS://Lab.Example.ORG:443/", "https://lab.example.org"),
        ("http://lab.example.org:80", "http://lab.example.org"),
        ("https://labor.\u00fcni.example", "https://labor.xn--ni-wka.example"),
        ("https://fa\u00df.example", "https://xn--fa-hia.example"),
        ("https://lab.example.org.", "https://lab.example.org"),
        ("http://[2001:DB8::1]:8000", "http://[2001:db8::1]:8000"),
    ],
)
def test_the_public_address_is_as_browsers_write_it(
    given: str, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINNO_SERVER_URL", given)
    assert env.server_url(8123) == taken


@pytest.mark.parametrize(
    "given",
    [
        "lab.example.org",
        "ftp://lab.example.org",
        "https://",
        "https://lab.example.org/sub",
        "https://lab:x",
    ],
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


def test_what_a_postgresql_address_asks_of_the_connection_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///minno?host=%2Frun%2Fpg&sslmode=verify-full")
    database = env.database(tmp_path)
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("/run/pg", "", "minno")
    assert database["OPTIONS"] == {"sslmode": "verify-full"}


@pytest.mark.parametrize("port", ["five", "99999"])
def test_a_database_port_that_is_none_is_refused(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://db.example.org:{port}/minno")
    with pytest.raises(env.BadEnvironment, match="DATABASE_URL"):
        env.database(tmp_path)


@pytest.mark.parametrize("given", ["s3://bucket", "s3://bucket/some/prefix"])
def test_a_bucket_is_taken_as_it_is(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNO_BLOB_STORE", given)
    assert env.blob_store(tmp_path) == given


def test_files_are_stored_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINNO_BLOB_STORE", raising=False)
    assert env.blob_store(tmp_path) == str(tmp_path / "blobs")
    monkeypatch.setenv("MINNO_BLOB_STORE", "relative")
    assert env.blob_store(tmp_path) == str(Path("relative").resolve())


@pytest.mark.parametrize(
    "given",
    ["s3://", "s3:///prefix", "s3://key:secret@bucket", "s3://bucket?x=1", "gs://bucket", "https://x/y"],
)
def test_a_store_that_is_none_is_refused(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNO_BLOB_STORE", given)
    with pytest.raises(env.BadEnvironment, match="MINNO_BLOB_STORE"):
        env.blob_store(tmp_path)


def test_an_unknown_kind_of_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://db/minno")
    with pytest.raises(env.BadEnvironment, match="DATABASE_URL"):
        env.database(tmp_path)


def test_every_variable_that_is_read_is_in_the_operators_guide() -> None:
    config = ROOT / "src/minno_dashboard/config"
    read = set()
    for name in ("env.py", "logs.py", "settings.py"):
        read |= set(
            re.findall(r'"(MINNO_[A-Z_]+|DATABASE_URL)"', (config / name).read_text(encoding="utf-8"))
        )
    assert read, "the pattern finds nothing any more"
    guide = (ROOT / "docs/operator.md").read_text(encoding="utf-8")
    assert {name for name in read if f"`{name}`" not in guide} <= {"MINNO_HOST", "MINNO_PORT"}
    assert "`MINNO_HOST`, `MINNO_PORT`" in guide


def test_cookies_of_two_dashboards_on_one_host_name_differ() -> None:
    assert env.cookie_suffix("http://127.0.0.1:8000") != env.cookie_suffix("http://127.0.0.1:8010")
    assert env.cookie_suffix("https://lab.example.org") == ""


@pytest.mark.parametrize(
    ("given", "url", "trusted"),
    [
        (None, "http://127.0.0.1:8000", []),
        (None, "https://lab.example.org", ["127.0.0.0/8", "::1/128"]),
        ("", "https://lab.example.org", []),
        ("10.0.0.0/8, 192.0.2.1", "https://lab.example.org", ["10.0.0.0/8", "192.0.2.1/32"]),
    ],
)
def test_who_is_believed_about_a_visitors_address(
    given: str | None, url: str, trusted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINNO_TRUSTED_PROXIES", raising=False)
    if given is not None:
        monkeypatch.setenv("MINNO_TRUSTED_PROXIES", given)
    assert [str(one) for one in env.trusted_proxies(url)] == trusted


def test_a_proxy_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNO_TRUSTED_PROXIES", "my-proxy")
    with pytest.raises(env.BadEnvironment, match="MINNO_TRUSTED_PROXIES"):
        env.trusted_proxies("https://lab.example.org")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_data_folder_that_was_open_is_closed_to_other_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    monkeypatch.setenv("MINNO_DATA_DIR", str(folder))
    before = os.umask(0o022)
    try:
        assert env.data_dir() == folder
        (folder / "minno.sqlite3").touch()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "minno.sqlite3").stat().st_mode) == 0o600
