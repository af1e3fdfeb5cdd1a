"""Leases: the right to work on one row, taken by one conditional UPDATE and fenced by a token.

Two workers can never both hold it: each claim raises `lease_token`, and every write of the holder names the
token it got. A holder that was paused past its lease finds its token outdated and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from minno_dashboard.core import clock

IMPOSSIBLE = timedelta(days=1)
"""No lease is ever taken for so long: one that ends later was taken while the clock was wrong."""


MAX_WAIT = timedelta(days=1)
"""No row waits for so long: a `not_before` further ahead was stored while the clock was wrong."""


class LeaseLost(Exception):
    """Another worker holds this row now; the former holder must write nothing more."""


class LeaseModel(models.Model):
    """A row that one worker at a time works on, not before `not_before`."""

    lease_owner = models.CharField(max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.BigIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Lease:
    """A claimed row; pass it to whatever writes on behalf of the row."""

    model: type[LeaseModel]
    pk: int
    token: int
    seconds: float

    def _held(self) -> models.QuerySet[Any]:
        return self.model._default_manager.filter(pk=self.pk, lease_token=self.token)

    def renew(self) -> None:
        """Hold the row for another `seconds` from now.

        Raises:
            LeaseLost: another worker claimed the row meanwhile.
        """
        until = clock.now() + timedelta(seconds=self.seconds)
        if not self._held().update(lease_until=until):
            raise LeaseLost(f"{self.model.__name__} {self.pk}")

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """Run a transaction that commits only while the lease is held; it also renews the lease.

        Raises:
            LeaseLost: another worker claimed the row meanwhile; the transaction is rolled back.
        """
        with transaction.atomic():
            self.renew()
            yield

    def keep(self, seconds: float, **changes: Any) -> bool:
        """Hold the row for so many seconds and no longer, writing `changes` to it; nobody works on it meanwhile."""
        until = clock.now() + timedelta(seconds=seconds)
        return bool(self._held().update(lease_until=until, **changes))

    def release(self, **changes: Any) -> bool:
        """Release the row, writing `changes` to it; return whether the lease was still held."""
        return bool(self._held().update(lease_owner="", lease_until=None, **changes))


def is_unleased(at: datetime) -> Q:
    """Return the condition "no lease holds" at the time `at`."""
    return Q(lease_until__isnull=True) | Q(lease_until__lte=at) | Q(lease_until__gt=at + IMPOSSIBLE)


def is_free(at: datetime) -> Q:
    """Return the condition "no lease holds and the row is due" at the time `at`."""
    has_come = Q(not_before__isnull=True) | Q(not_before__lte=at) | Q(not_before__gt=at + MAX_WAIT)
    return is_unleased(at) & has_come


def claim(row: LeaseModel, *, owner: str, seconds: float) -> Lease | None:
    """Take the lease of a row that was just read, or return None where another worker was faster."""
    model, at = type(row), clock.now()
    taken = model._default_manager.filter(is_unleased(at), pk=row.pk, lease_token=row.lease_token).update(
        lease_owner=owner, lease_until=at + timedelta(seconds=seconds), lease_token=row.lease_token + 1
    )
    return Lease(model, row.pk, row.lease_token + 1, seconds) if taken else None
