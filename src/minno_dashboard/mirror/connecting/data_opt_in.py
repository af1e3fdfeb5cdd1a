"""Switches participants' data in the user's own Dropbox on and off, for one study."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.collection import data_folders as kept
from minno_dashboard.collection.models import DataFolder
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound
from minno_dashboard.mirror.models import DataOptIn, Doubt, Link, Taken, link_of
from minno_dashboard.mirror.wanted import data_folders
from minno_dashboard.studies.access import Action, require
from minno_dashboard.studies.models import Study


@transaction.atomic
def switch_on(*, user: User, study: Study) -> None:
    """Have the data of a study written to the user's Dropbox, the account that is connected now.

    Raises:
        NotAllowed: the user may not read the data.
        NotFound: no Dropbox is connected.
    """
    require(user, Action.READ_DATA, study)
    link = link_of(user)
    if link is None:
        raise NotFound(gettext("Your studies are not connected to a Dropbox account."))
    values = {"account_id": link.account_id, "at": clock.now()}
    DataOptIn.objects.update_or_create(link=link, study=study, defaults=values)
    _record(user, study, is_on=True)
    begin_and_end_folders()
    noted = DataFolder.objects.get(study=study).files_revision
    Taken.objects.update_or_create(
        link=link,
        kind=Taken.Kind.DATA,
        object_id=study.pk,
        defaults={"revision": -1, "noted_revision": noted},
    )


@transaction.atomic
def switch_off(*, user: User, study: Study) -> None:
    """Stop writing the data of a study to the user's Dropbox; the files there go to `/Deleted`, or are deleted."""
    link = Link.objects.filter(user=user).first()
    if link is None or not DataOptIn.objects.filter(link=link, study=study).exists():
        return
    DataOptIn.objects.filter(link=link, study=study).delete()
    _record(user, study, is_on=False)
    Taken.objects.filter(link=link, kind=Taken.Kind.DATA, object_id=study.pk).delete()
    folders = sorted(data_folders.both_folders([study.pk]))
    Doubt.objects.bulk_create([Doubt(link=link, identity=one) for one in folders], ignore_conflicts=True)
    begin_and_end_folders()


def _record(user: User, study: Study, *, is_on: bool) -> None:
    action = AuditAction.STUDY_SEND_DATA if is_on else AuditAction.STUDY_STOP_SENDING_DATA
    record(actor=user, action=action, target=study.name, study=study.public_id)


def begin_and_end_folders() -> None:
    """Have data files written for the studies that some Dropbox receives now, and for no others."""
    asked = data_folders.asked_for().exclude(link__state=Link.State.OFF).values("study_id")
    received = {one.pk for one in Study.objects.filter(pk__in=asked) if data_folders.receivers(one)}
    kept.begin(received)
    for folder in DataFolder.objects.exclude(study__in=received):
        kept.end(folder)
