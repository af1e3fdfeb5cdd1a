"""The access token of one account, refreshed by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api.port import Grant

SAFE_MARGIN = timedelta(minutes=5)


class Tokens:
    """The access token; `renew` is called for a new one when it expires soon.

    `renewed` is the last grant that was not written down yet; whoever holds the link's lease stores it.
    """

    def __init__(self, renew: Callable[[], Grant], grant: Grant | None = None) -> None:
        self._renew = renew
        self._grant = grant
        self._lock = threading.Lock()
        self.renewed: Grant | None = None

    def __repr__(self) -> str:
        return "Tokens(…)"

    def current(self, *, instead_of: str = "") -> str:
        """Return an access token that is valid for some minutes, and differs from `instead_of`."""
        with self._lock:
            grant = self._grant
            is_good = grant is not None and grant.expires_at - SAFE_MARGIN > clock.now()
            if grant is None or not is_good or grant.access_token == instead_of:
                grant = self._renew()
                self._grant = self.renewed = grant
            return grant.access_token
