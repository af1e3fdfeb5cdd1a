"""The history of a mirror's runs: stored, put into sentences, and deleted when old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils.translation import gettext

from minno_dashboard.core import clock
from minno_dashboard.mirror import wording
from minno_dashboard.mirror.errors import MirrorError, NeedsAdmin, NeedsUser
from minno_dashboard.mirror.link_fields import RunEnd
from minno_dashboard.mirror.models import Link, Restore, Run
from minno_dashboard.ui import words

MAX_SHOWN = 12
DRIFT_WITHIN = timedelta(days=30)
KEPT = timedelta(days=90)
PROVEN, INTERRUPTED, WAITING = "proven", "interrupted", "waiting"
NEEDS_USER, NEEDS_ADMIN = "needs_user", "needs_admin"
"""How a run ended: with a proof; before it, by a stop or a job of Dropbox's; waiting for Dropbox; for people."""


@dataclass(frozen=True)
class PastRun:
    """One run: when it began, what it did, and the number of its calls."""

    at: datetime
    did: str
    calls: int


def past_runs(link: Link) -> list[PastRun]:
    """Return the last runs of a mirror, the newest first."""
    runs = Run.objects.filter(link=link).order_by("-started_at", "-pk")[:MAX_SHOWN]
    return [PastRun(run.started_at, did(run), sum((run.calls or {}).values())) for run in runs]


def did(run: Run) -> str:
    """Return what a run did, as a sentence."""
    parts = []
    if run.uploaded:
        parts.append(
            gettext("sent %(files)s (%(size)s)")
            % {"files": words.plural(run.uploaded, "file"), "size": words.size(run.uploaded_bytes)}
        )
    for count, said in (
        (run.moved, gettext("moved %(count)s")),
        (run.copied, gettext("copied %(count)s")),
        (run.removed, gettext("removed %(count)s")),
    ):
        if count:
            parts.append(said % {"count": f"{count:,}"})
    if run.drifted:
        parts.append(
            gettext("found %(changes)s made in Dropbox") % {"changes": words.plural(run.drifted, "change")}
        )
    if "files/list_folder" in (run.calls or {}):
        parts.append(gettext("listed everything"))
    if run.error:
        parts.append(why(run))
    sentence = gettext(", ").join(parts) or gettext("compared, nothing to do")
    return sentence[0].upper() + sentence[1:]


def why(run: Run) -> str:
    """Return in a few words why a run ended without a proof."""
    if run.outcome == NEEDS_USER:
        trouble = wording.NEEDS_USER.get(run.error, wording.NEEDS_USER_DEFAULT)
        said = gettext(trouble.short)
    elif run.outcome == NEEDS_ADMIN:
        said = gettext("Paused for the administrator")
    else:
        said = wording.waiting(run.error)[0]
    return said


def keep(run: Run, calls: dict[str, int], error: MirrorError | None, *, is_proven: bool) -> None:
    """Store how a run ended: `outcome` is one of the words above, `error` the reason of what stopped it."""
    kinds = ((NeedsUser, NEEDS_USER), (NeedsAdmin, NEEDS_ADMIN))
    run.ended_at, run.calls = clock.now(), calls
    if error is None:
        run.outcome = PROVEN if is_proven else INTERRUPTED
    else:
        run.outcome = next((word for kind, word in kinds if isinstance(error, kind)), WAITING)
        run.error = error.reason
    run.save()


def calls_today(link: Link) -> int:
    """Return how many calls to Dropbox were made for a link today (UTC)."""
    return sum((link.calls or {}).values()) if link.calls_on == clock.now().date() else 0


def drift_repaired(link: Link) -> int:
    """Return how many changes made in Dropbox were found and reverted within 30 days."""
    runs = Run.objects.filter(link=link, started_at__gte=clock.now() - DRIFT_WITHIN)
    return int(runs.aggregate(sum=Sum("drifted"))["sum"] or 0)


def forget() -> int:
    """Delete runs and ended restores older than 90 days; return how many."""
    before = clock.now() - KEPT
    runs, _ = Run.objects.filter(started_at__lt=before).delete()
    restores, _ = Restore.objects.filter(finished_at__lt=before).exclude(state=Restore.State.OPEN).delete()
    return runs + restores


def counted(link: Link, made: Mapping[str, int]) -> RunEnd:
    """Return the fields of the link that count today's calls, with those of a run added."""
    today, calls = clock.now().date(), dict[str, int]()
    if link.calls_on == today:
        calls = dict(Link.objects.values_list("calls", flat=True).get(pk=link.pk) or {})
    for route, count in made.items():
        calls[route] = calls.get(route, 0) + count
    return {"calls": calls, "calls_on": today}
