"""A study made anew from a copy of it: all its versions at once, with their numbers and states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock, names
from minno_dashboard.core.errors import Invalid
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Blob, Tree
from minno_dashboard.studies import services
from minno_dashboard.studies.models import Study, Version

Path = tuple[str, ...]
SUFFIX = " (restored)"


@dataclass(frozen=True)
class KeptVersion:
    """One version as the copy holds it; `published_at` None for one in development."""

    number: int
    files: Mapping[Path, Blob]
    folders: Sequence[Path] = ()
    published_at: datetime | None = None
    note: str = ""
    began_from: int | None = None


@transaction.atomic
def rebuild_study(
    *, owner: User, name: str, kind: str, description: str, versions: Sequence[KeptVersion]
) -> Study:
    """Make a study of kept versions, as `name (restored)` where the name is taken.

    The versions stand in the order of their numbers; only the last may be in development.

    Raises:
        Invalid: there is no version, an earlier one is in development, or a name or path is refused.
    """
    if not versions:
        raise Invalid(gettext("This copy contains no version, so no study can be created from it."))
    if any(one.published_at is None for one in versions[:-1]):
        raise Invalid(gettext("Only the newest version of a study can be in development."))
    first, *others = versions
    study = services.create_study(
        owner=owner,
        name=_free_name(owner, name),
        kind=kind,
        description=description[: services.MAX_DESCRIPTION_LENGTH],
        fill=lambda tree: _fill(tree, first, owner),
    )
    _settle(study.versions.get(), first, owner)
    for kept in others:
        tree = files.create_tree()
        _fill(tree, kept, owner)
        version = Version.objects.create(study=study, number=kept.number, tree=tree, created_at=clock.now())
        _settle(version, kept, owner)
    record(actor=owner, action=AuditAction.STUDY_RESTORE, target=study.name, study=study.public_id)
    return study


def _free_name(owner: User, name: str) -> str:
    """Return the name, or the first free one that says it was restored."""
    if services.free_name(owner, name) == name:
        return name
    room = services.MAX_NAME_BYTES - len(SUFFIX) - 10
    return services.free_name(owner, f"{names.cut(name, room).rstrip()}{SUFFIX}")


def _fill(tree: Tree, kept: KeptVersion, owner: User) -> None:
    files.fill_tree(tree=tree, files=kept.files, folders=kept.folders, by=owner)


def _settle(version: Version, kept: KeptVersion, owner: User) -> None:
    """Give a version its number and state."""
    version.number, version.began_from = kept.number, kept.began_from
    version.note = services.checked_note(kept.note[: services.MAX_NOTE_LENGTH])
    if kept.published_at is not None:
        files.freeze(tree=version.tree)
        version.state, version.published_at = Version.State.PUBLISHED, kept.published_at
        version.published_by = owner
    version.save()
