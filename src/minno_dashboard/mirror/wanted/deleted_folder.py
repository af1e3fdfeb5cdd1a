"""A Dropbox's folder of deleted files: what is too old to be kept, and what lies outside of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from minno_dashboard.core import clock
from minno_dashboard.core.names import fold
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.mirror.models import Link, Parked, RemoteNode
from minno_dashboard.mirror.planner.model import DELETED, Policy
from minno_dashboard.mirror.planner.removals import is_outdated
from minno_dashboard.mirror.wanted.data_folders import FILE


def outdated(link: Link) -> set[int]:
    """Return the rows directly in the folder of deleted files that hold something of ours for too long."""
    policy = Policy(today=f"{clock.now():%Y-%m-%d}")
    found = RemoteNode.objects.filter(
        Q(name_key__lt=policy.oldest_kept) | Q(name_key__startswith="emptied "),
        link=link,
        parent__link=link,
        parent__parent=None,
        parent__name_key=fold(DELETED),
    ).values_list("pk", "name", "identity")
    old = [(pk, identity) for pk, name, identity in found if is_outdated(name, policy)]
    there = {pk for pk, identity in old if identity is not None or _holds_ours(pk)}
    return {pk for pk in there if not _is_refused(link, pk)}


def _holds_ours(folder: int) -> bool:
    """Return whether anything of ours lies in a folder of the user's."""
    return any(
        RemoteNode.objects.filter(parent__in=folders, identity__isnull=False).exists()
        for folders in _folders_below([folder])
    )


def _is_refused(link: Link, top: int) -> bool:
    """Return whether Dropbox refuses for now to remove the row or something below it."""
    parked = Parked.objects.filter(link=link).values("identity")
    if not parked.exists():
        return False
    rows = RemoteNode.objects.filter(link=link, identity__in=parked)
    return rows.filter(pk=top).exists() or any(
        rows.filter(parent__in=folders).exists() for folders in _folders_below([top])
    )


def _folders_below(tops: list[int]) -> Iterator[list[int]]:
    """Yield folders with all folders below them, batch by batch."""
    waiting = tops
    while waiting:
        below: list[int] = []
        for portion in in_portions(waiting):
            yield portion
            below += RemoteNode.objects.filter(parent__in=portion, is_folder=True).values_list(
                "pk", flat=True
            )
        waiting = below


def not_deleted(link: Link, identities: Collection[str]) -> set[str]:
    """Return those of a few identities that are in a Dropbox outside the folder of deleted files."""
    found = set()
    for row in RemoteNode.objects.filter(link=link, identity__in=identities):
        top = row
        while top.parent is not None:
            top = top.parent
        if top.pk == row.pk or top.name_key != fold(DELETED):
            found.add(row.identity or "")
    return found


@dataclass(frozen=True)
class Figures:
    """A number of files, and their total bytes."""

    files: int
    bytes: int


def mirrored(link: Link) -> Figures:
    """Count the files of studies, and of their data, in a Dropbox, without deleted ones."""
    of_studies = Q(is_folder=False) & (Q(identity__startswith="node:") | Q(identity__startswith=f"{FILE}:"))
    whole = _count(Q(link=link) & of_studies)
    home = RemoteNode.objects.filter(link=link, parent=None, name_key=fold(DELETED)).values_list(
        "pk", flat=True
    )
    for folders in _folders_below(list(home)):
        gone = _count(Q(parent__in=folders) & of_studies)
        whole = Figures(whole.files - gone.files, whole.bytes - gone.bytes)
    return whole


def _count(condition: Q) -> Figures:
    found = RemoteNode.objects.filter(condition).aggregate(files=Count("pk"), bytes=Sum("size"))
    return Figures(found["files"], found["bytes"] or 0)
