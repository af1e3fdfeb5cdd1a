"""Who has which file open now: refreshed every 15 seconds, kept in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.studies.models import Presence

BEAT_SECONDS = 15
FRESH = timedelta(seconds=3 * BEAT_SECONDS)
MAX_OPEN = 50


def beat(*, user: User, tree: Tree, open_ids: Sequence[int]) -> None:
    """Store which files of a tree a person has open, replacing the earlier ones."""
    wanted = list(open_ids)[:MAX_OPEN]
    with transaction.atomic():
        living = list(
            Node.objects.filter(tree=tree, pk__in=wanted, deleted_at=None).values_list("pk", flat=True)
        )
        Presence.objects.filter(user=user, node__tree=tree).exclude(node__in=living).delete()
        now = clock.now()
        Presence.objects.bulk_create(
            [Presence(node_id=pk, user=user, at=now) for pk in living],
            update_conflicts=True,
            unique_fields=["node", "user"],
            update_fields=["at"],
        )


def others(*, user: User, tree: Tree) -> dict[int, list[str]]:
    """Return the names of the others who have files of a tree open, by file."""
    fresh = Presence.objects.filter(node__tree=tree, at__gt=clock.now() - FRESH).exclude(user=user)
    found: dict[int, list[str]] = {}
    for one in fresh.select_related("user").order_by("pk"):
        found.setdefault(one.node_id, []).append(str(one.user))
    return found


def forget_gone() -> int:
    """Remove the signs of those who left; return how many."""
    return Presence.objects.filter(at__lt=clock.now() - 10 * FRESH).delete()[0]
