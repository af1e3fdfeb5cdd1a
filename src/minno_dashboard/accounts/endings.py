"""What ends for good when an account is deactivated: rooms above say what they gave it, this room ends it."""

from __future__ import annotations

from typing import Protocol

from minno_dashboard.accounts.models import User


class End(Protocol):
    """Ends something that a room gave a person, in the transaction of the deactivation."""

    def __call__(self, *, user: User, by: User | None) -> object:
        """End it."""
        ...


_known: list[End] = []


def register(end: End) -> None:
    """Let a room above end something with an account; called once, from its `AppConfig.ready`."""
    _known.append(end)


def end_all(*, user: User, by: User) -> None:
    """End what must not come back when the account does."""
    for end in _known:
        end(user=user, by=by)
