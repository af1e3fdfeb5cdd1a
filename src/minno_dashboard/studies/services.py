"""Every change of a study: one transaction that raises its revision once and writes the audit log.

Who may do it is asked before, in `access`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock, names
from minno_dashboard.core.errors import Invalid, NotFound, Refused
from minno_dashboard.files import limits
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Tree
from minno_dashboard.studies.experiment_files import carry_into
from minno_dashboard.studies.models import Study, Version
from minno_dashboard.studies.queries import KEEP_DELETED

MAX_NAME_BYTES = 200
"""A study's name leaves room for ` (2)` and a date, which its folder in a Dropbox may need."""

MAX_DESCRIPTION_LENGTH = 10_000
MAX_NOTE_LENGTH = 2_000


def create_study(
    *,
    owner: User,
    name: str,
    kind: str = Study.Kind.MINNOJS,
    description: str = "",
    fill: Callable[[Tree], None] | None = None,
) -> Study:
    """Make a study with v1 in development; `fill` may put files into its tree in the same transaction.

    Raises:
        Invalid: the name is refused, or the owner has a study of this name.
    """
    name = names.check(name.strip(), longest_bytes=MAX_NAME_BYTES)
    with transaction.atomic():
        _refuse_twin(owner, name)
        study = _make(owner, name, kind, _checked_description(description), files.create_tree())
        if fill:
            fill(study.versions.get().tree)
        record(actor=owner, action=AuditAction.STUDY_CREATE, target=name, study=study.public_id)
    return study


def check_new_name(*, owner: User, name: str) -> str:
    """Return the cleaned name, if a new study of this owner could have it now.

    Raises:
        Invalid: the name is refused, or the owner has a study of this name.
    """
    name = names.check(name.strip(), longest_bytes=MAX_NAME_BYTES)
    with transaction.atomic():
        _refuse_twin(owner, name)
    return name


def save_details(*, study: Study, name: str, description: str, by: User) -> None:
    """Store a study's name and description, or neither.

    Raises:
        Invalid: the name is refused, the owner has another study of this name, or the description is too long.
    """
    with transaction.atomic():
        rename_study(study=study, name=name, by=by)
        describe_study(study=study, description=description, by=by)


def rename_study(*, study: Study, name: str, by: User) -> Study:
    """Give a study another name.

    Raises:
        Invalid: the name is refused, or the owner has another study of this name.
    """
    name = names.check(name.strip(), longest_bytes=MAX_NAME_BYTES)
    with changing(study) as current:
        if current.name != name:
            _refuse_twin(current.owner, name, but=current.pk, is_own=current.owner_id == by.pk)
            record(
                actor=by,
                action=AuditAction.STUDY_RENAME,
                target=name,
                study=current.public_id,
                before=current.name,
            )
            current.name = name
    return current


def describe_study(*, study: Study, description: str, by: User) -> Study:
    """Change what a study says of itself.

    Raises:
        Invalid: the description is too long.
    """
    description = _checked_description(description)
    with changing(study) as current:
        if current.description != description:
            record(actor=by, action=AuditAction.STUDY_DESCRIBE, target=current.name, study=current.public_id)
            current.description = description
    return current


def change_kind(*, study: Study, kind: str, by: User) -> Study:
    """Say what plays a study.

    Raises:
        Invalid: there is no such kind.
    """
    kind = _checked_kind(kind)
    with changing(study) as current:
        if current.kind != kind:
            record(
                actor=by, action=AuditAction.STUDY_CHANGE_KIND, target=current.name, study=current.public_id
            )
            current.kind = kind
    return current


def archive_study(*, study: Study, by: User) -> Study:
    """Put a study out of the way; nothing else about it changes."""
    with changing(study) as current:
        if current.archived_at is None:
            record(actor=by, action=AuditAction.STUDY_ARCHIVE, target=current.name, study=current.public_id)
            current.archived_at = clock.now()
    return current


def unarchive_study(*, study: Study, by: User) -> Study:
    """Put an archived study back among the others."""
    with changing(study) as current:
        if current.archived_at is not None:
            record(actor=by, action=AuditAction.STUDY_UNARCHIVE, target=current.name, study=current.public_id)
            current.archived_at = None
    return current


def delete_study(*, study: Study, by: User) -> Study:
    """Delete a study; it can be brought back for 30 days."""
    with changing(study) as current:
        record(actor=by, action=AuditAction.STUDY_DELETE, target=current.name, study=current.public_id)
        current.deleted_at = clock.now()
    return current


def bring_back_study(*, study: Study, by: User) -> Study:
    """Bring a deleted study back, as `name (2)` where its name is taken meanwhile.

    Raises:
        NotFound: its 30 days are over.
    """
    with changing(study, deleted=True) as current:
        if current.deleted_at is not None:
            current.name = free_name(current.owner, current.name)
            record(
                actor=by, action=AuditAction.STUDY_BRING_BACK, target=current.name, study=current.public_id
            )
            current.deleted_at = None
    return current


