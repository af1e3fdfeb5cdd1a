"""Every change of experiments and launch links: one transaction under the study's lock, with its audit event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock, ids, names
from minno_dashboard.core.errors import Conflict, Invalid, NotFound
from minno_dashboard.files.models import Node
from minno_dashboard.studies import services
from minno_dashboard.studies.models import Experiment, ExperimentFile, Study, Version

MAX_NAME_CHARACTERS = 200


def add_experiment(*, study: Study, version: Version, node: Node, by: User, name: str = "") -> Experiment:
    """Make a file an experiment; without a name it gets the file's, without its ending.

    A closed experiment of the same file and name opens again, with its launch link and its settings.

    Raises:
        Invalid: the name is refused or taken by another file's experiment, or this is no file of the version.
        Conflict: the file is an experiment already.
    """
    with services.changing(study) as current:
        if node.is_folder or node.tree_id != version.tree_id or version.study_id != current.pk:
            raise Invalid(gettext("Only a file of this study can be an experiment."))
        name = _checked_name(name or PurePosixPath(node.name).stem)
        if (there := open_experiment_of(node)) is not None:
            raise Conflict(
                gettext("This file already is the experiment %(name)s.") % {"name": names.quoted(there.name)}
            )
        _refuse_taken(current, name)
        found = Experiment.objects.filter(study=current, name=name, files__node=node).order_by("-pk").first()
        if found is None:
            found = Experiment.objects.create(study=current, name=name, created_at=clock.now(), created_by=by)
            ExperimentFile.objects.create(experiment=found, version=version, node=node)
        else:
            found.closed_at = None
            found.save(update_fields=["closed_at"])
        record_change(AuditAction.STUDY_ADD_EXPERIMENT, found, current, by)
    return found


def save_settings(
    *, experiment: Experiment, name: str, values: Mapping[str, Any], time_zone: str, by: User
) -> None:
    """Store the whole settings form of an experiment, or nothing of it.

    Raises:
        Invalid: the name is refused, or another open experiment of the study has it.
    """
    with services.changing(experiment.study):
        rename_experiment(experiment=experiment, name=name, by=by)
        change_settings(experiment=experiment, values=values, by=by)
        set_time_zone(study=experiment.study, name=time_zone, by=by)


def rename_experiment(*, experiment: Experiment, name: str, by: User) -> Experiment:
    """Change the descriptive id; sessions that started before keep the one they started with.

    Raises:
        Invalid: the name is refused, or another open experiment of the study has it.
    """
    with services.changing(experiment.study) as current:
        name = _checked_name(name)
        _refuse_taken(current, name, but=experiment.pk)
        if name != experiment.name:
            record_change(
                AuditAction.STUDY_RENAME_EXPERIMENT, experiment, current, by, before=experiment.name
            )
            experiment.name = name
            experiment.save(update_fields=["name"])
    return experiment


def close_experiment(*, experiment: Experiment, by: User) -> Experiment:
    """Close an experiment: its links start no session any more; sessions that run can finish."""
    with services.changing(experiment.study) as current:
        if experiment.closed_at is None:
            experiment.closed_at = clock.now()
            experiment.save(update_fields=["closed_at"])
            record_change(AuditAction.STUDY_CLOSE_EXPERIMENT, experiment, current, by)
    return experiment


def reopen_experiment(*, experiment: Experiment, by: User) -> Experiment:
    """Open a closed experiment again: its links work as before.

    Raises:
        Invalid: another open experiment has its name.
        Conflict: its file is another open experiment meanwhile.
    """
    with services.changing(experiment.study) as current:
        _refuse_taken(current, experiment.name, but=experiment.pk)
        for place in experiment.files.select_related("node"):
            there = open_experiment_of(place.node)
            if there is not None and there.pk != experiment.pk:
                raise Conflict(
                    gettext("Its file is the experiment %(name)s now.") % {"name": names.quoted(there.name)}
                )
        experiment.closed_at = None
        experiment.save(update_fields=["closed_at"])
        record_change(AuditAction.STUDY_REOPEN_EXPERIMENT, experiment, current, by)
    return experiment


def change_settings(*, experiment: Experiment, values: Mapping[str, Any], by: User) -> Experiment:
    """Store launch settings that a form has checked; `values` are fields of `Experiment`."""
    with services.changing(experiment.study) as current:
        # Not `experiment.save()`: `taken` is counted by sessions that start meanwhile.
        Experiment.objects.filter(pk=experiment.pk).update(**values)
        experiment.refresh_from_db()
        record_change(AuditAction.STUDY_CHANGE_EXPERIMENT, experiment, current, by)
    return experiment


def set_time_zone(*, study: Study, name: str, by: User) -> None:
    """Set the time zone (an IANA name, checked by the form) in which opening and closing times are entered."""
    with services.changing(study) as current:
        if current.time_zone != name:
            Study.objects.filter(pk=current.pk).update(time_zone=name)
            record(
                actor=by,
                action=AuditAction.STUDY_CHANGE_TIME_ZONE,
                target=current.name,
                study=current.public_id,
                before=current.time_zone,
                after=name,
            )
    study.time_zone = name


def set_active(*, version: Version, is_active: bool, by: User) -> Version:
    """Let a version's launch links start sessions, or stop them."""
    with services.changing(version.study) as current:
        version.refresh_from_db(fields=["is_active"])
        if version.is_active != is_active:
            version.is_active = is_active
            version.save(update_fields=["is_active"])
            action = AuditAction.STUDY_ACTIVATE_VERSION if is_active else AuditAction.STUDY_DEACTIVATE_VERSION
            record(
                actor=by, action=action, target=current.name, study=current.public_id, version=version.number
            )
    return version


