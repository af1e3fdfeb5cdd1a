"""Tables of the files of a study's data for Dropboxes; rows exist only while somebody has asked for them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from minno_dashboard.files.models import Blob
from minno_dashboard.studies.models import Study


class DataFolder(models.Model):
    """The folder `data` of a study: whether its files are older than the data.

    `revision` is raised in the transaction of whatever changes the data, except of each post; `made_revision` is the
    revision that the files hold, `made_at` the moment as of which they do. Raw files of days before `first_open_day`
    are final; None means that all are to be written anew, and `past_changes` counts how often that was asked for.
    `files_revision` is raised when a file changes; `settled_revision` as in `files.Tree`.
    """

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="data_folder")
    revision = models.BigIntegerField(default=1)
    made_revision = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(null=True, blank=True)
    making_seconds = models.FloatField(default=0)
    first_open_day = models.DateField(null=True, blank=True)
    past_changes = models.BigIntegerField(default=0)
    sessions = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    files_revision = models.BigIntegerField(default=0)
    settled_revision = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                condition=~Q(files_revision=F("settled_revision")),
                name="unsettled_data_folders",
            )
        ]

    def __str__(self) -> str:
        return f"data of study {self.study_id} at {self.files_revision}"


class DataFile(models.Model):
    """One file of a data folder; without `blob` it was removed.

    `revision` is the folder's `files_revision` at the last change. `previous` is what `blob` replaced: an upload of it
    may still be under way.
    """

    folder = models.ForeignKey(DataFolder, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    previous = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revision = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folder", "path"], name="one_data_file_of_a_path")]

    def __str__(self) -> str:
        return self.path
