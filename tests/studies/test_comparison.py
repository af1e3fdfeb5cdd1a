"""What differs between two versions, and what the activity says."""

from __future__ import annotations

from pathlib import Path

import pytest

from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.files import queries as files
from minno_dashboard.files import services as file_services
from minno_dashboard.studies import activity, comparison, queries, services, sharing
from minno_dashboard.studies.models import Study
from tests.studies.conftest import share, write

SOURCES = Path(comparison.__file__).parent


def differences(study: Study) -> list[tuple[str, str, str]]:
    """Return how, where before and where now, of everything that differs from v1 to the newest version."""
    study = queries.get_study(study.owner, study.public_id)
    old, new = queries.get_version(study, 1), queries.newest_version(study)
    found = comparison.compare(files.listing(old.tree), files.listing(new.tree))
    return [
        (one.how.value, one.old.path if one.old else "", one.new.path if one.new else "")
        for one in found.differences
    ]


def rename(study: Study, path: str, name: str) -> None:
    tree = queries.newest_version(Study.objects.get(pk=study.pk)).tree
    node = files.node_at(tree=tree, path=path)
    assert node
    file_services.rename(node=node, name=name, by=None)


def delete(study: Study, path: str) -> None:
    tree = queries.newest_version(Study.objects.get(pk=study.pk)).tree
    node = files.node_at(tree=tree, path=path)
    assert node
    file_services.delete(nodes=[node], by=None)


@pytest.fixture
def second(alice: User, study: Study) -> Study:
    """A study whose v2 begins with three files in a folder, two of them equal, and an empty one."""
    for path in ("images/a.txt", "images/b.txt"):
        write(study, path, b"equal")
    write(study, "empty.txt", b"")
    services.publish(study=study, by=alice)
    services.new_version(study=study, by=alice)
    return Study.objects.get(pk=study.pk)


def test_a_new_version_differs_in_nothing(second: Study) -> None:
    assert differences(second) == []


def test_each_difference_is_told_once(second: Study) -> None:
    write(second, "task.js", b"two")
    write(second, "added.js", b"added")
    delete(second, "empty.txt")
    write(second, "other.txt", b"")
    rename(second, "images/b.txt", "c.txt")
    assert differences(second) == [
        ("added", "", "added.js"),
        ("removed", "empty.txt", ""),
        ("moved", "images/b.txt", "images/c.txt"),
        ("added", "", "other.txt"),
        ("changed", "task.js", "task.js"),
    ]


def test_a_renamed_folder_moves_its_files_each_to_its_own_place(second: Study) -> None:
    rename(second, "images", "Bilder")
    assert differences(second) == [
        ("moved", "images/a.txt", "Bilder/a.txt"),
        ("moved", "images/b.txt", "Bilder/b.txt"),
    ]


def test_a_name_that_changed_only_in_letter_case_is_moved(second: Study) -> None:
    rename(second, "task.js", "Task.js")
    assert differences(second) == [("moved", "task.js", "Task.js")]


def test_a_version_without_files_differs_from_none(alice: User) -> None:
    assert comparison.compare([], []) == comparison.Comparison([], 0)


def test_the_activity_says_who_did_what_the_latest_first(alice: User, bob: User, study: Study) -> None:
    offered = sharing.invite(study=study, who="bob", file_access="read", sees_data=True, by=alice)
    sharing.answer(share=offered, accept=True, by=bob)
    sharing.remove_member(share=offered, by=alice)
    services.publish(study=study, by=alice)
    other = services.create_study(owner=bob, name="Not in it")
    assert [(deed.who, deed.what) for deed in activity.activity_of(study)[:10]] == [
        ("alice", "published v1"),
        ("alice", "removed bob"),
        ("bob", "accepted the invitation"),
        ("alice", "invited bob, who can read the files and sees the data (after accepting)"),
        ("alice", "created the study"),
    ]
    assert len(activity.activity_of(other)) == 1


def test_every_action_on_a_study_has_a_sentence() -> None:
    """And an action that nobody knows here is shown, not hidden."""
    of_studies = {action for action in AuditAction if action.startswith("study.")}
    assert of_studies - {AuditAction.STUDY_PURGE} == set(activity._SENTENCES)
    details = {"version": 2, "began_from": 1, "member": "bob", "before": "Old", "from": "alice", "to": "bob"}
    for action in activity._SENTENCES:
        said = activity.sentence(AuditEntry(action=action, target="Faces", details=details))
        assert said
        assert "None" not in said
    assert activity.sentence(AuditEntry(action="study.some_thing", details={})) == "some thing"


def test_a_member_who_was_deactivated_is_still_named(alice: User, bob: User, study: Study) -> None:
    own = share(study, bob, status="accepted")
    sharing.remove_member(share=own, by=alice)
    alice.full_name = "Alice A"
    alice.save()
    assert activity.activity_of(study)[0].who == "Alice A"
