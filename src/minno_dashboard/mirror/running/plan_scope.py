"""Marks everything a plan will touch as in doubt, so that an interrupted plan is planned again."""

from __future__ import annotations

from minno_dashboard.jobs.lease import Lease
from minno_dashboard.mirror.models import Doubt, Link
from minno_dashboard.mirror.planner.model import Disown, Move, Plan, Remove
from minno_dashboard.mirror.wanted.slice_reader import Slice


def remember(link: Link, lease: Lease, plan: Plan, slice_: Slice) -> None:
    """Store a doubt for each identity that a plan touches without being changed itself.

    What changed is looked at again until it is taken over. What a plan came upon by the way (the inside of a folder
    that comes back, a file that stood in the way) would be forgotten if the plan ended half way.
    """
    rows = {row.key: row.identity for row in slice_.remote}
    touched: set[str | None] = set()
    for step in plan.steps:
        touched.add(rows.get(step.key) if isinstance(step, Move | Remove | Disown) else step.identity)
    by_the_way = sorted({one for one in touched if one is not None} - slice_.base - set(slice_.doubts))
    if by_the_way:
        with lease.fenced():
            doubts = [Doubt(link=link, identity=identity) for identity in by_the_way]
            Doubt.objects.bulk_create(doubts, ignore_conflicts=True, batch_size=500)
