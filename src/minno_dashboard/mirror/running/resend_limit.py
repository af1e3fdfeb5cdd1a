"""Rate limit: a file uploaded less than 1 s ago is not uploaded again yet (raises `SavedAgain`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from minno_dashboard.core import clock
from minno_dashboard.mirror.planner.model import Plan, UploadFile

MIN_RESEND_SECONDS = 1.0


class SavedAgain(Exception):
    """The plan consists only of files that were uploaded less than 1 s ago."""


class RecentUploads:
    """The files a run uploaded last."""

    def __init__(self) -> None:
        self._files: frozenset[str] = frozenset()
        self._at: datetime | None = None

    def note(self, steps: Plan, *, is_well: bool) -> None:
        """Store what was just carried out; after an error nothing counts as sent."""
        sent = (one.identity for one in steps.steps if isinstance(one, UploadFile))
        self._files, self._at = frozenset(sent if is_well else ()), clock.now()

    def refuse(self, steps: Plan) -> None:
        """Raise SavedAgain for a plan that only uploads again what was just uploaded.

        Raises:
            SavedAgain: it is such a plan.
        """
        is_just_now = self._at is not None and clock.now() - self._at < timedelta(seconds=MIN_RESEND_SECONDS)
        if is_just_now and all(
            isinstance(one, UploadFile) and one.identity in self._files for one in steps.steps
        ):
            raise SavedAgain
