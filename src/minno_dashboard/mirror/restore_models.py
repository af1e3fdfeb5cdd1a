"""Tables of manifests and of restores of studies from a Dropbox."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from minno_dashboard.files.models import Blob
from minno_dashboard.jobs.lease import LeaseModel
from minno_dashboard.studies.models import Study


class Manifest(models.Model):
    """The `MANIFEST.json` and `verify.py` that a Dropbox should hold, as of the last time nothing had changed for a while.

    `describes_at` is that moment; a change after it makes the manifest stale, not wrong.
    """

    link = models.OneToOneField("mirror.Link", on_delete=models.CASCADE, related_name="manifest")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    verify = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    describes_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"manifest of {self.describes_at:%Y-%m-%d %H:%M:%S}"


class Restore(LeaseModel):
    """One study that its user restores from the Dropbox; `path` is its folder there.

    What was fetched by a try that failed is stored and is not fetched again. `problems` names what could not come
    along, `sentence` says how it ended.
    """

    class State(models.TextChoices):
        """The progress of a restore."""

        OPEN = "open", "On its way"
        DONE = "done", "Restored"
        FAILED = "failed", "Not restored"

    link = models.ForeignKey("mirror.Link", on_delete=models.CASCADE, related_name="restores")
    path = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    files = models.PositiveIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    files_done = models.PositiveIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True, default="")
    problems: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    sentence = models.TextField(blank=True, default="")
    study = models.ForeignKey(Study, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link", "path"], condition=Q(state="open"), name="one_open_restore_per_study"
            )
        ]

    def __str__(self) -> str:
        return f"{self.path}: {self.state}"

    @property
    def said(self) -> str:
        """Return how the restore ended, in the reader's language where the sentence is ours."""
        if self.state == self.State.DONE and self.study:
            return gettext("Restored as “%(name)s”.") % {"name": self.study.name}
        return gettext(self.sentence) if self.sentence else ""
