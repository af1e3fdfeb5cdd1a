"""What ends when an account is deactivated or its password reset: rooms above say what, this room ends it."""

from __future__ import annotations

from typing import Protocol

from minno_dashboard.accounts.models import User


class End(Protocol):
    """Ends something that a room gave a person, in the transaction of what ends it."""

    def __call__(self, *, user: User, by: User | None) -> object:
        """End it."""
        ...


_known: list[End] = []
_known_at_a_reset: list[End] = []
_known_on_request: list[End] = []


def register(end: End) -> None:
    """Let a room above end something with an account; called once, from its `AppConfig.ready`."""
    _known.append(end)


def end_all(*, user: User, by: User) -> None:
    """End what must not come back when the account does."""
    for end in _known:
        end(user=user, by=by)


def register_at_a_reset(end: End) -> None:
    """Let a room above end what whoever resets a password by a link must not reach; called once, from `ready`."""
    _known_at_a_reset.append(end)


def end_at_a_reset(*, user: User) -> None:
    """End what is not for whoever has the link: an administrator makes such links, too."""
    for end in _known_at_a_reset:
        end(user=user, by=None)


def register_on_request(end: End) -> None:
    """Let a room above end what a person may choose to end with all other sessions; called once, from `ready`."""
    _known_on_request.append(end)


def end_on_request(*, user: User) -> None:
    """End what a person chose to end too: with a new password, or logging out everywhere."""
    for end in _known_on_request:
        end(user=user, by=user)
