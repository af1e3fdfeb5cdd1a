"""Compares stored bytes with their SHA-256: some each hour so that each is looked at once a week, or all at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import F, Q

from minno_dashboard.core import clock
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob

VERIFY_EVERY = timedelta(days=7)
MAX_SECONDS = 120.0
"""How long one run reads; the next one goes on with the blobs that were read longest ago."""


def verify(blob: Blob) -> bool:
    """Read a blob's bytes, compare their hash, and store the result on the blob.

    Raises:
        Unavailable: the bucket cannot be reached; nothing is noted.
    """
    is_whole = store.is_intact(blob.sha256, blob.size)
    now = clock.now()
    same = Blob.objects.filter(pk=blob.pk)
    if is_whole:
        same.update(verified_at=now, damaged_since=None)
    else:
        same.update(verified_at=now)
        store.note_damage(blob)
    return is_whole


def verify_due() -> int:
    """Verify blobs that were not read for a week, for at most two minutes; return how many are damaged."""
    until = clock.monotonic_seconds() + MAX_SECONDS
    damaged = 0
    for blob in _due():
        damaged += not verify(blob)
        if clock.monotonic_seconds() > until:
            break
    return damaged


def verify_all() -> Iterator[tuple[Blob, bool]]:
    """Verify every blob; yield each with whether its bytes are those that were put."""
    for blob in Blob.objects.order_by("pk").iterator(chunk_size=500):
        yield blob, verify(blob)


def _due() -> Iterator[Blob]:
    since = clock.now() - VERIFY_EVERY
    waiting = Blob.objects.filter(Q(verified_at=None) | Q(verified_at__lt=since))
    while found := list(waiting.order_by(F("verified_at").asc(nulls_first=True), "pk")[:100]):
        yield from found
