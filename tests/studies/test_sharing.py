"""Who works on a study: invitations, shares, the public, the read-only link, another owner."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.core.errors import Invalid, NotAllowed, NotFound, Refused
from minno_dashboard.studies import access, queries, services, sharing
from minno_dashboard.studies.models import Collaboration, ReadOnlyLink, Study
from tests.studies.conftest import person, share


def reread(study: Study) -> Study:
    return Study.objects.get(pk=study.pk)


def invite(
    study: Study, who: str, by: User, file_access: str = "edit", sees_data: bool = False
) -> Collaboration:
    return sharing.invite(study=study, who=who, file_access=file_access, sees_data=sees_data, by=by)


def accepted(study: Study, user: User, **values: object) -> Collaboration:
    return share(study, user, status="accepted", **values)


@pytest.mark.parametrize("who", ["bob", " BOB ", "Bob@Lab.example.org"])
def test_somebody_invited_by_name_or_mail_has_no_right_before_accepting(
    alice: User, bob: User, study: Study, who: str
) -> None:
    offered = invite(study, who, alice)
    assert [one.study for one in queries.invitations_of(bob)] == [study]
    assert not access.may(bob, "see", study)
    assert queries.studies_of(bob) == []
    assert reread(study).revision == 1, "an invitation shows in no mirror"
    sharing.answer(share=offered, accept=True, by=bob)
    assert access.may(bob, "edit_files", study)
    assert not access.may(bob, "read_data", study)
    assert not queries.invitations_of(bob)
    assert reread(study).revision == 2
    verbs = AuditEntry.objects.filter(details__study=study.public_id).order_by("pk")
    assert list(verbs.values_list("action", "actor_name"))[1:] == [
        ("study.invite", "alice"),
        ("study.accept", "bob"),
    ]


def test_who_declines_has_no_right_and_can_be_invited_again(alice: User, bob: User, study: Study) -> None:
    offered = invite(study, "bob", alice, sees_data=True)
    sharing.answer(share=offered, accept=False, by=bob)
    assert not access.standing(bob, study).rights
    assert reread(study).revision == 1
    with pytest.raises(NotFound):
        sharing.answer(share=offered, accept=True, by=bob)
    again = invite(study, "bob", alice, file_access="read")
    assert (again.pk, again.status, again.sees_data) == (offered.pk, "pending", False)
    sharing.answer(share=again, accept=True, by=bob)
    assert access.standing(bob, reread(study)).visitor == "reader"


def test_nobody_answers_for_somebody_else(alice: User, bob: User, study: Study) -> None:
    offered = invite(study, "bob", alice)
    with pytest.raises(NotFound):
        sharing.answer(share=offered, accept=True, by=alice)
    with pytest.raises(NotFound):
        queries.get_invitation(person("carol"), offered.pk)


def test_an_invitation_that_cannot_be_is_refused(alice: User, bob: User, study: Study) -> None:
    gone = person("gone")
    gone.is_active = False
    gone.save()
    for who, sentence in (("nobody", "No user has"), ("gone", "No user has"), ("alice", "owns this study")):
        with pytest.raises(Invalid, match=sentence):
            invite(study, who, alice)
    with pytest.raises(Invalid, match="called “owner”"):
        invite(study, "bob", alice, file_access="owner")
    with pytest.raises(Invalid, match="nothing is shared"):
        invite(study, "bob", alice, file_access="none")
    offered = invite(study, "bob", alice)
    with pytest.raises(Invalid, match="is already invited"):
        invite(study, "bob", alice)
    sharing.answer(share=offered, accept=True, by=bob)
    with pytest.raises(Invalid, match="already works on this study"):
        invite(study, "bob", alice)


def test_an_editor_gives_away_no_more_than_they_have(alice: User, bob: User, study: Study) -> None:
    own = accepted(study, bob, file_access="edit")
    person("carol")
    with pytest.raises(NotAllowed, match="cannot see the data"):
        invite(study, "carol", bob, sees_data=True)
    with pytest.raises(NotAllowed, match="your own access"):
        sharing.change_share(share=own, file_access="edit", sees_data=True, by=bob)
    with pytest.raises(NotAllowed, match="your own access"):
        sharing.remove_member(share=own, by=bob)
    offered = invite(study, "carol", bob, file_access="read")
    with pytest.raises(NotAllowed, match="cannot see the data"):
        sharing.change_share(share=offered, file_access="read", sees_data=True, by=bob)
    sharing.change_share(share=own, file_access="edit", sees_data=True, by=alice)
    sharing.change_share(share=offered, file_access="read", sees_data=True, by=bob)
    offered.refresh_from_db()
    assert (offered.status, offered.sees_data) == ("pending", True)


def test_a_changed_share_holds_at_once(alice: User, bob: User, study: Study) -> None:
    own = accepted(study, bob, file_access="edit", sees_data=True)
    sharing.change_share(share=own, file_access="none", sees_data=True, by=alice)
    assert not access.may(bob, "read_files", reread(study))
    assert access.may(bob, "read_data", reread(study))
    assert reread(study).revision == 2
    sharing.change_share(share=own, file_access="none", sees_data=True, by=alice)
    assert reread(study).revision == 2


@pytest.mark.parametrize("end", ["remove", "leave"])
def test_who_is_removed_or_leaves_loses_access_at_once(
    alice: User, bob: User, study: Study, end: str
) -> None:
    own = accepted(study, bob)
    if end == "remove":
        sharing.remove_member(share=own, by=alice)
        with pytest.raises(NotFound):
            sharing.remove_member(share=own, by=alice)
    else:
        sharing.leave(study=study, by=bob)
        with pytest.raises(NotFound):
            sharing.leave(study=study, by=bob)
    assert not access.standing(bob, reread(study)).rights
    assert reread(study).revision == 2
    assert AuditEntry.objects.filter(action__in=["study.remove_member", "study.leave"]).count() == 1


def test_the_owner_cannot_leave(alice: User, study: Study) -> None:
    with pytest.raises(NotFound):
        sharing.leave(study=study, by=alice)


def test_a_link_opens_the_study_until_it_is_renewed_or_revoked(alice: User, study: Study) -> None:
    first = sharing.make_link(study=study, by=alice)
    assert queries.study_by_link(first) == study
    assert queries.code_of_link(study) == first
    stored = ReadOnlyLink.objects.get()
    assert first not in (stored.fingerprint, stored.sealed), "no code can be read from the database"
    second = sharing.make_link(study=study, by=alice)
    with pytest.raises(NotFound):
        queries.study_by_link(first)
    assert queries.study_by_link(second) == study
    sharing.revoke_link(study=study, by=alice)
    sharing.revoke_link(study=study, by=alice)
    with pytest.raises(NotFound):
        queries.study_by_link(second)
    assert queries.code_of_link(study) is None
    verbs = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"study.make_link", "study.renew_link", "study.revoke_link"} <= verbs


def test_a_given_study_has_a_new_owner_and_the_old_one_still_edits(
    alice: User, bob: User, study: Study
) -> None:
    own = accepted(study, bob, file_access="read")
    services.create_study(owner=bob, name="faces")
    given = sharing.transfer(study=study, share_id=own.pk, by=alice)
    assert (given.owner, given.name) == (bob, "Faces (2)")
    assert access.standing(bob, reread(study)).visitor == "owner"
    former = access.standing(alice, reread(study))
    assert former.visitor == "editor"
    assert former.may("read_data")
    assert not former.may("transfer")
    assert AuditEntry.objects.get(action="study.transfer").details["to"] == "bob"
    assert reread(study).revision == 2


@pytest.mark.parametrize("status", ["pending", "declined"])
def test_a_study_is_given_only_to_somebody_who_works_on_it(
    alice: User, bob: User, study: Study, status: str
) -> None:
    own = share(study, bob, status=status)
    with pytest.raises(Refused, match="only to someone who works on it"):
        sharing.transfer(study=study, share_id=own.pk, by=alice)
    assert reread(study).owner == alice


def test_a_study_handed_over_leaves_its_former_owner_without_access(
    alice: User, bob: User, study: Study
) -> None:
    accepted(study, bob)
    sharing.hand_over(study=study, to=bob, by=person("admin"))
    assert access.standing(bob, reread(study)).visitor == "owner"
    assert not access.standing(alice, reread(study)).rights


CHANGES: dict[str, Callable[[Study, Collaboration, User], object]] = {
    "change": lambda study, own, by: sharing.change_share(
        share=own, file_access="edit", sees_data=True, by=by
    ),
    "remove": lambda study, own, by: sharing.remove_member(share=own, by=by),
    "leave": lambda study, own, by: sharing.leave(study=study, by=own.user),
    "public": lambda study, own, by: sharing.set_public(study=study, is_public=True, by=by),
    "link": lambda study, own, by: sharing.make_link(study=study, by=by),
    "transfer": lambda study, own, by: sharing.transfer(study=study, share_id=own.pk, by=by),
    "invite": lambda study, own, by: invite(study, "dora", by),
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_changes_in_a_deleted_study(alice: User, bob: User, study: Study, change: str) -> None:
    person("dora")
    own = accepted(study, bob)
    services.delete_study(study=study, by=alice)
    with pytest.raises(NotFound):
        CHANGES[change](study, own, alice)


def test_making_a_study_public_is_in_the_log_once(alice: User, study: Study) -> None:
    sharing.set_public(study=study, is_public=True, by=alice)
    sharing.set_public(study=study, is_public=True, by=alice)
    sharing.set_public(study=study, is_public=False, by=alice)
    verbs = AuditEntry.objects.exclude(action="study.create").values_list("action", flat=True).order_by("pk")
    assert list(verbs) == ["study.make_public", "study.make_private"]


def test_rolling_back_publishes_what_was_in_development_and_loses_nothing(alice: User, study: Study) -> None:
    first = services.publish(study=study, by=alice, note="  The first one ")
    assert (first.note, first.published_by) == ("The first one", alice)
    services.new_version(study=study, by=alice)
    third = services.roll_back(study=study, to=first, by=alice)
    assert (third.number, third.state, third.began_from) == (3, "develop", 1)
    second = queries.get_version(reread(study), 2)
    assert second.state == "published"
    assert "to go back to v1" in second.note
    with pytest.raises(Refused, match="already the newest version"):
        services.roll_back(study=study, to=third, by=alice)
    with pytest.raises(NotFound):
        other = services.create_study(owner=alice, name="Other")
        services.roll_back(study=study, to=other.versions.get(), by=alice)
    assert reread(study).versions.count() == 3, "what was refused left nothing behind"


def test_a_note_can_be_changed_after_publishing_and_has_a_limit(alice: User, study: Study) -> None:
    first = services.publish(study=study, by=alice)
    services.note_version(version=first, note="Better", by=alice)
    assert queries.get_version(reread(study), 1).note == "Better"
    with pytest.raises(Invalid, match="at most 2000"):
        services.note_version(version=first, note="x" * 2001, by=alice)


@pytest.mark.parametrize("how", ["remove", "leave", "only_read"])
def test_the_link_of_a_member_ends_with_the_right_to_share(
    alice: User, bob: User, study: Study, how: str
) -> None:
    own = share(study, bob, status="accepted", file_access="edit")
    sharing.make_link(study=study, by=bob)
    if how == "remove":
        sharing.remove_member(share=own, by=alice)
    elif how == "leave":
        sharing.leave(study=study, by=bob)
    else:
        sharing.change_share(share=own, file_access="read", sees_data=False, by=alice)
    assert not ReadOnlyLink.objects.exists()
    assert AuditEntry.objects.filter(action="study.revoke_link").exists()
