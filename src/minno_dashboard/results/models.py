"""Requests for downloads of participants' data, how long data are kept, and receipts of erased participants."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy

from minno_dashboard.studies.models import Study


class DataRequest(models.Model):
    """One requested download; its file is in the data folder, named by the request's id.

    `criteria` says which sessions: experiments and versions as lists of ids and numbers (empty for all), `since` and
    `until` as days, `finished` and `tests`. `done` counts the sessions taken so far, of `total`.
    """

    class State(models.TextChoices):
        """The state of the request."""

        WAITING = "waiting", gettext_lazy("Waiting")
        RUNNING = "running", gettext_lazy("In progress")
        DONE = "done", gettext_lazy("Ready")
        CANCELLED = "cancelled", gettext_lazy("Cancelled")
        FAILED = "failed", gettext_lazy("Failed")
        EXPIRED = "expired", gettext_lazy("Expired")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="data_requests")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    file_format = models.CharField(max_length=20)
    split_by = models.CharField(max_length=100, blank=True, default="")
    criteria = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    problems = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["study", "-created_at"], name="data_requests_of_a_study"),
            models.Index(fields=["state", "expires_at"], name="data_requests_to_expire"),
        ]

    def __str__(self) -> str:
        return f"data request {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it waits or is being made."""
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def percent(self) -> int:
        """The progress in percent."""
        return min(100, 100 * self.done // self.total) if self.total else 0


class DataRetention(models.Model):
    """For how many months after a session's end a study keeps its data; without a row, until somebody deletes them."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="data_retention")
    months = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.months} months in study {self.study_id}"


class Erasure(models.Model):
    """The receipt of a participant who was erased: how found, what went and when, and nothing of the participant.

    `parameter` is the name of the URL parameter by whose value the participant was found, "" for any. `counts` says how
    many rows of each kind were removed.
    """

    class FoundBy(models.TextChoices):
        """What the participant was found by."""

        SESSION = "session", gettext_lazy("Session number")
        PARAMETER = "parameter", gettext_lazy("Value of a URL parameter")
        LABEL = "label", gettext_lazy("Label of a personal link")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="erasures")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    found_by = models.CharField(max_length=20, choices=FoundBy)
    parameter = models.CharField(max_length=200, blank=True, default="")
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"erasure {self.pk} in study {self.study_id}"
