"""Addresses for load balancers and monitoring: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from minno_dashboard.accounts.access import address_of
from minno_dashboard.core import clock, measures
from minno_dashboard.core.errors import Unavailable
from minno_dashboard.files import store
from minno_dashboard.jobs import queries as jobs
from minno_dashboard.operations import site_figures

log = logging.getLogger(__name__)

WORKER_IS_LATE = timedelta(minutes=15)
READY_SECONDS = 2.0
"""How long an answer of `/readyz` is given again: anybody may ask, and each look writes to the blob store."""

_last_look: tuple[float, dict[str, str]] | None = None


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process serves."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if pages can be served and saved, else 503, and name each part.

    A worker that is late is named and still answered 200: pages and saves work without it.
    """
    global _last_look
    now = clock.monotonic_seconds()
    if _last_look is None or now - _last_look[0] >= READY_SECONDS:
        _last_look = (now, look())
    found = _last_look[1]
    is_ready = all(found[part] == "ok" for part in ("database", "migrations", "blob_store"))
    answer = JsonResponse(found, status=200 if is_ready else 503)
    answer["Cache-Control"] = "no-store"
    return answer


def look() -> dict[str, str]:
    """Return "ok" or a word for each part; what exactly is wrong stands in the log, for anybody may read the answer."""
    parts: dict[str, Callable[[], str]] = {
        "database": _database,
        "migrations": _migrations,
        "blob_store": _blob_store,
        "worker": _worker,
    }
    found = {}
    for part, state in parts.items():
        try:
            found[part] = state()
        except (DatabaseError, OSError, Unavailable):
            log.exception("not ready: %s", part)
            found[part] = "failed"
    return found


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "waiting" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def _blob_store() -> str:
    store.check_writable()
    return "ok"


def _worker() -> str:
    last = jobs.last_sign_of_life()
    if last is None:
        return "never seen"
    return "ok" if clock.now() - last <= WORKER_IS_LATE else f"last seen {last:%Y-%m-%dT%H:%M:%SZ}"


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer all figures in Prometheus' text format to whom the settings admit; 404 to everybody else."""
    if not _may_read(request):
        return HttpResponseNotFound("Not found.\n", content_type="text/plain")
    counters = generate_latest(measures.collected())
    site = CollectorRegistry()
    site.register(_SiteFigures())
    return HttpResponse(counters + generate_latest(site), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    """Return whether a request has the token, or comes from a configured address."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").encode()
    if token and hmac.compare_digest(given, f"Bearer {token}".encode()):
        return True
    # A proxy that is not trusted hides who asks: its own address says nothing.
    if request.META.get("minno.untrusted_proxy"):
        return False
    try:
        address = ip_address(address_of(request))
    except ValueError:
        return False
    return any(address.version == one.version and address in one for one in settings.METRICS_FROM)


class _SiteFigures(Collector):
    """The figures of the database, and whether it answers."""

    def collect(self) -> list[Metric]:
        """Return the figures."""
        is_up = GaugeMetricFamily("minno_database_up", "Whether the database answers.")
        try:
            found = list(site_figures.figures())
        except DatabaseError:
            log.exception("no figures of the database")
            found = []
        is_up.add_metric([], 1 if found else 0)
        return [is_up, *found]
