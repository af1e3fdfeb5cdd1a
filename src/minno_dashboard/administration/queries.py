"""Counts what people store: the present files of all versions; equal bytes of one owner count once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Sum

from minno_dashboard.accounts.models import User
from minno_dashboard.files.models import Blob, Node, Upload
from minno_dashboard.studies.models import Study


@dataclass(frozen=True, slots=True)
class Stored:
    """Totals of one person's own studies, including deleted ones that can be restored."""

    studies: int = 0
    files: int = 0
    bytes: int = 0


def stored_by_owner() -> dict[int, Stored]:
    """Return what each owner of studies stores, by the owner's id; three queries."""
    studies = dict(Study.objects.values_list("owner").annotate(Count("pk")).order_by())
    living = Node.objects.filter(deleted_at=None, is_folder=False).order_by()
    files = dict(living.values_list("tree__version__study__owner").annotate(Count("pk")))
    sizes: Counter[int] = Counter()
    distinct = living.values_list("tree__version__study__owner", "blob_id", "blob__size").distinct()
    for owner, _, size in distinct.iterator(chunk_size=5000):
        sizes[owner] += size or 0
    return {owner: Stored(count, files.get(owner, 0), sizes[owner]) for owner, count in studies.items()}


def bytes_of(user: User) -> int:
    """Return how many bytes one person stores; one query."""
    nodes = Node.objects.filter(tree__version__study__owner=user, deleted_at=None).values("blob")
    return Blob.objects.filter(pk__in=nodes).aggregate(total=Sum("size"))["total"] or 0


def unfinished_bytes_of(user: User) -> int:
    """Return how many bytes have arrived of uploads into one person's studies that are not finished."""
    found = Upload.objects.filter(tree__version__study__owner=user).aggregate(total=Sum("received"))
    return found["total"] or 0


def nodes_of(user: User) -> int:
    """Return how many files and folders one person has in all versions, deleted ones included."""
    return Node.objects.filter(tree__version__study__owner=user).count()


def studies_to_hand_over(user: User) -> list[Study]:
    """Return the studies that a person owns, including deleted ones that can be restored."""
    return list(Study.objects.filter(owner=user).order_by("name"))


@dataclass(frozen=True, slots=True)
class SiteTotals:
    """The whole site: users who may come in, studies, files, bytes as the store holds them (each content once)."""

    users: int
    studies: int
    files: int
    bytes: int


def totals() -> SiteTotals:
    """Return the totals as they are now; four queries."""
    return SiteTotals(
        users=User.objects.filter(is_active=True).count(),
        studies=Study.objects.count(),
        files=Node.objects.filter(deleted_at=None, is_folder=False).count(),
        bytes=Blob.objects.aggregate(total=Sum("size"))["total"] or 0,
    )
