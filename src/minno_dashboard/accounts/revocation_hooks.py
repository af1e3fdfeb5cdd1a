"""Callbacks run when an account is deactivated or its password is reset by a link; apps register them in `ready()`."""

from __future__ import annotations

from typing import Protocol

from minno_dashboard.accounts.models import User


class RevocationHook(Protocol):
    """A callback that ends something of a person, in the transaction of the event."""

    def __call__(self, *, user: User, by: User | None) -> object:
        """End it."""
        ...


_known: list[RevocationHook] = []
_known_at_a_reset: list[RevocationHook] = []
_known_on_request: list[RevocationHook] = []


def register(end: RevocationHook) -> None:
    """Register a callback for deactivated accounts; called once, from `AppConfig.ready`."""
    _known.append(end)


def end_all(*, user: User, by: User) -> None:
    """Run the callbacks for a deactivated account; what they end does not return with the account."""
    for end in _known:
        end(user=user, by=by)


def register_at_a_reset(end: RevocationHook) -> None:
    """Register a callback for a password reset by a link; called once, from `AppConfig.ready`."""
    _known_at_a_reset.append(end)


def end_at_a_reset(*, user: User) -> None:
    """Run the callbacks for a reset by a link; an administrator creates such links, too."""
    for end in _known_at_a_reset:
        end(user=user, by=None)


def register_on_request(end: RevocationHook) -> None:
    """Register a callback for what a person may choose to end with all sessions; called once, from `AppConfig.ready`."""
    _known_on_request.append(end)


def end_on_request(*, user: User) -> None:
    """Run the callbacks a person chose, with a new password or when logging out everywhere."""
    for end in _known_on_request:
        end(user=user, by=user)
