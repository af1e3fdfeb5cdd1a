"""Which studies have data files for Dropboxes, and marks these files as outdated."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from minno_dashboard.collection.models import DataFile, DataFolder
from minno_dashboard.core import clock
from minno_dashboard.files import removal


def data_changed(study_id: int, *, of_past_days: bool = False) -> None:
    """Mark a study's data files as outdated; call it in the transaction of the change.

    Whoever changes or removes what was submitted before today passes `of_past_days`: the raw files of all days are
    written anew then, and the bytes before are dropped at once.
    """
    changes: dict[str, object] = {"revision": F("revision") + 1}
    if of_past_days:
        changes |= {"first_open_day": None, "past_changes": F("past_changes") + 1}
    DataFolder.objects.filter(study=study_id).update(**changes)


def begin(study_ids: set[int]) -> None:
    """Have data files made for these studies, where there are none yet.

    Their revisions begin at the seconds of the clock, so that they are greater than those of a folder that ended.
    """
    known = set(DataFolder.objects.filter(study__in=study_ids).values_list("study_id", flat=True))
    for study_id in study_ids - known:
        values = {"files_revision": int(clock.now().timestamp())}
        DataFolder.objects.get_or_create(study_id=study_id, defaults=values)


def end(folder: DataFolder) -> None:
    """Delete the data files of a study that nobody asks for any more; their bytes are removed at commit."""
    with transaction.atomic():
        rows = DataFile.objects.filter(folder=folder).values_list("blob_id", "previous_id")
        blobs = {pk for row in rows for pk in row if pk is not None}
        DataFolder.objects.filter(pk=folder.pk).delete()
        transaction.on_commit(lambda: removal.drop(blobs))
