"""What the parts of one run share: the link, its lease, the connection to Dropbox, and when the run must end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Unpack

from minno_dashboard.core import clock
from minno_dashboard.jobs.lease import Lease
from minno_dashboard.mirror.connecting import credentials
from minno_dashboard.mirror.dropbox_api.client import DropboxPort
from minno_dashboard.mirror.errors import MirrorError
from minno_dashboard.mirror.link_fields import RunEnd, RunProgress
from minno_dashboard.mirror.models import Link, Run
from minno_dashboard.mirror.running import history
from minno_dashboard.mirror.sending import ledger
from minno_dashboard.mirror.sending.upload_lanes import UnderWay

MAX_RUN = timedelta(minutes=2)
"""After so long another link may have the lane."""
STOP_SECONDS = 5.0
"""Calls that carry content are given up so long after the process was told to end."""

Check = Callable[[], bool]


class RunContext:
    """One run of one link; `read_at` is when the last read began, None if something was written since."""

    def __init__(self, link: Link, lease: Lease, is_stopping: Check, may_take_long: Check) -> None:
        self.link, self.lease = link, lease
        self.record = Run(link=link, started_at=clock.now())
        self.is_stopping, self.may_take_long = is_stopping, may_take_long
        self.under_way = UnderWay()
        self.planned_at = clock.now()
        self.read_at: datetime | None = None
        self.is_proven = self.is_out_of_time = False
        self._until = self.planned_at + MAX_RUN
        self._stops_at: float | None = None
        self._port: DropboxPort | None = None

    @property
    def port(self) -> DropboxPort:
        """The link's Dropbox, opened on first use."""
        if self._port is None:
            self._port = credentials.open_port(self.link)
            self._port.watch(self._allow_to_go_on)
        return self._port

    def should_stop(self) -> bool:
        """Return whether to end; out of time, a run still sends what is saved while its last pieces are under way."""
        return self.is_stopping() or (clock.now() > self._until and not self.under_way.transfers)

    def may_begin_nothing(self) -> bool:
        """Return whether no large upload may begin any more."""
        return self.is_stopping() or clock.now() > self._until

    def _allow_to_go_on(self) -> None:
        """Abort calls in every thread some seconds after the process was asked to stop; runs in their threads.

        Raises:
            ConnectionAbortedError: the process ends.
        """
        if not self.is_stopping():
            return
        now = clock.monotonic_seconds()
        self._stops_at = self._stops_at or now + STOP_SECONDS
        if now > self._stops_at:
            raise ConnectionAbortedError

    def save(self, **fields: Unpack[RunProgress]) -> None:
        """Store fields of the link, in the database and in the row in hand.

        Raises:
            LeaseLost: another worker has the link.
        """
        with self.lease.fenced():
            Link.objects.filter(pk=self.link.pk).update(**fields)
        for name, value in fields.items():
            setattr(self.link, name, value)

    def wait_for_transfers(self) -> None:
        """Wait for calls that carry content, so that nothing is sent twice."""
        while self.under_way.transfers:
            self.lease.renew()
            ledger.keep_sessions(self.link, self.lease, self.under_way.wait(1.0))

    def ending(self, error: MirrorError | None = None) -> RunEnd:
        """Return the fields the run writes to the link besides its state (tokens, counted calls); store its history."""
        made = {} if self._port is None else self._port.calls
        if made or error is not None:
            history.keep(self.record, made, error, is_proven=self.is_proven)
        left: RunEnd = {}
        if self._port is None:
            return left
        if (grant := self._port.tokens.renewed) is not None:
            credentials.store_grant(self.link, grant)
            left["sealed_access_token"] = self.link.sealed_access_token
            left["access_expires_at"] = self.link.access_expires_at
        return left | history.counted(self.link, made)

    def close(self) -> None:
        """Wait for calls to end, then close connections."""
        self.under_way.close()
        if self._port is not None:
            self._port.close()
