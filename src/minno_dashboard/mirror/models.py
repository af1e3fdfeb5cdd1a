"""Tables of the mirror: links, what they have taken over, and what each Dropbox holds as far as we know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from minno_dashboard.jobs.lease import LeaseModel
from minno_dashboard.mirror.oauth_models import OAuthState as OAuthState
from minno_dashboard.mirror.restore_models import Manifest as Manifest
from minno_dashboard.mirror.restore_models import Restore as Restore

if TYPE_CHECKING:
    from minno_dashboard.accounts.models import User
    from minno_dashboard.mirror.stored import Expected, LastWrite, Learned, Marker, RemovalQuestion, StoredJob

READ_SCOPE = "files.content.read"
TAKEN_OVER = "taken_over"
"""Reason of a link whose Dropbox account another user of this Dashboard has connected since; it has no tokens."""
PLANNED_REMOVAL = "mass_removal_planned"
"""Reason of a link whose user must confirm a mass removal before it is carried out in the Dropbox."""


class Link(LeaseModel):
    """The stored authorisation of one user's Dropbox account, and the progress of its mirror.

    Tokens are sealed (`siteconfig.sealing`). An unlinked account keeps its row, `off` and without tokens, so that
    connecting the same account again continues where it was. `not_before` (of the lease) is the moment until which
    Dropbox, or our own pacing, asked us to wait. `probe_at` is when a link that waits for its user or for the
    admin looks by itself whether the cause is gone; `told_of` names the state of which a mail told last.
    """

    class State(models.TextChoices):
        """Whether the mirror works, or who must act."""

        ACTIVE = "active", "Active"
        OFF = "off", "Off"
        NEEDS_USER = "needs_user", "Needs the user"
        NEEDS_ADMIN = "needs_admin", "Needs the admin"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="dropbox_link"
    )
    account_id = models.CharField(max_length=100)
    account_name = models.CharField(max_length=300, blank=True, default="")
    account_email = models.CharField(max_length=300, blank=True, default="")
    app_key = models.CharField(max_length=100)
    sealed_refresh_token = models.TextField(blank=True, default="")
    sealed_access_token = models.TextField(blank=True, default="")
    access_expires_at = models.DateTimeField(null=True, blank=True)
    scopes = models.TextField(blank=True, default="")
    is_reading_withdrawn = models.BooleanField(default=False)  # until Dropbox has been asked again
    linked_at = models.DateTimeField()

    state = models.CharField(max_length=20, choices=State, default=State.ACTIVE)
    reason = models.CharField(max_length=60, blank=True, default="")
    reason_at = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)
    told_of = models.CharField(max_length=120, blank=True, default="")
    last_error = models.TextField(blank=True, default="")
    failures = models.PositiveIntegerField(default=0)

    epoch = models.PositiveIntegerField(default=1)
    cursor = models.TextField(blank=True, default="")
    marker: models.JSONField[Marker | None, Marker | None] = models.JSONField(null=True, blank=True)
    last_write: models.JSONField[LastWrite | None, LastWrite | None] = models.JSONField(
        null=True, blank=True
    )  # until a listing has told of it
    needs_listing = models.BooleanField(default=True)
    needs_reading = models.BooleanField(default=False)
    wants_everything = models.BooleanField(default=True)
    waits_since = models.DateTimeField(null=True, blank=True)  # for its turn: what is left takes long
    is_hurried = models.BooleanField(default=False)  # something was saved while it waited for its turn
    keep_deleted = models.BooleanField(default=True)
    removal_question: models.JSONField[RemovalQuestion | None, RemovalQuestion | None] = models.JSONField(
        null=True, blank=True
    )
    removal_answer = models.CharField(max_length=20, blank=True, default="")

    proven_at = models.DateTimeField(null=True, blank=True)
    proven_files = models.PositiveIntegerField(default=0)
    proven_bytes = models.BigIntegerField(default=0)
    next_proof_at = models.DateTimeField(null=True, blank=True)
    listed_at = models.DateTimeField(null=True, blank=True)
    space_used = models.BigIntegerField(null=True, blank=True)
    space_allocated = models.BigIntegerField(null=True, blank=True)
    learned: models.JSONField[Learned, Learned] = models.JSONField(default=dict)
    calls: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)
    calls_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id"],
                condition=~Q(state="off") & ~Q(reason=TAKEN_OVER),
                name="one_user_per_dropbox_account",
            )
        ]
        indexes = [
            models.Index(fields=["next_proof_at"], condition=Q(state="active"), name="links_due_for_a_proof")
        ]

    def __str__(self) -> str:
        return f"Dropbox of user {self.user_id}"

    @property
    def may_read(self) -> bool:
        """Return whether Dropbox grants reading of file contents, and the logged-in user may have them."""
        return READ_SCOPE in self.scopes.split() and not self.is_reading_withdrawn


def links_of(user: User) -> models.QuerySet[Link]:
    """Return a user's connected Dropbox as a query."""
    return Link.objects.filter(user=user).exclude(state=Link.State.OFF)


def link_of(user: User) -> Link | None:
    """Return a user's connected Dropbox, or None."""
    return links_of(user).first()


