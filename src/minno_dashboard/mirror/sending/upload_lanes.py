"""The lanes (threads for calls to Dropbox) and the content under way in them; both outlive a plan."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from minno_dashboard.mirror.planner.model import Content
from minno_dashboard.mirror.sending import bandwidth
from minno_dashboard.mirror.sending.calls import LaneResult, SessionProgress


@dataclass
class Transfer:
    """A call that carries content: which contents, how many bytes, and its start in monotonic seconds."""

    plan: object
    contents: frozenset[Content]
    size: int
    began: float


class UnderWay:
    """The lanes and the content under way in them; both outlive a plan.

    A new plan need not wait for a piece that a thin line carries for minutes: it goes on beside it.
    """

    def __init__(self) -> None:
        self._lanes: ThreadPoolExecutor | None = None
        self.transfers: dict[Future[LaneResult], Transfer] = {}

    @property
    def lanes(self) -> ThreadPoolExecutor:
        """Return the thread pool; some more threads than bodies and pieces take, for short calls."""
        if self._lanes is None:
            self._lanes = ThreadPoolExecutor(bandwidth.MAX_LANES + 3, thread_name_prefix="dropbox")
        return self._lanes

    def contents(self) -> set[Content]:
        """Return the contents under way."""
        return {one for transfer in self.transfers.values() for one in transfer.contents}

    def wait(self, seconds: float) -> list[SessionProgress]:
        """Wait a number of seconds for calls to end; return the sessions that ended calls have filled."""
        done, _ = wait(self.transfers, timeout=seconds, return_when=FIRST_COMPLETED)
        sessions: list[SessionProgress] = []
        for future in done:
            del self.transfers[future]
            sessions += [found for _, found in future.result().results if isinstance(found, SessionProgress)]
        return sessions

    def close(self) -> None:
        """Wait for calls to end, then end the lanes."""
        if self._lanes is not None:
            self._lanes.shutdown(wait=True)
