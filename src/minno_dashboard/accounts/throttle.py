"""Guessing slowed down: attempts are counted per name and per address, before they are judged."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import ngettext

from minno_dashboard.accounts.models import LoginFailure
from minno_dashboard.accounts.names import fold
from minno_dashboard.core import clock
from minno_dashboard.core.errors import TooMany
from minno_dashboard.core.ids import fingerprint

WINDOW = timedelta(minutes=15)
MOST_PER_NAME = 10
MOST_PER_ADDRESS = 60
KEPT_FOR = timedelta(days=1)


def name_key(name: str) -> str:
    """Return what stands for a typed name: its fingerprint, since people also type passwords into the wrong box."""
    return fingerprint(fold(name))


def begin(*, name: str, address: str) -> LoginFailure:
    """Count one attempt as failed until `succeeded` says otherwise.

    The row is written before it is counted, so attempts made at the same moment all see one another.

    Raises:
        TooMany: this name or this address failed too often; the attempt itself was not counted.
    """
    attempt = LoginFailure.objects.create(name=name_key(name), address=address[:64])
    since = clock.now() - WINDOW
    recent = LoginFailure.objects.filter(at__gt=since).exclude(pk=attempt.pk)
    ends = [
        end
        for end in (
            _full_until(recent.filter(name=attempt.name), MOST_PER_NAME),
            _full_until(recent.filter(address=attempt.address), MOST_PER_ADDRESS),
        )
        if end
    ]
    if ends:
        attempt.delete()
        raise _too_many(max(ends))
    return attempt


def _full_until(failures: QuerySet[LoginFailure], most: int) -> datetime | None:
    """Return when the next attempt is allowed, or None where it is now."""
    newest = list(failures.order_by("-at").values_list("at", flat=True)[:most])
    return newest[-1] + WINDOW if len(newest) == most else None


def _too_many(until: datetime) -> TooMany:
    seconds = max(1, int((until - clock.now()).total_seconds()) + 1)
    minutes = -(-seconds // 60)
    return TooMany(
        ngettext(
            "Nothing was checked, because there were too many failed attempts. Try again in %(count)s minute.",
            "Nothing was checked, because there were too many failed attempts. Try again in %(count)s minutes.",
            minutes,
        )
        % {"count": minutes},
        retry_after_seconds=seconds,
    )


def succeeded(attempt: LoginFailure) -> None:
    """Forget the failures of this name, the attempt among them."""
    LoginFailure.objects.filter(name=attempt.name).delete()


def forget_old() -> None:
    """Delete failures that count no more."""
    LoginFailure.objects.filter(at__lt=clock.now() - KEPT_FOR).delete()