class Taken(models.Model):
    """The revision of one study, tree or data folder up to which one link's Dropbox is equal to it.

    `noted_revision` is the revision that was last seen to be wanted, `revision` the one that was mirrored: the
    link is behind where the first is greater. A `released` study is one whose access was lost: its copy stays.
    """

    class Kind(models.TextChoices):
        """Which kind of object has the revision."""

        STUDY = "study", "Study"
        TREE = "tree", "Tree"
        DATA = "data", "Data folder of a study"

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="taken")
    kind = models.CharField(max_length=10, choices=Kind)
    object_id = models.BigIntegerField()
    revision = models.BigIntegerField(default=-1)
    noted_revision = models.BigIntegerField(default=0)
    is_released = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "kind", "object_id"], name="taken_once_per_link")
        ]
        indexes = [
            models.Index(
                fields=["link"], condition=Q(noted_revision__gt=F("revision")), name="links_that_are_behind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} at {self.revision}"


class DataOptIn(models.Model):
    """A user's choice to have the data of a study in their Dropbox, for one Dropbox account.

    It gives no right: who may read the data is asked each time (`wanted.data_folders`).
    """

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="data_opt_ins")
    study = models.ForeignKey("studies.Study", on_delete=models.CASCADE, related_name="data_opt_ins")
    account_id = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "study"], name="one_data_opt_in_per_study")]

    def __str__(self) -> str:
        return f"data of study {self.study_id} for link {self.link_id}"


class RemoteNode(models.Model):
    """One folder or file that we know a linked Dropbox holds.

    Parents are pointers, never path strings: a moved folder is one changed row. `name_key` is the name as Dropbox
    folds it. `dropbox_id` is "" until Dropbox told it. `identity` names the desired node that this is; a row
    without one is the user's own. `is_changed`: the user changed the content since we wrote it.
    """

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="nodes")
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=1000)
    name_key = models.CharField(max_length=1000)
    is_folder = models.BooleanField(default=False)
    dropbox_id = models.CharField(max_length=100, blank=True, default="")
    rev = models.CharField(max_length=100, blank=True, default="")
    content_hash = models.CharField(max_length=64, blank=True, default="")
    size = models.BigIntegerField(default=0)
    identity = models.CharField(max_length=60, null=True, blank=True)  # noqa: DJ001  (null is "the user's own" and may repeat)
    is_changed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link", "parent", "name_key"],
                condition=Q(parent__isnull=False),
                name="one_remote_name_in_a_folder",
            ),
            models.UniqueConstraint(
                fields=["link", "name_key"],
                condition=Q(parent__isnull=True),
                name="one_remote_name_at_the_top",
            ),
            models.UniqueConstraint(fields=["link", "identity"], name="one_remote_node_per_identity"),
        ]
        indexes = [
            models.Index(fields=["link", "dropbox_id"], name="remote_nodes_by_dropbox_id"),
            models.Index(
                fields=["link", "content_hash"],
                condition=~Q(content_hash=""),
                name="remote_nodes_by_content",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Doubt(models.Model):
    """An identity whose place or content in the Dropbox is in doubt: the next plan includes it."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="doubts")
    identity = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "identity"], name="one_doubt_per_identity")]

    def __str__(self) -> str:
        return self.identity


class Intent(models.Model):
    """What a call under way is about to change; kept only while its outcome is unknown.

    `expected` lists what will stand in the Dropbox if the call succeeded; `job` is there for an asynchronous one.
    That of a folder that was `MOVED` stays until Dropbox has told of all that is in it, and names its `moved_row`.
    One is `LATE` where a worker that had lost its lease may have made a call after another one had looked.
    """

    MOVED = "moved"
    LATE = "late"
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="intents")
    kind = models.CharField(max_length=20)
    expected: models.JSONField[list[Expected], list[Expected]] = models.JSONField(default=list)
    moved_row = models.BigIntegerField(null=True, blank=True)
    job: models.JSONField[StoredJob | None, StoredJob | None] = models.JSONField(null=True, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} of {self.at:%Y-%m-%d %H:%M:%S}"


class UploadSession(models.Model):
    """A Dropbox upload session that is not committed yet, kept so that its bytes are not sent again."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="upload_sessions")
    content_hash = models.CharField(max_length=64)
    size = models.BigIntegerField()
    session_id = models.TextField()
    offset = models.BigIntegerField(default=0)
    is_closed = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link", "content_hash", "size"], name="one_upload_session_per_content"
            )
        ]

    def __str__(self) -> str:
        return f"{self.content_hash[:12]}: {self.offset} of {self.size} bytes"


class Parked(models.Model):
    """A file or folder that Dropbox refuses; tried again when its path or content changes, or after a time."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="parked")
    identity = models.CharField(max_length=60)
    path = models.TextField()
    content_hash = models.CharField(max_length=64, blank=True, default="")
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "identity"], name="parked_once")]

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class Run(models.Model):
    """One run of a mirror, for the history shown to its user."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="runs")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=30, blank=True, default="")
    uploaded = models.PositiveIntegerField(default=0)
    uploaded_bytes = models.BigIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    copied = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    drifted = models.PositiveIntegerField(default=0)
    calls: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["link", "-started_at"], name="runs_of_a_link")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.started_at:%Y-%m-%d %H:%M:%S}"
