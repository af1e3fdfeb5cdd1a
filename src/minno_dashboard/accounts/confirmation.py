"""Confirmation by password before sensitive actions; a login counts as one for 15 minutes."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.utils.translation import gettext

from minno_dashboard.accounts import throttle
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.session_store import proved_within

LASTS = timedelta(minutes=15)


def is_recent(session: SessionBase) -> bool:
    """Return whether the user of this session gave their password or passkey within the last 15 minutes."""
    return proved_within(session, LASTS)


def check_password(*, user: User, password: str, address: str, field: str = "password") -> None:
    """Check a person's own password, counting wrong ones.

    Raises:
        FieldRefused: it is wrong.
        TooMany: it was guessed too often; nothing was checked.
    """
    attempt = throttle.begin(name=f"old password of {user.pk}", address=address)
    if not user.check_password(password):
        raise FieldRefused(field, gettext("Wrong password. Nothing was changed."))
    throttle.succeeded(attempt)
