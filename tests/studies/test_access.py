"""Who may do what to a study: every kind of visitor, every action."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotAllowed, NotFound
from minno_dashboard.studies import access, queries, services
from minno_dashboard.studies.models import Study
from tests.studies.conftest import person, share

READ = "see see_members read_files read_history duplicate leave"
EDIT = f"{READ} edit_files manage share delete launch"
EVERYTHING = "see see_members read_files read_history edit_files manage share delete read_data delete_data duplicate transfer launch"
PUBLIC = "see read_files duplicate"
MATRIX = {
    "owner": EVERYTHING,
    "editor": EDIT,
    "editor with data": f"{EDIT} read_data delete_data",
    "reader": READ,
    "reader with data": f"{READ} read_data",
    "data only": "see see_members leave read_data",
    "neither": "see see_members leave",
    "pending": "answer",
    "declined": "",
    "stranger": "",
    "anonymous": "",
    "nobody": "",
    "deactivated owner": "",
    "admin": "",
    "admin who owns it": EVERYTHING,
    "admin who reads": READ,
}
SHARES: dict[str, dict[str, Any]] = {
    "editor": {"file_access": "edit", "status": "accepted"},
    "editor with data": {"file_access": "edit", "status": "accepted", "sees_data": True},
    "reader": {"file_access": "read", "status": "accepted"},
    "reader with data": {"file_access": "read", "status": "accepted", "sees_data": True},
    "data only": {"file_access": "none", "status": "accepted", "sees_data": True},
    "neither": {"file_access": "none", "status": "accepted"},
    "pending": {"file_access": "edit", "status": "pending", "sees_data": True},
    "declined": {"file_access": "edit", "status": "declined", "sees_data": True},
    "admin who reads": {"file_access": "read", "status": "accepted"},
}


def visitor(kind: str, study: Study) -> access.Person:
    """Make a visitor of the kind."""
    if kind in ("anonymous", "nobody"):
        return AnonymousUser() if kind == "anonymous" else None
    if kind == "owner":
        return study.owner
    role = User.Role.ADMIN if kind.startswith("admin") else User.Role.RESEARCHER
    user = person("visitor", role=role)
    if "own" in kind:
        Study.objects.filter(pk=study.pk).update(owner=user)
    if kind.startswith("deactivated"):
        user.is_active = False
        user.save()
    if kind in SHARES:
        share(study, user, **SHARES[kind])
    return user


@pytest.mark.parametrize("kind", MATRIX)
def test_each_visitor_may_do_exactly_this(study: Study, kind: str) -> None:
    user = visitor(kind, study)
    study = Study.objects.get(pk=study.pk)
    allowed = set(MATRIX[kind].split())
    for action in access.Action:
        assert access.may(user, action, study) == (action in allowed), action
        if action in allowed:
            access.require(user, action, study)
            assert queries.get_study(user, study.public_id, action) == study
        else:
            with pytest.raises(NotAllowed if "see" in allowed else NotFound):
                access.require(user, action, study)
            with pytest.raises(NotAllowed if "see" in allowed else NotFound):
                queries.get_study(user, study.public_id, action)


@pytest.mark.parametrize("kind", MATRIX)
def test_what_is_left_of_a_deleted_study_is_to_bring_it_back_for_those_who_could_delete_it(
    study: Study, kind: str
) -> None:
    user = visitor(kind, study)
    services.delete_study(study=study, by=study.owner)
    study = Study.objects.get(pk=study.pk)
    left = {"see", "delete"} if "delete" in MATRIX[kind].split() else set()
    assert {action for action in access.Action if access.may(user, action, study)} == left
    if isinstance(user, User) and user.is_active:
        rows = queries.studies_of(user, which=queries.Which.DELETED)
        assert [row.study for row in rows] == ([study] if left else [])


@pytest.mark.parametrize("kind", MATRIX)
def test_a_public_study_is_read_and_copied_by_everybody_who_is_logged_in(study: Study, kind: str) -> None:
    user = visitor(kind, study)
    Study.objects.filter(pk=study.pk).update(is_public=True)
    study = Study.objects.get(pk=study.pk)
    is_in = isinstance(user, User) and user.is_active
    allowed = set(MATRIX[kind].split()) | (set(PUBLIC.split()) if is_in else set())
    assert {action for action in access.Action if access.may(user, action, study)} == allowed
    if isinstance(user, User) and is_in:
        rows = queries.studies_of(user, which=queries.Which.PUBLIC)
        assert [row.study for row in rows] == [study]
        sees_members = "see_members" in allowed
        assert (len(rows[0].members) > 1) == (sees_members and kind not in ("owner", "admin who owns it"))
        assert bool(queries.studies_of(user)) == ("see" in MATRIX[kind].split())
    services.delete_study(study=study, by=study.owner)
    study = Study.objects.get(pk=study.pk)
    assert not access.may(user, "read_files", study)


def test_whoever_holds_the_link_reads_until_the_study_is_archived_or_deleted(study: Study) -> None:
    assert access.standing_by_link(study).rights == {"see", "read_files"}
    services.archive_study(study=study, by=study.owner)
    assert not access.standing_by_link(Study.objects.get(pk=study.pk)).rights
    services.unarchive_study(study=study, by=study.owner)
    services.delete_study(study=study, by=study.owner)
    assert not access.standing_by_link(Study.objects.get(pk=study.pk)).rights


@pytest.mark.parametrize("kind", MATRIX)
def test_the_list_shows_a_study_to_exactly_those_who_may_see_it(study: Study, kind: str) -> None:
    user = visitor(kind, study)
    if isinstance(user, User) and user.is_active:
        assert bool(queries.studies_of(user)) == ("see" in MATRIX[kind].split())


def test_a_study_that_is_not_there_and_one_that_is_hidden_answer_the_same(bob: User, study: Study) -> None:
    answers = []
    for public_id in (study.public_id, "no-such-study"):
        with pytest.raises(NotFound) as refusal:
            queries.get_study(bob, public_id)
        answers.append(str(refusal.value))
    assert answers[0] == answers[1]


def test_every_refusal_has_a_sentence() -> None:
    assert set(access.RIGHTS) == set(access.Visitor)
    assert set(access._REFUSALS) == set(access.Action) - {access.Action.SEE}
