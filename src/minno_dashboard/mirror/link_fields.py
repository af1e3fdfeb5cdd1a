"""Fields of a link that runs write, by where in a run they are written."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypedDict

from minno_dashboard.mirror.stored import LastWrite, Learned, RemovalQuestion


class LinkStanding(TypedDict, total=False):
    """Whether the mirror works, waits, or needs somebody: written when a run ends."""

    state: str
    reason: str
    reason_at: datetime | None
    probe_at: datetime | None
    failures: int
    last_error: str
    not_before: datetime | None


class RunEnd(TypedDict, total=False):
    """Renewed tokens and counted calls of a run, written when it ends."""

    sealed_access_token: str
    access_expires_at: datetime | None
    calls: dict[str, int]
    calls_on: date


class RunProgress(TypedDict, total=False):
    """What a run writes while it is at work."""

    cursor: str
    last_write: LastWrite | None
    needs_listing: bool
    needs_reading: bool
    wants_everything: bool
    listed_at: datetime
    learned: Learned
    removal_question: RemovalQuestion | None
    removal_answer: str
    account_name: str
    account_email: str
    space_used: int
    space_allocated: int