def duplicate_study(*, study: Study, by: User, name: str = "") -> Study:
    """Make a study of the person's own from the newest version of another; files are shared, not copied.

    Raises:
        Invalid: the name given is refused or taken; without one, the first free `name (2)` is used.
        NotFound: the study is deleted.
        TooLarge: the person's space is full.
    """
    with transaction.atomic():
        source = Study.objects.filter(pk=study.pk, deleted_at=None).first()
        if source is None:
            raise NotFound(gettext("This study no longer exists; it may just have been deleted."))
        if name:
            name = names.check(name.strip(), longest_bytes=MAX_NAME_BYTES)
            _refuse_twin(by, name)
        else:
            name = free_name(by, source.name)
        tree = files.copy_tree(source=_newest(source).tree, by=by)
        copy = _make(by, name, source.kind, source.description, tree)
        limits.check_after(tree)
        limits.check_copies(tree, 0)
        record(
            actor=by,
            action=AuditAction.STUDY_DUPLICATE,
            target=name,
            study=copy.public_id,
            of=source.public_id,
        )
    return copy


def publish(
    *, study: Study, by: User, note: str = "", relink: Callable[[Version], None] | None = None
) -> Version:
    """Publish the version in development: its files never change again. The note says what is in it.

    `relink` gives the version another launch link in the same transaction (`studies.experiments`).

    Raises:
        Refused: the newest version is published already.
        Invalid: the note is too long.
    """
    note = checked_note(note)
    with changing(study) as current:
        version = _newest(current)
        if version.state != Version.State.DEVELOP:
            raise Refused(
                gettext("%(version)s is already published. Create a new version to continue.")
                % {"version": version}
            )
        files.freeze(tree=version.tree)
        version.state = Version.State.PUBLISHED
        version.published_at = clock.now()
        version.published_by = by
        version.note = note
        version.save(update_fields=["state", "published_at", "published_by", "note"])
        if relink:
            relink(version)
        record(
            actor=by,
            action=AuditAction.STUDY_PUBLISH,
            target=current.name,
            study=current.public_id,
            version=version.number,
        )
        current.revision += 1
    return version


def new_version(*, study: Study, by: User, source: Version | None = None) -> Version:
    """Make the next version in development with the files of the newest one, or of an earlier one.

    Raises:
        Refused: a version is in development already.
        NotFound: `source` is a version of another study.
    """
    with changing(study) as current:
        newest = _newest(current)
        if newest.state == Version.State.DEVELOP:
            raise Refused(
                gettext("%(newest)s is still in development. Publish it first.") % {"newest": newest}
            )
        if source is not None and source.study_id != current.pk:
            raise NotFound(gettext("This study has no such version."))
        tree = files.copy_tree(source=(source or newest).tree, by=by)
        version = Version.objects.create(
            study=current,
            number=newest.number + 1,
            tree=tree,
            created_at=clock.now(),
            began_from=(source or newest).number,
        )
        carry_into(version, source=source or newest, newest=newest)
        record(
            actor=by,
            action=AuditAction.STUDY_NEW_VERSION,
            target=current.name,
            study=current.public_id,
            version=version.number,
            began_from=version.began_from,
        )
        current.revision += 1
    return version


def roll_back(*, study: Study, to: Version, by: User) -> Version:
    """Make the next version in development with the files of an earlier one.

    A version still in development is published first, as it is, so that nothing of it is lost.

    Raises:
        NotFound: `to` is a version of another study.
        Refused: `to` is the newest version already.
    """
    with transaction.atomic():
        with changing(study) as current:
            newest = _newest(current)
        if to.study_id == current.pk and to.number == newest.number:
            raise Refused(
                gettext("%(newest)s is already the newest version, so there is nothing to go back to.")
                % {"newest": newest}
            )
        if newest.state == Version.State.DEVELOP:
            publish(study=study, by=by, note=gettext("Left as it was, to go back to %(to)s.") % {"to": to})
        return new_version(study=study, by=by, source=to)


def note_version(*, version: Version, note: str, by: User) -> Version:
    """Change the note of a version; its files stay what they are.

    Raises:
        Invalid: the note is too long.
    """
    note = checked_note(note)
    with changing(version.study) as current:
        version.refresh_from_db(fields=["note"])
        if version.note != note:
            version.note = note
            version.save(update_fields=["note"])
            record(
                actor=by,
                action=AuditAction.STUDY_NOTE_VERSION,
                target=current.name,
                study=current.public_id,
                version=version.number,
            )
    return version


_before_purge: list[Callable[[Study], object]] = []


