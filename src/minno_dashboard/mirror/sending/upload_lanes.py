"""The lanes to Dropbox, and the content that they are carrying; both outlive the plan that began them."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from minno_dashboard.mirror.planner.model import Content
from minno_dashboard.mirror.sending import bandwidth
from minno_dashboard.mirror.sending.calls import Sent, Session


@dataclass
class Transfer:
    """A call that carries content: whose, how many bytes, and since when, in monotonic seconds."""

    plan: object
    contents: frozenset[Content]
    size: int
    began: float


class UnderWay:
    """The lanes, and the content that they are carrying; both outlive the plan that began them.

    A new plan need not wait for a piece that a thin line carries for minutes: it goes on beside it.
    """

    def __init__(self) -> None:
        self._lanes: ThreadPoolExecutor | None = None
        self.transfers: dict[Future[Sent], Transfer] = {}

    @property
    def lanes(self) -> ThreadPoolExecutor:
        """Return the lanes; a few more than bodies and pieces take, for short calls."""
        if self._lanes is None:
            self._lanes = ThreadPoolExecutor(bandwidth.MAX_LANES + 3, thread_name_prefix="dropbox")
        return self._lanes

    def contents(self) -> set[Content]:
        """Return the contents that are being carried."""
        return {one for transfer in self.transfers.values() for one in transfer.contents}

    def wait(self, seconds: float) -> list[Session]:
        """Wait so long for calls to end; return the sessions that those which ended have filled."""
        done, _ = wait(self.transfers, timeout=seconds, return_when=FIRST_COMPLETED)
        sessions: list[Session] = []
        for future in done:
            del self.transfers[future]
            sessions += [found for _, found in future.result().results if isinstance(found, Session)]
        return sessions

    def close(self) -> None:
        """End the lanes once their calls have ended."""
        if self._lanes is not None:
            self._lanes.shutdown(wait=True)
