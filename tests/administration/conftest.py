"""The people of the tests of accounts, for the pages about the whole site."""

from __future__ import annotations

from tests.accounts.conftest import alice, as_user, bob, dana, erin, make

__all__ = ["alice", "as_user", "bob", "dana", "erin", "make"]
