"""Keeping a study's data for so many months: what is older is deleted once a day, with 30 days to undo."""

from __future__ import annotations

import calendar
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.collection.models import Session
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid
from minno_dashboard.results import deleting
from minno_dashboard.results.models import DataRetention
from minno_dashboard.studies.models import Study

MAX_MONTHS = 240


def months_before(moment: datetime, months: int) -> datetime:
    """Return the moment so many calendar months earlier; on the last day of the month where it has no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def months_of(study: Study) -> int | None:
    """Return for how many months a study keeps its data; None means until somebody deletes them."""
    return DataRetention.objects.filter(study=study).values_list("months", flat=True).first()


def due(study: Study, months: int) -> QuerySet[Session]:
    """Return the sessions that ended more than so many months ago, tests too; one without an end ended at its last post."""
    limit = months_before(clock.now(), months)
    ended = Q(finished_at__lt=limit) | Q(finished_at=None, last_post_at__lt=limit)
    return Session.present.filter(ended, experiment__study=study)


def set_retention(*, study: Study, months: int | None, typed_name: str = "", by: User) -> None:
    """Let a study's data be deleted so many months after a session ended; None turns it off.

    Raises:
        Invalid: there are fewer than 1 or more than 240 months, or the study's name was not typed to turn it on.
    """
    if months is not None:
        if not 1 <= months <= MAX_MONTHS:
            raise Invalid(gettext("Data can be kept for 1 to 240 months. Nothing was changed."))
        deleting.check_name(study, typed_name)
    with transaction.atomic():
        before = months_of(study)
        if before == months:
            return
        if months is None:
            DataRetention.objects.filter(study=study).delete()
        else:
            DataRetention.objects.update_or_create(study=study, defaults={"months": months})
        record(
            actor=by,
            action=AuditAction.STUDY_CHANGE_RETENTION,
            target=study.name,
            study=study.public_id,
            before=before,
            months=months,
        )


def delete_old_data() -> int:
    """Delete the data of all studies that are older than these keep them; return how many sessions."""
    total = 0
    for one in DataRetention.objects.select_related("study"):
        chosen = due(one.study, one.months)
        if chosen.exists():
            criteria = {"months": one.months}
            total += deleting.delete_sessions(chosen, study=one.study, criteria=criteria, by=None).sessions
    return total
