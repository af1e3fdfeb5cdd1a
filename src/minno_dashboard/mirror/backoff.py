"""Back-off after an error of a run: how long a link waits, and which links wait."""

from __future__ import annotations

import random
from datetime import timedelta

from django.db.models import Min, Q

from minno_dashboard.core import clock
from minno_dashboard.jobs.lease import Lease
from minno_dashboard.mirror.errors import Ambiguous, LookLater, MirrorError, NeedsAdmin, NeedsUser, Retry
from minno_dashboard.mirror.link_fields import LinkStanding, RunEnd, RunProgress
from minno_dashboard.mirror.models import PLANNED_REMOVAL, Link, Parked

MAX_WAIT_SECONDS = 300.0
MIN_LOOK_SECONDS = 0.5
LAGGING = "lagging"
LOOKS = (LAGGING, "relisting", "unsettled")
"""Errors after which only looks wait: a change that is saved ends the wait."""
NOTHING_WRONG: LinkStanding = {
    "failures": 0,
    "last_error": "",
    "not_before": None,
    "state": Link.State.ACTIVE,
    "reason": "",
    "reason_at": None,
    "probe_at": None,
}
PROBE_USER_AFTER = {
    "suspended": timedelta(days=1),
    "no_permission": timedelta(days=1),
    PLANNED_REMOVAL: timedelta(minutes=15),
}
"""What may heal without the user telling us, looked at so often, and daily after a day; the rest waits for them."""
PROBE_ADMIN_AFTER = timedelta(minutes=15)
_rng = random.SystemRandom()


FULL = "full"
IS_WORKING = Q(state=Link.State.ACTIVE) | Q(state=Link.State.NEEDS_USER, reason=FULL)
"""The condition "the mirror works": also where some files do not fit into the Dropbox."""


def standing(link: Link) -> LinkStanding:
    """Return the state of a link after a run without an error; a file may not have fitted."""
    if not Parked.objects.filter(link=link, reason=FULL).exists():
        return NOTHING_WRONG
    since = link.reason_at if link.reason == FULL and link.reason_at else clock.now()
    return NOTHING_WRONG | {"state": Link.State.NEEDS_USER, "reason": FULL, "reason_at": since}


def backoff_seconds(failures: int) -> float:
    """Return a random wait in seconds that grows with the failures in a row, at most five minutes."""
    return _rng.uniform(0.5, min(MAX_WAIT_SECONDS, 2.0 ** min(failures, 10)))


def after(link: Link, lease: Lease, error: MirrorError, left: RunEnd) -> None:
    """Release the lease and set the wait that the error asks for."""
    at = clock.now()
    if isinstance(error, NeedsAdmin):
        _pause_all(link, error)
        lease.release(**left)
        return
    if isinstance(error, NeedsUser):
        since = link.reason_at if link.reason == error.reason and link.reason_at else at
        probe = PROBE_USER_AFTER.get(error.reason)
        if probe is not None and at - since >= timedelta(days=1):
            probe = timedelta(days=1)
        state: LinkStanding = {
            "state": Link.State.NEEDS_USER,
            "reason": error.reason,
            "reason_at": since,
            "probe_at": None if probe is None else at + probe,
        }
        lease.release(**left, **state)
        return
    if isinstance(error, LookLater):
        until = at + timedelta(seconds=max(error.after, MIN_LOOK_SECONDS))
        lease.release(**left, **standing(link) | {"last_error": error.reason, "not_before": until})
        return
    asked = error.after if isinstance(error, Retry | Ambiguous) else 0.0
    wait = timedelta(seconds=asked + backoff_seconds(link.failures))
    more: RunProgress = {"needs_reading": True} if isinstance(error, Ambiguous) else {}
    lease.release(**left, **more, failures=link.failures + 1, last_error=error.reason, not_before=at + wait)


def _pause_all(link: Link, error: NeedsAdmin) -> None:
    """Pause every link of the app key: the error concerns all of them."""
    at = clock.now()
    working = IS_WORKING | Q(state=Link.State.NEEDS_ADMIN)
    paused = Link.objects.filter(app_key=link.app_key, state=Link.State.NEEDS_ADMIN, reason=error.reason)
    since = paused.aggregate(first=Min("reason_at"))["first"]
    Link.objects.filter(working, app_key=link.app_key).update(
        state=Link.State.NEEDS_ADMIN,
        reason=error.reason,
        reason_at=since or at,
        probe_at=at + PROBE_ADMIN_AFTER,
    )
