"""Studies, their versions, and who works on them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy

from minno_dashboard.core import ids
from minno_dashboard.core.names import fold
from minno_dashboard.files.models import Node, Tree


class Study(models.Model):
    """What a researcher owns; everybody who is logged in can read a public one.

    `revision` is raised in the transaction of any change that shows in a mirror (name, archive, deletion, versions,
    members); `settled_revision` as in `files.Tree`. A deleted study can be brought back for 30 days. `name_key` is the
    name as Dropbox folds it, set whenever the study is saved. Opening and closing times of its experiments are shown
    in `time_zone` (an IANA name).
    """

    class Kind(models.TextChoices):
        """The study type."""

        MINNOJS = "minnojs", "MinnoJS"
        HTML = "html", gettext_lazy("HTML (jsPsych and others)")

    public_id = models.CharField(max_length=24, unique=True, default=ids.public_id)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="studies")
    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=510, editable=False)
    description = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.MINNOJS)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    is_public = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    revision = models.BigIntegerField(default=1)
    settled_revision = models.BigIntegerField(default=0)
    time_zone = models.CharField(max_length=64, default="UTC")

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-changed_at"], name="studies_of_an_owner"),
            models.Index(fields=["owner", "name_key"], name="studies_by_name"),
            models.Index(
                fields=["id"], condition=~Q(revision=F("settled_revision")), name="unsettled_studies"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, **options: Any) -> None:
        """Save the study; its folded name follows its name."""
        self.name_key = fold(self.name)
        fields = options.get("update_fields")
        if fields is not None and "name" in fields:
            options["update_fields"] = {*fields, "name_key"}
        super().save(**options)


class Version(models.Model):
    """v1, v2 … of a study: Develop (only the newest can be) or Published (its tree is locked).

    `began_from` is the number of the version whose files this one began with; None for the first.
    `launch_id` names the version in launch addresses (`/launch/<experiment>/<launch id>`) and in data; publishing may
    hand it on to the next version. Nobody can start a session with a version that is not active.
    """

    class State(models.TextChoices):
        """Whether the files can still change."""

        DEVELOP = "develop", gettext_lazy("Develop")
        PUBLISHED = "published", gettext_lazy("Published")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.DEVELOP)
    tree = models.OneToOneField(Tree, on_delete=models.PROTECT, related_name="version")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    began_from = models.PositiveIntegerField(null=True, blank=True)
    note = models.TextField(blank=True, default="")
    launch_id = models.CharField(max_length=64, unique=True, default=ids.launch_id)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="one_number_in_a_study")]

    def __str__(self) -> str:
        return f"v{self.number}"


class Collaboration(models.Model):
    """One user's share in another user's study: file access × data access, once accepted."""

    class Files(models.TextChoices):
        """What the collaborator may do with the files."""

        EDIT = "edit", gettext_lazy("Edit")
        READ = "read", gettext_lazy("Read only")
        NONE = "none", gettext_lazy("No access")

    class Status(models.TextChoices):
        """Only an accepted invitation gives any right."""

        PENDING = "pending", gettext_lazy("Invited")
        ACCEPTED = "accepted", gettext_lazy("Accepted")
        DECLINED = "declined", gettext_lazy("Declined")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="collaborations")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collaborations"
    )
    file_access = models.CharField(max_length=10, choices=Files, default=Files.READ)
    sees_data = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    invited_at = models.DateTimeField()
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "user"], name="one_share_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.study_id}: {self.file_access}"


class LinkInvitation(models.Model):
    """A share offered to somebody who has no account here yet: whoever has the link answers it, once.

    The code is kept as in `ReadOnlyLink`.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="link_invitations")
    email = models.CharField(max_length=254)
    file_access = models.CharField(max_length=10, choices=Collaboration.Files)
    sees_data = models.BooleanField(default=False)
    invited_at = models.DateTimeField()
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    fingerprint = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "email"], name="one_link_invitation_of_an_address")
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.study_id}"


