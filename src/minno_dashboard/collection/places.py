"""Places: counts sessions for session limits and quotas, and assigns conditions.

A session takes a place when it starts, holds it while it runs and keeps it when it finishes. A session that has sent
nothing for `Experiment.place_minutes` gives its place back; if it finishes all the same, it is counted then, because
its data are there. All counting happens while the experiment's row is locked.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, F

from minno_dashboard.collection.models import Session
from minno_dashboard.studies.models import Condition, Experiment


class NoPlaceLeft(Exception):
    """The session limit, or the quota of every condition, is reached."""


def lock_experiment(pk: int) -> Experiment:
    """Lock and return an experiment with its study; call it in a transaction, before any counting."""
    found = Experiment.objects.select_for_update(of=("self",), no_key=True).select_related("study")
    return found.get(pk=pk)


def take_place(experiment: Experiment, *, now: datetime) -> str:
    """Count a new session of a locked experiment; return the name of its condition, "" without conditions.

    Raises:
        NoPlaceLeft: nothing was counted.
    """
    release_expired_places(experiment, now=now)
    if experiment.session_limit is not None and experiment.taken >= experiment.session_limit:
        raise NoPlaceLeft
    condition = least_filled(list(experiment.conditions.all()))
    _count(experiment, condition.name if condition else "", by=1)
    return condition.name if condition else ""


def least_filled(conditions: Sequence[Condition]) -> Condition | None:
    """Return the condition for the next session; among equal ones a random one. None without conditions.

    The one that is filled least for its weight comes first; where all weights are equal and each condition has a
    quota, the one filled to the smallest share of its quota.

    Raises:
        NoPlaceLeft: every condition has reached its quota.
    """
    if not conditions:
        return None
    open_ones = [one for one in conditions if one.quota is None or one.taken < one.quota]
    if not open_ones:
        raise NoPlaceLeft
    by_quota = all(one.quota for one in conditions) and len({one.weight for one in conditions}) == 1
    fill = [one.taken / ((one.quota if by_quota else one.weight) or 1) for one in open_ones]
    return secrets.choice([one for one, share in zip(open_ones, fill, strict=True) if share == min(fill)])


def keep_place(experiment: Experiment, session: Session) -> None:
    """Count a session of a locked experiment permanently, also after its place was released; the caller saves it."""
    if session.place == Session.Place.NONE:
        _count(experiment, session.condition, by=1)
    session.place = Session.Place.KEPT


def give_place_back(experiment: Experiment, session: Session) -> None:
    """Stop counting a session of a locked experiment; the caller saves it."""
    if session.place != Session.Place.NONE:
        _count(experiment, session.condition, by=-1)
    session.place = Session.Place.NONE


def release_expired_places(experiment: Experiment, *, now: datetime) -> int:
    """Stop counting sessions of a locked experiment that sent nothing for too long; return how many."""
    since = now - timedelta(minutes=experiment.place_minutes)
    held = Session.objects.filter(experiment=experiment, place=Session.Place.HELD, last_post_at__lt=since)
    counts = list(held.values_list("condition").annotate(count=Count("pk")).order_by("condition"))
    if not counts:
        return 0
    held.update(place=Session.Place.NONE)
    for name, count in counts:
        _count(experiment, name, by=-count)
    return sum(count for _, count in counts)


def free_places(experiment: Experiment, *, now: datetime) -> bool:
    """Return whether a session could start now; reads only, so that loading a page changes nothing."""
    since = now - timedelta(minutes=experiment.place_minutes)
    held = Session.objects.filter(experiment=experiment, place=Session.Place.HELD, last_post_at__lt=since)
    expired = dict(held.values_list("condition").annotate(count=Count("pk")).order_by("condition"))
    limit = experiment.session_limit
    if limit is not None and experiment.taken - sum(expired.values()) >= limit:
        return False
    conditions = list(experiment.conditions.all())
    return not conditions or any(
        one.quota is None or one.taken - expired.get(one.name, 0) < one.quota for one in conditions
    )


def recount(experiment: Experiment) -> None:
    """Count the places of a locked experiment again; needed after its conditions were changed."""
    counted = Session.objects.filter(experiment=experiment).exclude(place=Session.Place.NONE)
    counts = dict(counted.values_list("condition").annotate(count=Count("pk")).order_by("condition"))
    Experiment.objects.filter(pk=experiment.pk).update(taken=sum(counts.values()))
    for condition in Condition.objects.filter(experiment=experiment):
        Condition.objects.filter(pk=condition.pk).update(taken=counts.get(condition.name, 0))


def _count(experiment: Experiment, condition: str, *, by: int) -> None:
    experiment.taken += by
    Experiment.objects.filter(pk=experiment.pk).update(taken=F("taken") + by)
    Condition.objects.filter(experiment=experiment, name=condition).update(taken=F("taken") + by)
