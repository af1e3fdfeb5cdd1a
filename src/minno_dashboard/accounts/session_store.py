"""Sessions in the database, stored under a fingerprint of their key: a copy of the database opens no session.

Also notes when a session got its key. Django gives it a new one whenever somebody proved who they are: at the
login and when the password changes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session

from minno_dashboard.core import clock
from minno_dashboard.core.ids import fingerprint

PROVED_AT = "proved_at"
KEY_LENGTH = 40
"""Characters that Django's table has for a key."""


def stored_key(session_key: str) -> str:
    """Return the fingerprint under which a session is stored; it does not reveal the key."""
    return fingerprint(session_key)[:KEY_LENGTH]


def proved_within(session: SessionBase, time: timedelta) -> bool:
    """Return whether the user of this session gave password or passkey within this time."""
    at = session.get(PROVED_AT)
    return at is not None and 0 <= clock.now().timestamp() - at < time.total_seconds()


class SessionStore(DatabaseStore):
    """Django's sessions in the database (`SESSION_ENGINE`), stored by fingerprint."""

    def _get_session_from_db(self) -> Session | None:
        known = Session.objects.filter(
            session_key=stored_key(self.session_key or ""), expire_date__gt=clock.now()
        )
        found: Session | None = known.first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        """Return whether there is a session of this key."""
        return super().exists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row to store."""
        stored = super().create_model_instance(data)
        return Session(
            session_key=stored_key(self.session_key or ""),
            session_data=stored.session_data,
            expire_date=stored.expire_date,
        )

    def delete(self, session_key: str | None = None) -> None:
        """Delete a session, by default this one."""
        key = session_key or self.session_key
        if key is not None:
            super().delete(stored_key(key))

    def cycle_key(self) -> None:
        """Give the session a new key and note when."""
        super().cycle_key()
        self[PROVED_AT] = clock.now().timestamp()
