"""Removes stored bytes that nothing refers to, unless a backup that copies them has paused all removals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef, Q

from minno_dashboard.core import clock
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob, RemovalPause

KEEP_UNREFERENCED = timedelta(days=30)
KEEP_TEMPORARY = timedelta(days=1)
PAUSE_LASTS = timedelta(minutes=30)


def collect() -> int:
    """Remove blobs that nothing has referred to for 30 days, and temporary files of a day; return how many blobs."""
    now = clock.now()
    free = _unreferenced()
    Blob.objects.filter(~free, unreferenced_since__isnull=False).update(unreferenced_since=None)
    Blob.objects.filter(free, unreferenced_since=None).update(unreferenced_since=now)
    is_due = Q(unreferenced_since__lt=now - KEEP_UNREFERENCED)
    due = Blob.objects.filter(free, is_due).values_list("pk", flat=True)
    removed = sum(_remove(pk, is_due) for pk in due)
    _remove_temporary(before=now - KEEP_TEMPORARY)
    return removed


def drop(blob_ids: Iterable[int]) -> int:
    """Remove those of the blobs that nothing refers to at once, without the 30 days; return how many were removed.

    Inside somebody's transaction nothing is removed, because bytes do not come back when it is undone, nor while
    removals are paused: there the collector does it later.
    """
    if connection.in_atomic_block:
        return 0
    return sum(_remove(pk, Q()) for pk in blob_ids)


def _remove(pk: int, condition: Q) -> bool:
    with transaction.atomic():
        if _is_paused():
            return False
        blob = Blob.objects.select_for_update().filter(_unreferenced(), condition, pk=pk).first()
        if blob is None:
            return False
        Blob.objects.filter(pk=pk).delete()
        store.delete(blob)
    return True


def _unreferenced() -> Q:
    """Select blobs that no row of any app refers to."""
    condition = Q()
    for relation in Blob._meta.get_fields(include_hidden=True):  # hidden ones are those named "+"
        if not isinstance(relation, ForeignObjectRel):
            continue
        pointing = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
        condition &= ~Q(Exists(pointing))
    return condition


def _remove_temporary(*, before: datetime) -> None:
    folder = store.incoming()
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # what is being stored just now goes to its place meanwhile
            if path.stat().st_mtime < before.timestamp():
                path.unlink()


class Pause:
    """Keeps stored bytes from being removed for as long as it is renewed (see `paused`)."""

    def __init__(self, pk: int) -> None:
        self._pk = pk
        self._renewed_at = clock.now()

    def renew(self) -> None:
        """Let the pause last; cheap enough to be called for each file."""
        now = clock.now()
        if now - self._renewed_at > PAUSE_LASTS / 6:
            RemovalPause.objects.filter(pk=self._pk).update(until=now + PAUSE_LASTS)
            self._renewed_at = now


@contextmanager
def paused() -> Iterator[Pause]:
    """Keep all processes from removing stored bytes; if this one dies, for `PAUSE_LASTS` at most."""
    now = clock.now()
    RemovalPause.objects.filter(until__lt=now).delete()
    row = RemovalPause.objects.create(until=now + PAUSE_LASTS)
    try:
        yield Pause(row.pk)
    finally:
        RemovalPause.objects.filter(pk=row.pk).delete()


def _is_paused() -> bool:
    return RemovalPause.objects.filter(until__gt=clock.now()).exists()
