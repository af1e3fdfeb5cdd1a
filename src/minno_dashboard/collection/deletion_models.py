"""Sessions that were deleted and can still come back, and the numbers of those that were erased."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from minno_dashboard.studies.models import Study


class DataDeletion(models.Model):
    """Sessions of a study that were deleted together, and can be brought back until they are removed for good.

    `criteria` says which sessions, as those of `DataRequest` do, or `{"months": 12}` where the study keeps its data for
    so long. `by` is None then, and where the user is gone.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="data_deletions")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    criteria = models.JSONField(default=dict)
    sessions = models.PositiveIntegerField(default=0)
    deleted_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["study", "-deleted_at"], name="deletions_of_a_study")]

    def __str__(self) -> str:
        return f"{self.sessions} sessions of study {self.study_id}"

    @property
    def is_automatic(self) -> bool:
        """Whether nobody deleted them: they were older than the study keeps its data."""
        return "months" in self.criteria

    @property
    def is_open(self) -> bool:
        """Whether it can still be undone."""
        return self.undone_at is None and self.purged_at is None


class ErasedSession(models.Model):
    """The random number of a session that was erased: a page that is still open must not begin it again.

    It is removed when no launch token of the page is valid any more.
    """

    session_id = models.BigIntegerField(primary_key=True)
    erased_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"erased session {self.session_id}"
