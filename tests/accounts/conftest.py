"""People for the tests of accounts: alice and bob are researchers, dana and erin are admins."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from minno_dashboard.accounts import services
from minno_dashboard.accounts.models import User

PASSWORD = "correct horse battery"


@lru_cache
def stored_password() -> str:
    """Hash PASSWORD once for all tests; hashing is slow on purpose."""
    return make_password(PASSWORD)


def make(name: str, *, role: str = User.Role.RESEARCHER, full_name: str = "", email: str = "") -> User:
    """Create an activated user whose password is PASSWORD."""
    user = services.create_user(
        by=None, username=name, email=email or f"{name}@lab.example.org", full_name=full_name, role=role
    )
    user.password = stored_password()
    user.save()
    return user


@pytest.fixture
def alice(db: None) -> User:
    """A researcher."""
    return make("alice", full_name="Alice Ábel")


@pytest.fixture
def bob(db: None) -> User:
    """Another researcher."""
    return make("bob")


@pytest.fixture
def dana(db: None) -> User:
    """An admin."""
    return make("dana", role=User.Role.ADMIN)


@pytest.fixture
def erin(db: None) -> User:
    """Another admin."""
    return make("erin", role=User.Role.ADMIN)


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    """A browser in which somebody is logged in."""

    def enter(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return enter
