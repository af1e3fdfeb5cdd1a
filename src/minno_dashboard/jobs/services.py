"""Enqueues, claims and finishes jobs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from minno_dashboard.core import clock
from minno_dashboard.jobs import registry
from minno_dashboard.jobs.lease import Lease, claim, is_free, is_unleased
from minno_dashboard.jobs.models import Job, Periodic

log = logging.getLogger(__name__)

LEASE_SECONDS = 15 * 60
MAX_ATTEMPTS = 10
MAX_WAIT = timedelta(hours=6)


def enqueue(kind: str, *, key: str, args: dict[str, Any], not_before: datetime | None = None) -> None:
    """Make a job due; a second one for the same target while the first is open changes nothing."""
    if kind not in registry.handlers:
        raise KeyError(f"no handler is registered for jobs of kind {kind}")
    try:
        with transaction.atomic():
            Job.objects.create(kind=kind, key=key, args=args, not_before=not_before)
    except IntegrityError:
        log.debug("job %s %s is open already", kind, key)


def forget_finished(kind: str) -> None:
    """Delete the finished jobs of a kind; for kinds that are repeated often."""
    Job.objects.filter(kind=kind, finished_at__isnull=False).delete()


class DueJobs:
    """The worker's source of one-shot jobs."""

    def claim_next(self, owner: str) -> Callable[[], None] | None:
        """Claim one due job and return the work to do, or None."""
        due = Job.objects.filter(is_free(clock.now()), finished_at=None, parked_at=None).order_by(
            "not_before", "id"
        )
        for job in due[:10]:
            if lease := claim(job, owner=owner, seconds=LEASE_SECONDS):
                return lambda job=job, lease=lease: _run(job, lease)  # type: ignore[misc]
        return None


def _run(job: Job, lease: Lease) -> None:
    try:
        registry.handlers[job.kind](job.args)
    except Exception as error:
        log.exception("job %s failed (attempt %d)", job, job.attempt + 1)
        _postpone(job, lease, error)
    else:
        lease.release(finished_at=clock.now(), last_error="")


def _postpone(job: Job, lease: Lease, error: Exception) -> None:
    attempt = job.attempt + 1
    wait = min(timedelta(seconds=10 * 2**attempt), MAX_WAIT)
    lease.release(
        attempt=attempt,
        last_error="".join(traceback.format_exception_only(error)).strip(),
        not_before=clock.now() + wait,
        parked_at=clock.now() if attempt >= MAX_ATTEMPTS else None,
    )


class DuePeriodic:
    """The worker's source of periodic work."""

    def claim_next(self, owner: str) -> Callable[[], None] | None:
        """Claim one periodic piece of work that is due and return it, or None."""
        known = set(Periodic.objects.filter(name__in=registry.periodic).values_list("name", flat=True))
        for name in registry.periodic.keys() - known:
            Periodic.objects.get_or_create(name=name)
        at = clock.now()
        for row in Periodic.objects.filter(is_unleased(at), name__in=registry.periodic):
            interval, _ = registry.periodic[row.name]
            # Later than an interval from now it was only put off by a clock that was wrong.
            if row.not_before and at < row.not_before <= at + interval:
                continue
            if lease := claim(row, owner=owner, seconds=LEASE_SECONDS):
                return lambda row=row, lease=lease: _run_periodic(row, lease)  # type: ignore[misc]
        return None


def _run_periodic(row: Periodic, lease: Lease) -> None:
    interval, function = registry.periodic[row.name]
    error_text = ""
    try:
        function()
    except Exception as error:
        log.exception("periodic work %s failed", row.name)
        error_text = "".join(traceback.format_exception_only(error)).strip()
    at = clock.now()
    lease.release(not_before=at + interval, last_finished_at=at, last_error=error_text)
