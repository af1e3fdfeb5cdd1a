"""Reads the state of background work."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Min

from minno_dashboard.core import clock
from minno_dashboard.jobs.lease import is_free
from minno_dashboard.jobs.models import Periodic


def last_sign_of_life() -> datetime | None:
    """Return when a worker last finished periodic work, None where none ever did."""
    last: datetime | None = Periodic.objects.aggregate(last=Max("last_finished_at"))["last"]
    return last


def oldest_due() -> datetime | None:
    """Return since when periodic work has been due that nobody works on, None where there is none."""
    due = Periodic.objects.filter(is_free(clock.now()), not_before__isnull=False)
    first: datetime | None = due.aggregate(first=Min("not_before"))["first"]
    return first
