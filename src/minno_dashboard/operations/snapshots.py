"""A second connection to a database: one that sees a single moment, or one to another database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.utils import load_backend
from psycopg import IsolationLevel


@contextmanager
def connected(description: Mapping[str, Any]) -> Iterator[str]:
    """Yield the alias of a connection to the database that Django's settings would describe so."""
    alias = f"operations-{secrets.token_hex(4)}"
    default = connections["default"].settings_dict
    defaults = {
        **{key: default[key] for key in ("ATOMIC_REQUESTS", "AUTOCOMMIT", "TIME_ZONE", "TEST")},
        **dict.fromkeys(("USER", "PASSWORD", "HOST", "PORT"), ""),
        **{"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "OPTIONS": {}},
    }
    wrapper = load_backend(str(description["ENGINE"])).DatabaseWrapper({**defaults, **description}, alias)
    connections[alias] = wrapper
    try:
        yield alias
    finally:
        wrapper.close()
        del connections[alias]


@contextmanager
def one_moment(using: str = "default") -> Iterator[str]:
    """Yield the alias of a connection that sees the database as it is now, while others go on writing."""
    original = connections[using]
    options = dict(original.settings_dict["OPTIONS"])
    if original.vendor == "sqlite":
        options["transaction_mode"] = "DEFERRED"  # reads alone: in WAL mode nobody waits for it
    else:
        options["isolation_level"] = IsolationLevel.REPEATABLE_READ
    with (
        connected({**original.settings_dict, "OPTIONS": options, "CONN_MAX_AGE": 0}) as alias,
        transaction.atomic(using=alias),
    ):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_migrations")  # the moment is that of the first read
        yield alias
