"""The shapes of what comes in and goes out; `Text` holds no U+0000, which PostgreSQL cannot store."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import ConfigDict, StringConstraints

from minno_dashboard.collection.models import Session
from minno_dashboard.collection.personal_links import MAX_LABEL_CHARACTERS
from minno_dashboard.files.models import Node
from minno_dashboard.studies.experiments import MAX_NAME_CHARACTERS
from minno_dashboard.studies.models import Collaboration, Experiment, Version
from minno_dashboard.studies.queries import StudyRow
from minno_dashboard.studies.services import MAX_DESCRIPTION_LENGTH, MAX_NOTE_LENGTH

_NO_NUL = r"^[^\x00]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_NO_NUL)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=_NO_NUL)]
Folder = Annotated[str, StringConstraints(max_length=4000, pattern=_NO_NUL)]
Description = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_LENGTH, pattern=_NO_NUL)]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE_LENGTH, pattern=_NO_NUL)]
Kind = Literal["minnojs", "html"]
State = Literal["develop", "published"]
FileAccess = Literal["edit", "read", "none"]
Status = Literal["pending", "accepted", "declined"]


class Given(Schema):
    """What a program sends; a field that is not known is refused, so that no typing error goes unseen."""

    model_config = ConfigDict(extra="forbid")


class ErrorOut(Schema):
    """Why a request was not done."""

    code: str = Field(description="One word for programs.")
    message: str = Field(description="One sentence for people.")
    current: str | None = Field(None, description="Of a conflict: the SHA-256 of what is there now.")


class Problem(Schema):
    """Every answer that is not what was asked for."""

    error: ErrorOut


class TokenOut(Schema):
    """The token by which the request came in."""

    user: str
    name: str
    scopes: list[str]
    expires_at: datetime


class StudyIn(Given):
    """A study to make."""

    name: Name
    kind: Kind = "minnojs"
    description: Description = ""


class StudyChange(Given):
    """What to change of a study; what is left out stays."""

    name: Name | None = None
    description: Description | None = None
    archived: bool | None = None


class DuplicateIn(Given):
    """How to name a copy; without a name, the first free one is taken."""

    name: Name | None = None


class StudyOut(Schema):
    """A study; `rights` is what the owner of the token may do to it."""

    id: str
    name: str
    description: str
    kind: Kind
    owner: str
    created_at: datetime
    changed_at: datetime
    is_public: bool
    is_archived: bool
    is_deleted: bool
    newest_version: int
    state: State
    rights: list[str]


class StudyPage(Schema):
    """One page of a list of studies; `total` counts all pages."""

    items: list[StudyOut]
    total: int
    page: int
    page_size: int


class VersionIn(Given):
    """The next version: with the files of the newest one, or of an earlier one."""

    begin_from: int | None = Field(None, ge=1, le=1_000_000)


class NoteIn(Given):
    """What a version says of itself."""

    note: Note


class PublishIn(Given):
    """What a version says of itself once it is published."""

    note: Note = ""


class VersionOut(Schema):
    """A version: `develop`, or `published` and so never changed again."""

    number: int
    state: State
    note: str
    began_from: int | None
    created_at: datetime
    published_at: datetime | None
    revision: int = Field(description="Raised by each change of its files.")


class FileOut(Schema):
    """A file or folder; `sha256` is the hash of a file's bytes, and its ETag."""

    path: str
    is_folder: bool
    size: int
    sha256: str | None
    changed_at: datetime


class TreeOut(Schema):
    """Everything in a version, each folder before what it holds."""

    revision: int
    is_frozen: bool
    items: list[FileOut]


class FolderIn(Given):
    """A folder to make; missing folders above it are made, too."""

    path: Path


class RenameIn(Given):
    """Another name for a file or folder, which stays where it is."""

    path: Path
    name: Name


class PathsIn(Given):
    """Files and folders to put into the folder `to`; "" is the top."""

    paths: list[Path] = Field(min_length=1, max_length=1000)
    to: Folder = ""


class MemberIn(Given):
    """Whom to invite, by user name or email address; the share counts once it is accepted."""

    who: Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=_NO_NUL)]
    files: FileAccess = "read"
    sees_data: bool = False


class MemberChange(Given):
    """What to change of a share; what is left out stays."""

    files: FileAccess | None = None
    sees_data: bool | None = None


class MemberOut(Schema):
    """One person's share in a study."""

    id: int
    user: str
    name: str
    files: FileAccess
    sees_data: bool
    status: Status


class ParkedOut(Schema):
    """A file that Dropbox refuses."""

    path: str
    reason: str


