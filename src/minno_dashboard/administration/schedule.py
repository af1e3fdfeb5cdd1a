"""Daily counting."""

from __future__ import annotations

from datetime import timedelta

from minno_dashboard.administration.models import UsageDay
from minno_dashboard.administration.queries import totals
from minno_dashboard.core import clock
from minno_dashboard.jobs.registry import every


@every(timedelta(days=1), "administration.count")
def count() -> None:
    """Store today's totals for the page Usage."""
    now = totals()
    values = {"users": now.users, "studies": now.studies, "files": now.files, "bytes": now.bytes}
    UsageDay.objects.update_or_create(day=clock.now().date(), defaults=values)