class ReadOnlyLink(models.Model):
    """A link by which anybody, without logging in, sees the files of a study.

    The code is found by its `fingerprint`; `sealed` holds it for those who may share the study and copy the link again.
    """

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="read_only_link")
    fingerprint = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"link to {self.study_id}"


class Tag(models.Model):
    """A person's own coloured label, put on any study that this person sees; nobody else sees it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tags")
    text = models.CharField(max_length=60)
    colour = models.CharField(max_length=6)
    studies = models.ManyToManyField(Study, related_name="tags", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "text", "colour"], name="one_tag_of_a_text_and_colour")
        ]

    def __str__(self) -> str:
        return self.text


class Presence(models.Model):
    """A person who has a file open at a time; rows older than a minute count no more."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "user"], name="one_presence_in_a_file")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.node_id}"


class Experiment(models.Model):
    """A file of a study that participants can launch: `/launch/<public id>/<launch id of a version>`.

    `name` is the descriptive id, unique among the open experiments of a study. `ExperimentFile` says which file of
    which version is played. A closed experiment starts no session any more; its link says so. `password` is sealed.
    `taken` counts the places that sessions have taken, as `Condition.taken` does (see `collection.places`).
    `end_address` is where a participant is sent at the end: `[NAME]` stands for a URL parameter, `[CODE]` for the code.
    """

    class AfterReload(models.TextChoices):
        """What happens when a participant loads the page again."""

        RESTART = "restart", gettext_lazy("Start a new session")
        RESUME = "resume", gettext_lazy("Continue the same session")
        BLOCK = "block", gettext_lazy("Refuse a second start")

    class Recruitment(models.TextChoices):
        """Where participants come from; it decides which URL parameter names a participant."""

        OTHER = "other", gettext_lazy("Somewhere else")
        PROLIFIC = "prolific", "Prolific"
        SONA = "sona", "Sona"
        MTURK = "mturk", "MTurk"
        CLOUDRESEARCH = "cloudresearch", "CloudResearch"

    class Kind(models.TextChoices):
        """What runs the file; "" in `kind` means: detected from the file (`runtime.kinds.kind_of`)."""

        MINNOJS = "minnojs", "MinnoJS"
        HTML = "html", gettext_lazy("HTML (jsPsych and others)")
        JATOS = "jatos", gettext_lazy("JATOS study")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="experiments")
    public_id = models.CharField(max_length=64, unique=True, default=ids.launch_id)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    password = models.TextField(blank=True, default="")
    needs_personal_link = models.BooleanField(default=False)
    after_reload = models.CharField(max_length=10, choices=AfterReload, default=AfterReload.RESTART)
    session_limit = models.PositiveIntegerField(null=True, blank=True)
    place_minutes = models.PositiveIntegerField(default=60)
    taken = models.PositiveIntegerField(default=0)
    recruitment = models.CharField(max_length=20, choices=Recruitment, default=Recruitment.OTHER)
    end_address = models.TextField(blank=True, default="")
    completion_code = models.CharField(max_length=100, blank=True, default="")
    screened_out_code = models.CharField(max_length=100, blank=True, default="")
    over_quota_code = models.CharField(max_length=100, blank=True, default="")
    stores_user_agent = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "name"], condition=Q(closed_at=None), name="one_open_experiment_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ExperimentFile(models.Model):
    """Which node an experiment runs in a version; renames and moves do not change it."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="files")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="experiment_files")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "version"], name="one_file_of_an_experiment_in_a_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} in {self.version_id}: {self.node_id}"


class Condition(models.Model):
    """One condition of an experiment; the one with the fewest sessions is assigned. `quota` None: no limit.

    Of `weight` 2 come twice as many sessions as of `weight` 1.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="conditions")
    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField()
    weight = models.PositiveIntegerField(default=1)
    quota = models.PositiveIntegerField(null=True, blank=True)
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "name"], name="one_condition_of_a_name_in_an_experiment"
            )
        ]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name
