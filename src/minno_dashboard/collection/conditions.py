"""Conditions of an experiment: changed under the lock under which sessions are counted, and counted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.collection import places
from minno_dashboard.core.errors import Invalid
from minno_dashboard.studies.experiments import record_change
from minno_dashboard.studies.models import Condition, Experiment

MAX_CONDITIONS = 50


@dataclass(frozen=True, slots=True)
class ChosenCondition:
    """A condition as entered by a researcher; `quota` None: no limit."""

    name: str
    weight: int = 1
    quota: int | None = None


def set_conditions(*, experiment: Experiment, chosen: Sequence[ChosenCondition], by: User) -> None:
    """Replace the conditions of an experiment, in this order. Sessions keep the name of their condition.

    Raises:
        Invalid: two have one name, or there are too many.
    """
    if len({one.name for one in chosen}) < len(chosen):
        raise Invalid(gettext("Two conditions have the same name. Nothing was changed."))
    if len(chosen) > MAX_CONDITIONS:
        raise Invalid(gettext("An experiment has at most %(most)s conditions.") % {"most": MAX_CONDITIONS})
    with transaction.atomic():
        current = places.lock_experiment(experiment.pk)
        Condition.objects.filter(experiment=current).exclude(name__in=[one.name for one in chosen]).delete()
        for position, one in enumerate(chosen):
            Condition.objects.update_or_create(
                experiment=current,
                name=one.name,
                defaults={"position": position, "weight": one.weight, "quota": one.quota},
            )
        places.recount(current)
        record_change(
            AuditAction.STUDY_CHANGE_CONDITIONS,
            current,
            current.study,
            by,
            conditions=[one.name for one in chosen],
        )