def before_purge(hear: Callable[[Study], object]) -> None:
    """Let an app above hear of each study that is about to be removed for good, in the same transaction."""
    _before_purge.append(hear)


def purge_deleted() -> int:
    """Remove studies deleted more than 30 days ago, with their files, for good; return how many."""
    over = Study.objects.filter(deleted_at__lt=clock.now() - KEEP_DELETED)
    purged = 0
    for pk in list(over.values_list("pk", flat=True)):
        with transaction.atomic():
            study = over.select_for_update().filter(pk=pk).first()
            if study is not None:
                trees = [version.tree for version in study.versions.select_related("tree")]
                record(actor=None, action=AuditAction.STUDY_PURGE, target=study.name, study=study.public_id)
                for hear in _before_purge:
                    hear(study)
                study.delete()
                for tree in trees:
                    files.remove_tree(tree=tree)
                purged += 1
    return purged


@contextmanager
def changing(study: Study, *, deleted: bool = False) -> Iterator[Study]:
    """Lock a study and yield it read anew; what the block changed of it is saved with a new revision.

    Raises:
        NotFound: it is deleted (unless `deleted`), or gone for good.
    """
    with transaction.atomic():
        current = (
            Study.objects.select_for_update(of=("self",)).select_related("owner").filter(pk=study.pk).first()
        )
        if current is None or (current.deleted_at is not None and not deleted):
            raise NotFound(gettext("This study no longer exists; it may just have been deleted."))
        before = _state(current)
        yield current
        if _state(current) != before:
            current.revision = before[-1] + 1
            current.changed_at = clock.now()
            current.save(update_fields=[*_CHANGING, "revision", "changed_at"])


_CHANGING = ("owner_id", "name", "description", "kind", "is_public", "archived_at", "deleted_at")


def _state(study: Study) -> tuple[Any, ...]:
    return (*(getattr(study, name) for name in _CHANGING), study.revision)


def _checked_kind(kind: str) -> str:
    if kind not in Study.Kind.values:
        raise Invalid(gettext("There is no study type %(kind)s.") % {"kind": names.quoted(kind)})
    return kind


def _make(owner: User, name: str, kind: str, description: str, tree: Tree) -> Study:
    now = clock.now()
    kind = _checked_kind(kind)
    study = Study.objects.create(
        owner=owner, name=name, kind=kind, description=description, created_at=now, changed_at=now
    )
    Version.objects.create(study=study, number=1, tree=tree, created_at=now)
    return study


def _newest(study: Study) -> Version:
    return Version.objects.filter(study=study).select_related("tree").order_by("-number")[0]


def _names_of(owner: User, but: int | None = None) -> dict[str, str]:
    """Lock a person's list of studies; return the names of the living ones by their folds."""
    User.objects.select_for_update().get(pk=owner.pk)
    living = Study.objects.filter(owner=owner, deleted_at=None).exclude(pk=but or 0)
    return {names.fold(name): name for name in living.values_list("name", flat=True)}


def _refuse_twin(owner: User, name: str, but: int | None = None, *, is_own: bool = True) -> None:
    taken = _names_of(owner, but)
    if (twin := taken.get(names.fold(name))) is not None:
        if twin == name:
            said = (
                gettext("You already have a study called %(name)s. Choose another name.")
                if is_own
                else gettext("%(owner)s already has a study called %(name)s. Choose another name.")
            )
            raise Invalid(said % {"owner": owner, "name": names.quoted(name)})
        raise Invalid(names.twin(name, twin))


def free_name(owner: User, name: str) -> str:
    """Lock a person's list of studies; return the name, or `name (2)` and so on where it is taken."""
    taken = _names_of(owner)
    candidate, number = name, 1
    while names.fold(candidate) in taken:
        number += 1
        candidate = f"{names.cut(name, MAX_NAME_BYTES - 10).rstrip()} ({number})"
    return candidate


def checked_note(note: str) -> str:
    """Return the note of a version without blanks around it.

    Raises:
        Invalid: it is too long.
    """
    note = note.strip().replace("\0", "")
    if len(note) > MAX_NOTE_LENGTH:
        raise Invalid(
            gettext("A note can have at most %(longest_note)s characters; this one has %(count)s.")
            % {"longest_note": MAX_NOTE_LENGTH, "count": len(note)}
        )
    return note


def _checked_description(description: str) -> str:
    if len(description) > MAX_DESCRIPTION_LENGTH:
        raise Invalid(
            gettext(
                "A description can have at most %(longest_description)s characters; this one has %(count)s."
            )
            % {"longest_description": MAX_DESCRIPTION_LENGTH, "count": len(description)}
        )
    if "\0" in description:
        raise Invalid(gettext("A description cannot contain the control character U+0000; remove it."))
    return description