class MirrorOut(Schema):
    """How the copy in the Dropbox stands; `proven_at` is when Dropbox's own hashes last said the two are equal."""

    state: Literal["off", "proven", "pending", "running", "waiting", "needs_user", "needs_admin"]
    pending: int = Field(description="Changes that Dropbox does not have yet.")
    proven_at: datetime | None
    files: int
    bytes: int
    parked: list[ParkedOut]
    last_error: str | None
    not_before: datetime | None


class SessionOut(Schema):
    """One participant's visit; `participant` is the label of a personal link or what the recruitment platform calls them."""

    id: str
    experiment: str
    version: int
    state: Literal["started", "finished", "screened_out"]
    condition: str
    participant: str
    params: dict[str, str]
    started_at: datetime
    last_post_at: datetime
    finished_at: datetime | None
    submissions: int
    is_test: bool
    is_excluded: bool
    note: str


class SessionPage(Schema):
    """Sessions in the order of their start; `next_cursor` leads on, also to those that start later."""

    items: list[SessionOut]
    next_cursor: str
    has_more: bool


class DataPage(Schema):
    """Rows of whole sessions; `problems` counts submissions that cannot be read as rows (a download holds them)."""

    items: list[dict[str, Any]]
    sessions: int
    problems: int
    next_cursor: str
    has_more: bool


class ExperimentIn(Given):
    """A file to launch; without a name it gets the file's."""

    path: Path
    name: Annotated[str, StringConstraints(max_length=MAX_NAME_CHARACTERS, pattern=_NO_NUL)] = ""


class ExperimentChange(Given):
    """Whether an experiment is closed."""

    closed: bool


class ExperimentOut(Schema):
    """An experiment; `address` launches it in the newest version."""

    id: str
    name: str
    is_closed: bool
    opens_at: datetime | None
    closes_at: datetime | None
    address: str


class LinksIn(Given):
    """A personal link for each label."""

    labels: list[Annotated[str, StringConstraints(max_length=MAX_LABEL_CHARACTERS, pattern=_NO_NUL)]] = Field(
        min_length=1, max_length=1000
    )
    resumable: bool = False


class LinkOut(Schema):
    """A personal link; `sessions` began by it."""

    id: int
    label: str
    address: str
    resumable: bool
    revoked: bool
    sessions: int


class LinkPage(Schema):
    """Personal links in the order in which they were made."""

    items: list[LinkOut]
    has_more: bool


def session_out(session: Session) -> SessionOut:
    """Return a session; its id is text, because programs that read JSON numbers as floats would round it."""
    return SessionOut(
        id=str(session.pk),
        experiment=session.experiment.name,
        version=session.version.number,
        state=_known(session.state),
        condition=session.condition,
        participant=session.participant,
        params=session.params,
        started_at=session.started_at,
        last_post_at=session.last_post_at,
        finished_at=session.finished_at,
        submissions=session.submission_count,
        is_test=session.is_test,
        is_excluded=session.is_excluded,
        note=session.note,
    )


def experiment_out(experiment: Experiment, address: str) -> ExperimentOut:
    """Return an experiment with its launch address."""
    return ExperimentOut(
        id=experiment.public_id,
        name=experiment.name,
        is_closed=experiment.closed_at is not None,
        opens_at=experiment.opens_at,
        closes_at=experiment.closes_at,
        address=address,
    )


def study_out(row: StudyRow) -> StudyOut:
    """Return a study."""
    study = row.study
    return StudyOut(
        id=study.public_id,
        name=study.name,
        description=study.description,
        kind=_known(study.kind),
        owner=study.owner.username,
        created_at=study.created_at,
        changed_at=row.changed_at,
        is_public=study.is_public,
        is_archived=study.archived_at is not None,
        is_deleted=study.deleted_at is not None,
        newest_version=row.version.number,
        state=_known(row.version.state),
        rights=sorted(row.standing.rights),
    )


def version_out(version: Version) -> VersionOut:
    """Return a version."""
    return VersionOut(
        number=version.number,
        state=_known(version.state),
        note=version.note,
        began_from=version.began_from,
        created_at=version.created_at,
        published_at=version.published_at,
        revision=version.tree.revision,
    )


def node_out(node: Node, path: str) -> FileOut:
    """Return a file or folder."""
    return FileOut(
        path=path,
        is_folder=node.is_folder,
        size=node.blob.size if node.blob else 0,
        sha256=node.blob.sha256 if node.blob else None,
        changed_at=node.changed_at,
    )


def member_out(share: Collaboration) -> MemberOut:
    """Return one person's share."""
    return MemberOut(
        id=share.pk,
        user=share.user.username,
        name=str(share.user),
        files=_known(share.file_access),
        sees_data=share.sees_data,
        status=_known(share.status),
    )


def _known(value: str) -> Any:
    """Return a stored choice as what it is; the shape that takes it checks it."""
    return str(value)
