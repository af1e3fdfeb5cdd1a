"""Programs with tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.api import services
from minno_dashboard.api.scopes import Scope
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.services import create_study
from tests.accounts.conftest import PASSWORD, make
from tests.studies.conftest import write

ALL = tuple(str(scope) for scope in Scope)


def code_for(user: User, *scopes: str) -> str:
    """Make a token of this person's and return its code."""
    _, code = services.make_token(
        user=user,
        name="for a test",
        scopes=scopes or ALL,
        days=7,
        password=PASSWORD,
        address="127.0.0.1",
    )
    return code


@dataclass
class Program:
    """Calls the API as a program does."""

    code: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask for an address below /api/v1; JSON for a body that is none of bytes."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        content_type = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().generic(
            method,
            f"/api/v1{path}",
            data,
            content_type=content_type,
            headers={"Authorization": f"Bearer {self.code}", **given},
        )


@pytest.fixture
def alice(db: None) -> User:
    """A researcher."""
    return make("alice", full_name="Alice Ábel")


@pytest.fixture
def bob(db: None) -> User:
    """Another researcher."""
    return make("bob")


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's that may do everything."""
    return Program(code_for(alice))


@pytest.fixture
def study(alice: User) -> Study:
    """A study of alice's with two files."""
    made = create_study(owner=alice, name="Faces")
    write(made, "task.js", b"one")
    write(made, "images/cat.txt", b"cat")
    return made
