"""A file that is saved over and over is sent once a second: what was sent a moment ago waits for that second to end."""

from __future__ import annotations

from datetime import datetime, timedelta

from minno_dashboard.core import clock
from minno_dashboard.mirror.planner.model import Plan, Upload

SECONDS = 1.0


class SavedAgain(Exception):
    """All that is left to do is sending files that were sent a moment ago."""


class Sent:
    """What a run sent last."""

    def __init__(self) -> None:
        self._files: frozenset[str] = frozenset()
        self._at: datetime | None = None

    def note(self, steps: Plan, *, is_well: bool) -> None:
        """Remember what was just carried out; after a trouble nothing counts as sent."""
        sent = (one.identity for one in steps.steps if isinstance(one, Upload))
        self._files, self._at = frozenset(sent if is_well else ()), clock.now()

    def refuse(self, steps: Plan) -> None:
        """Let a plan wait that sends again what was just sent, and nothing else.

        Raises:
            SavedAgain: it is such a plan.
        """
        is_just_now = self._at is not None and clock.now() - self._at < timedelta(seconds=SECONDS)
        if is_just_now and all(
            isinstance(one, Upload) and one.identity in self._files for one in steps.steps
        ):
            raise SavedAgain
