"""Participants' sessions and submissions; indexed for lists over millions of rows."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from minno_dashboard.collection.data_folder_models import DataFile as DataFile
from minno_dashboard.collection.data_folder_models import DataFolder as DataFolder
from minno_dashboard.collection.deletion_models import DataDeletion as DataDeletion
from minno_dashboard.collection.deletion_models import ErasedSession as ErasedSession
from minno_dashboard.core import ids
from minno_dashboard.studies.models import Experiment, Version


class PersonalLink(models.Model):
    """A launch link for one participant: `/launch/<experiment>/<version>?link=<code>`.

    `label` is the researcher's own name for the participant; `params` are given to the session like URL parameters.
    A resumable link opens the same session again until it is finished; any other link starts one session only.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="personal_links")
    code = models.CharField(max_length=24, unique=True, default=ids.public_id)
    label = models.CharField(max_length=200, blank=True, default="")
    params = models.JSONField(default=dict, blank=True)
    is_resumable = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.label or self.code


class PresentSessions(models.Manager["Session"]):
    """The sessions that are not deleted."""

    def get_queryset(self) -> models.QuerySet[Session]:
        """Leave out what was deleted."""
        return super().get_queryset().filter(deletion=None)


class Session(models.Model):
    """One participant's run of an experiment, created by the page's first post or its explicit start; never by loading the page.

    `id` is the random 52-bit number that the page names as `sessionId`. `version_state` is Develop or Published at the
    start. `condition` is the name of the assigned condition. `params` are the URL parameters, as strings.
    `participant_key` is the same for two sessions of one participant of an experiment, where the link or a URL
    parameter tells who it is, else "". `place` says whether the session counts against limits and quotas
    (`collection.places`). `progress` is the last task that a submission named, `component` the page that a study of
    several pages was at. `deletion` is set while the session is deleted and can be brought back: whatever shows data
    reads `Session.present`. `data_pending`: the participant got the completion code although rows could not be stored.
    """

    class State(models.TextChoices):
        """The state of the session; whether it runs or has stalled follows from `last_post_at`."""

        STARTED = "started", gettext_lazy("Started")
        FINISHED = "finished", gettext_lazy("Finished")
        SCREENED_OUT = "screened_out", gettext_lazy("Screened out")

    class Place(models.TextChoices):
        """Whether the session counts towards limits and quotas."""

        NONE = "none", gettext_lazy("Not counted")
        HELD = "held", gettext_lazy("Held while it runs")
        KEPT = "kept", gettext_lazy("Counted")

    id = models.BigIntegerField(primary_key=True, default=ids.session_id)
    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="sessions", db_index=False
    )
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="sessions", db_index=False)
    version_state = models.CharField(max_length=20, choices=Version.State)
    link = models.ForeignKey(
        PersonalLink, on_delete=models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    condition = models.CharField(max_length=100, blank=True, default="")
    params = models.JSONField(default=dict, blank=True)
    participant_key = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=20, choices=State, default=State.STARTED)
    place = models.CharField(max_length=10, choices=Place, default=Place.NONE)
    progress = models.CharField(max_length=200, blank=True, default="")
    component = models.PositiveIntegerField(default=0)
    study_state = models.TextField(blank=True, default="")
    user_agent = models.CharField(max_length=400, blank=True, default="")
    started_at = models.DateTimeField()
    last_post_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    submission_count = models.PositiveIntegerField(default=0)
    byte_count = models.BigIntegerField(default=0)
    data_pending = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    is_excluded = models.BooleanField(default=False)
    note = models.TextField(blank=True, default="")
    deletion = models.ForeignKey(
        DataDeletion, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )

    objects = models.Manager["Session"]()
    present = PresentSessions()

    class Meta:
        indexes = [
            models.Index(fields=["deletion"], condition=~Q(deletion=None), name="deleted_sessions"),
            models.Index(fields=["experiment", "-started_at"], name="sessions_of_an_experiment"),
            models.Index(fields=["version", "-started_at"], name="sessions_of_a_version"),
            models.Index(fields=["experiment", "last_post_at"], name="sessions_by_last_post"),
            models.Index(
                fields=["experiment", "last_post_at"], condition=Q(place="held"), name="places_that_are_held"
            ),
            models.Index(
                fields=["experiment", "participant_key"],
                condition=~Q(participant_key=""),
                name="sessions_of_a_participant",
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"

    @property
    def participant(self) -> str:
        """The label of the personal link, else the participant's key; "" for unknown participants."""
        return (self.link.label if self.link else "") or self.participant_key


class Submission(models.Model):
    """One acknowledged post of a session: `body` is the text as received, never changed.

    `sequence` is the number that the page gave it, if any: the same number twice is one submission. `task` is the
    `taskName` of the body, for lists. `size` is the body's length in bytes.
    """

    class Kind(models.TextChoices):
        """The format of the body."""

        JSON = "json", "JSON"
        CSV = "csv", "CSV"

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="submissions", db_index=False)
    sequence = models.BigIntegerField(null=True, blank=True)
    received_at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.JSON)
    task = models.CharField(max_length=200, blank=True, default="")
    size = models.PositiveIntegerField()
    body = models.TextField()

    class Meta:
        constraints = [
            # Its index also serves "all submissions of a session": rows without a number are distinct to SQL.
            models.UniqueConstraint(fields=["session", "sequence"], name="one_submission_of_a_sequence")
        ]

    def __str__(self) -> str:
        return f"submission {self.pk} of session {self.session_id}"


class QuarantinedBody(models.Model):
    """A body of an existing session that could not be read, with the reason; deleted 30 days later."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="quarantined")
    received_at = models.DateTimeField(db_index=True)
    reason = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.size} bytes of session {self.session_id}: {self.reason}"


class ClientError(models.Model):
    """A JavaScript error, or a stimulus that did not load, in a participant's browser; it may come before a session."""

    class Kind(models.TextChoices):
        """The kind of error."""

        SCRIPT = "script", gettext_lazy("JavaScript error")
        MISSING = "missing", gettext_lazy("File did not load")

    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="client_errors", db_index=False
    )
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    session_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    message = models.CharField(max_length=1000)
    file = models.CharField(max_length=500, blank=True, default="")
    line = models.PositiveIntegerField(null=True, blank=True)
    column = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["experiment", "-at"], name="errors_of_an_experiment")]

    def __str__(self) -> str:
        return self.message
