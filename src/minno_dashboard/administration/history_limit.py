"""Limits the history (earlier states and deleted files) to as many bytes as an owner may have of files.

The oldest goes first: earlier states of files, then what was deleted. The newest states are kept longest.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import F, Q, Sum

from minno_dashboard.accounts.models import User
from minno_dashboard.files import removal
from minno_dashboard.files.models import Blob, FileVersion, Node

MAX_REMOVED_AT_ONCE = 100
"""How much one change removes at most; after a limit was lowered, the next changes go on."""


def kept_bytes_of(user: User) -> int:
    """Return how many bytes are kept only for the history and the deleted files of one person; one query."""
    nodes = Node.objects.filter(tree__version__study__owner=user)
    past = FileVersion.objects.filter(node__tree__version__study__owner=user)
    kept = Q(pk__in=past.values("blob")) | Q(pk__in=nodes.exclude(deleted_at=None).values("blob"))
    living = Q(pk__in=nodes.filter(deleted_at=None, blob__isnull=False).values("blob"))
    return Blob.objects.filter(kept).exclude(living).aggregate(total=Sum("size"))["total"] or 0


def trim(user: User, most_bytes: int) -> None:
    """Remove the oldest of what is kept until it fits; the bytes are dropped once the transaction has ended."""
    freed: list[int] = []
    for _ in range(MAX_REMOVED_AT_ONCE):
        if kept_bytes_of(user) <= most_bytes:
            break
        removed = _remove_oldest_state(user) or _remove_oldest_deleted(user)
        if not removed:
            break
        freed += removed
    if freed:
        transaction.on_commit(partial(removal.drop, freed))


def _remove_oldest_state(user: User) -> list[int]:
    """Remove the oldest state that is not the present content of its file; return its blob."""
    past = FileVersion.objects.filter(node__tree__version__study__owner=user)
    oldest = past.exclude(blob=F("node__blob")).order_by("at", "pk").first()
    if oldest is None:
        return []
    oldest.delete()
    return [oldest.blob_id]


def _remove_oldest_deleted(user: User) -> list[int]:
    """Delete permanently what was deleted first, unless a mirror still needs it; return the blobs."""
    roots = Node.objects.filter(
        tree__version__study__owner=user,
        deleted_with=F("pk"),
        revision__lte=F("tree__settled_revision"),
    )
    oldest = roots.order_by("deleted_at", "pk").first()
    if oldest is None:
        return []
    gone = Node.objects.filter(tree=oldest.tree_id, deleted_with=oldest, blob__isnull=False)
    blobs = list(gone.values_list("blob", flat=True))
    FileVersion.objects.filter(node__tree=oldest.tree_id, node__deleted_with=oldest).delete()
    oldest.delete()
    return blobs
