"""Rate limit of logins: failed attempts are counted per name and address together, before the password is checked.

What others do locks nobody out. One address that fails a lot (a university's, a proxy's), or one name that fails a lot
from everywhere, only lowers what each pair of name and address may try; a browser that the person logged in with
before is counted by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.db.models import QuerySet
from django.utils.translation import ngettext

from minno_dashboard.accounts.models import LoginFailure, User
from minno_dashboard.accounts.names import fold
from minno_dashboard.core import clock
from minno_dashboard.core.errors import TooMany
from minno_dashboard.core.ids import fingerprint

WINDOW = timedelta(minutes=15)
MAX_FAILURES = 10
"""Of one name from one address (or one known browser) within the window."""
MANY_FAILURES = 60
"""Of one address, or of one name from everywhere: from then on each pair may fail only `MAX_WHEN_MANY` times."""
MAX_WHEN_MANY = 3
MAX_MAILS = 40
"""That one person has sent to addresses of their choice within the window."""
KEPT_FOR = timedelta(days=1)
IPV6_PREFIX = 64
"""Bits that tell one IPv6 subscriber from another; the rest each visitor chooses."""


def name_key(name: str) -> str:
    """Return the fingerprint of a typed name; people also type passwords into the wrong field."""
    return fingerprint(fold(name))


def address_key(address: str) -> str:
    """Return the key under which an address is counted: itself, or an IPv6 subscriber's network."""
    try:
        known = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(known, IPv6Address):
        return str(ip_network((known, IPV6_PREFIX), strict=False))
    return str(known)


def begin(
    *,
    name: str,
    address: str,
    browser: str = "",
    max_here: int = MAX_FAILURES,
    max_anywhere: int | None = None,
) -> LoginFailure:
    """Count an attempt as failed until `succeeded` is called.

    The row is written before it is counted, so attempts made at the same moment all see one another. `browser` is the id
    of a known browser, counted in place of its address. `max_anywhere` limits the name from all addresses together; only
    for what a stranger cannot reach, since it can keep the person out.

    Raises:
        TooMany: this name failed too often from here; the attempt itself was not counted.
    """
    where = f"browser {browser}"[:64] if browser else address_key(address)
    attempt = LoginFailure.objects.create(name=name_key(name), address=where)
    recent = LoginFailure.objects.filter(at__gt=clock.now() - WINDOW).exclude(pk=attempt.pk)
    of_name = recent.filter(name=attempt.name)
    here = of_name.filter(address=where)
    is_many = (
        bool(address)
        and not browser
        and (_reaches(recent.filter(address=where), MANY_FAILURES) or _reaches(of_name, MANY_FAILURES))
    )
    ends = [_full_until(here, MAX_WHEN_MANY if is_many else max_here)]
    if max_anywhere is not None:
        ends.append(_full_until(of_name, max_anywhere))
    until = [end for end in ends if end]
    if until:
        attempt.delete()
        raise _too_many(max(until))
    return attempt


def count_mail(*, user: User) -> None:
    """Count a mail that a person had sent to an address of their choice.

    Raises:
        TooMany: there were too many within the window.
    """
    begin(name=f"mails sent by {user.pk}", address="", max_here=MAX_MAILS)


def _reaches(failures: QuerySet[LoginFailure], many: int) -> bool:
    return len(failures.values_list("pk")[:many]) == many


def _full_until(failures: QuerySet[LoginFailure], most: int) -> datetime | None:
    """Return when the next attempt is allowed, or None for now."""
    newest = list(failures.order_by("-at").values_list("at", flat=True)[:most])
    return newest[-1] + WINDOW if len(newest) == most else None


def _too_many(until: datetime) -> TooMany:
    seconds = max(1, int((until - clock.now()).total_seconds()) + 1)
    minutes = -(-seconds // 60)
    return TooMany(
        ngettext(
            "Too many failed attempts, so nothing was checked. Try again in %(count)s minute.",
            "Too many failed attempts, so nothing was checked. Try again in %(count)s minutes.",
            minutes,
        )
        % {"count": minutes},
        retry_after_seconds=seconds,
    )


def succeeded(attempt: LoginFailure) -> None:
    """Delete the failures of this name from this address, including the present attempt."""
    LoginFailure.objects.filter(name=attempt.name, address=attempt.address).delete()


def forget_old() -> None:
    """Delete failures that are no longer counted."""
    LoginFailure.objects.filter(at__lt=clock.now() - KEPT_FOR).delete()
