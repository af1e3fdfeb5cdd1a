"""Figures about the whole site, read from the database and the disk at each scrape: every process gives the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version

from django.conf import settings
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Coalesce
from prometheus_client.core import GaugeMetricFamily, Metric

from minno_dashboard.core import clock
from minno_dashboard.jobs import queries as jobs
from minno_dashboard.jobs.models import Job
from minno_dashboard.mirror.models import Link, Taken


def figures() -> Iterator[Metric]:
    """Yield all figures.

    Raises:
        DatabaseError: the database does not answer.
    """
    yield _one("minno_build_info", "The version that runs.", 1, {"version": version("minno-dashboard")})
    free = shutil.disk_usage(settings.DATA_DIR).free
    yield _one("minno_data_free_bytes", "Free space where the data folder is.", free)
    yield from _mirrors()
    yield from _work()


def _mirrors() -> Iterator[Metric]:
    mirrors = GaugeMetricFamily("minno_mirrors", "Dropbox mirrors by state.", labels=["state"])
    counted = dict(Link.objects.values_list("state").annotate(count=Count("pk")))
    for state in Link.State.values:
        mirrors.add_metric([state], counted.get(state, 0))
    yield mirrors

    active = Link.objects.filter(state=Link.State.ACTIVE)
    is_behind = Taken.objects.filter(link__in=active, noted_revision__gt=F("revision"))
    yield _one(
        "minno_mirrors_behind",
        "Active mirrors with changes that Dropbox does not have yet.",
        is_behind.aggregate(count=Count("link", distinct=True))["count"],
    )
    # Of a mirror that was never proven, the time since it was connected counts.
    oldest = active.aggregate(
        proof=Min(Coalesce("proven_at", "linked_at")), wait=Min("waits_since", filter=~Q(waits_since=None))
    )
    yield from _age(
        "minno_oldest_proof_age_seconds", "Since the oldest proof of an active mirror.", oldest["proof"]
    )
    yield from _age(
        "minno_mirror_queue_age_seconds", "Since a mirror has waited for its turn.", oldest["wait"]
    )

    calls = GaugeMetricFamily(
        "minno_dropbox_calls_today", "Calls to Dropbox since midnight UTC.", labels=["route"]
    )
    sums: dict[str, int] = {}
    for made in Link.objects.filter(calls_on=clock.now().date()).values_list("calls", flat=True).iterator():
        for route, count in (made or {}).items():
            sums[route] = sums.get(route, 0) + count
    for route, count in sorted(sums.items()):
        calls.add_metric([route], count)
    yield calls


def _work() -> Iterator[Metric]:
    now = clock.now()
    is_open = Job.objects.filter(finished_at=None, parked_at=None)
    due = is_open.filter(Q(not_before=None) | Q(not_before__lte=now))
    found = due.aggregate(count=Count("pk"), since=Min(Coalesce("not_before", "created_at")))
    yield _one("minno_jobs_due", "Jobs that are due.", found["count"])
    yield from _age("minno_jobs_age_seconds", "Since the oldest job has been due.", found["since"])
    given_up = Job.objects.filter(finished_at=None).exclude(parked_at=None).count()
    yield _one("minno_jobs_given_up", "Jobs that failed too often and wait for somebody.", given_up)
    yield from _age("minno_periodic_age_seconds", "Since periodic work has been due.", jobs.oldest_due())
    yield from _age(
        "minno_worker_seen_age_seconds", "Since a worker last finished something.", jobs.last_sign_of_life()
    )


def _one(name: str, text: str, value: float, labels: dict[str, str] | None = None) -> Metric:
    family = GaugeMetricFamily(name, text, labels=list(labels or {}))
    family.add_metric(list((labels or {}).values()), value)
    return family


def _age(name: str, text: str, since: datetime | None) -> Iterator[Metric]:
    """Yield the seconds since a moment; 0 where nothing waits."""
    yield _one(name, text, max(0.0, (clock.now() - since).total_seconds()) if since else 0)