def keep_launch_link(version: Version) -> None:
    """Let the launch link of the last published version lead to this one, which is being published.

    The two exchange their launch ids. Sessions name their version by its row, so those of the earlier version stay
    its own. Called inside the transaction that publishes, under the study's lock.
    """
    earlier = Version.objects.filter(
        study=version.study_id, state=Version.State.PUBLISHED, number__lt=version.number
    )
    last = earlier.order_by("-number").first()
    if last is None:
        return
    own, kept = version.launch_id, last.launch_id
    Version.objects.filter(pk=version.pk).update(launch_id=ids.launch_id())  # unique at every moment
    Version.objects.filter(pk=last.pk).update(launch_id=own)
    Version.objects.filter(pk=version.pk).update(launch_id=kept)
    version.launch_id = kept


def new_launch_link(version: Version) -> None:
    """Give a version that is being published a launch link that nobody knows yet."""
    version.launch_id = ids.launch_id()
    version.save(update_fields=["launch_id"])


def open_experiment_of(node: Node) -> Experiment | None:
    """Return the open experiment that plays this file, or None."""
    return Experiment.objects.filter(files__node=node, closed_at=None).first()


def experiments_of(study: Study) -> QuerySet[Experiment]:
    """Return the experiments of a study, the open ones first."""
    return Experiment.objects.filter(study=study).order_by("closed_at", "name", "pk")


def get_experiment(study: Study, public_id: str) -> Experiment:
    """Return an experiment of a study.

    Raises:
        NotFound: the study has none of this id.
    """
    found = None
    if "\0" not in public_id:
        found = Experiment.objects.filter(study=study, public_id=public_id).select_related("study").first()
    if found is None:
        raise NotFound(gettext("This study has no such experiment."))
    return found


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME_CHARACTERS or "\0" in name:
        raise Invalid(
            gettext("The descriptive ID of an experiment has 1 to %(most)s characters.")
            % {"most": MAX_NAME_CHARACTERS}
        )
    return name


def _refuse_taken(study: Study, name: str, but: int | None = None) -> None:
    taken = Experiment.objects.filter(study=study, name=name, closed_at=None).exclude(pk=but or 0)
    if taken.exists():
        raise Invalid(
            gettext("Another file of this study is the experiment %(name)s. Choose another descriptive ID.")
            % {"name": names.quoted(name)}
        )


def record_change(
    action: AuditAction, experiment: Experiment, study: Study, by: User, **details: object
) -> None:
    """Record a change of an experiment, of its conditions or of its links."""
    record(
        actor=by,
        action=action,
        target=study.name,
        study=study.public_id,
        experiment=experiment.name,
        **details,
    )
