"""Free space of a Dropbox, and whether one that was full has enough for another try."""

from __future__ import annotations

from datetime import datetime, timedelta

from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link, Parked
from minno_dashboard.mirror.running import account_info
from minno_dashboard.mirror.running.run_context import RunContext
from minno_dashboard.mirror.sending import ledger
from minno_dashboard.mirror.sending.ledger import PlanLedger
from minno_dashboard.mirror.stored import Learned, SpaceRefusal

NOT_EVEN_NOTHING = -1
"""So little room that also a file which takes no more than what it replaces is not sent."""
FULL_AGAIN = timedelta(hours=23)
"""After so long it is tried again, however little room there is."""


class FreeSpace:
    """The free bytes of a Dropbox during one run; Dropbox is asked only where a file did not fit."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._left: int | None = None

    def to_fill(self) -> int | None:
        """Return how many bytes to fill, None while nothing says that the Dropbox is full."""
        link = self._run.link
        if not _is_short(link):
            return None
        if self._left is None:
            self._left = _usable(account_info.ask_space(self._run), link.learned.get("full"), clock.now())
        return self._left

    def settle(self, plan_ledger: PlanLedger, removed: int) -> None:
        """After the steps, store what was refused for lack of space, and try it again where space was freed.

        `removed` is the number of files and folders that the steps removed.
        """
        refused = plan_ledger.refused_bytes
        if removed or refused is not None:
            self._left = None
        if refused is not None:
            left = account_info.ask_space(self._run)
            # What was removed since is no sign that Dropbox refused what it had room for.
            room = min(left, refused - 1) if removed else left
            full: SpaceRefusal = {"room": room, "refused": refused, "at": clock.now().isoformat()}
            self._run.save(learned={**self._run.link.learned, "full": full})
        if removed:
            ledger.try_full_again(self._run.link, self._run.lease)


def forget_refusal(run: RunContext) -> None:
    """Delete the refusal of a file that did not fit: all files are there now."""
    if "full" in run.link.learned:
        learned: Learned = run.link.learned.copy()
        learned.pop("full", None)
        run.save(learned=learned)


def _is_short(link: Link) -> bool:
    """Return whether a file did not fit into the Dropbox since it was last proven to hold everything."""
    return "full" in link.learned or Parked.objects.filter(link=link, reason="full").exists()


def _usable(room: int, full: SpaceRefusal | None, at: datetime) -> int:
    """Return how many of `room` free bytes to fill.

    Where Dropbox refused a file that it had room for, another limit is at work that it does not tell of: nothing is
    sent until it tells of more room, or a day has passed.
    """
    is_other_limit = full is not None and full["refused"] <= full["room"]
    if full is None or not is_other_limit or room > full["room"]:
        return max(room, 0)
    since = at - datetime.fromisoformat(full["at"])
    return NOT_EVEN_NOTHING if timedelta(0) <= since < FULL_AGAIN else max(room, 0)
