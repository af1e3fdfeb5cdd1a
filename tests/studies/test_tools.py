"""Beside the tree and the editor: who else is here, and copies to another study."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from minno_dashboard.accounts.models import User
from minno_dashboard.files import queries as files
from minno_dashboard.studies import presence, services
from minno_dashboard.studies.models import Presence, Study
from tests.studies.conftest import share, write

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(user: User, to: Study, verb: str, /, **body: object) -> Any:
    address = f"/studies/{to.public_id}/v1/{verb}"
    return client_of(user).post(address, json.dumps(body), content_type="application/json")


def node_of(study: Study, path: str = "task.js") -> int:
    node = files.node_at(tree=study.versions.get().tree, path=path)
    assert node
    return node.pk


def test_each_sees_who_else_has_a_file_open(study: Study, alice: User, bob: User) -> None:
    share(study, bob, status="accepted", file_access="read")
    node = node_of(study)
    assert send(alice, study, "here", open=[node]).json() == {"others": {}}
    assert send(bob, study, "here", open=[node]).json() == {"others": {str(node): [str(alice)]}}
    assert send(alice, study, "here", open=[node]).json() == {"others": {str(node): [str(bob)]}}
    send(bob, study, "here", open=[])  # closed it
    assert send(alice, study, "here", open=[node]).json() == {"others": {}}


def test_who_left_without_a_word_is_gone_within_a_minute(study: Study, alice: User, bob: User) -> None:
    share(study, bob, status="accepted", file_access="edit")
    node = node_of(study)
    send(bob, study, "here", open=[node])
    Presence.objects.update(at=timezone.now() - timedelta(seconds=50))
    assert send(alice, study, "here", open=[node]).json() == {"others": {}}
    Presence.objects.filter(user=bob).update(at=timezone.now() - timedelta(hours=1))
    assert presence.forget_gone() == 1


def test_a_reader_of_a_public_study_neither_sees_nor_is_seen(study: Study, alice: User, bob: User) -> None:
    Study.objects.filter(pk=study.pk).update(is_public=True)
    node = node_of(study)
    send(alice, study, "here", open=[node])
    assert send(bob, study, "here", open=[node]).json() == {"others": {}}
    assert send(alice, study, "here", open=[node]).json() == {"others": {}}


def test_files_of_other_studies_are_not_marked(study: Study, alice: User, bob: User) -> None:
    theirs = services.create_study(owner=bob, name="Theirs")
    write(theirs, "x.js", b"x")
    send(alice, study, "here", open=[node_of(theirs, "x.js"), 10**12])
    assert not Presence.objects.exists()


def test_files_are_copied_to_another_study_beside_what_is_there(study: Study, alice: User) -> None:
    write(study, "images/a.svg", b"<svg/>")
    target = services.create_study(owner=alice, name="Target")
    write(target, "task.js", b"other")
    ids = [node_of(study), node_of(study, "images")]
    answer = send(alice, study, "copy-to-study", ids=ids, study=target.public_id).json()
    assert answer == {"name": "Target", "copied": ["task (2).js", "images"]}
    paths = {entry.path for entry in files.listing(target.versions.get().tree)}
    assert paths == {"task.js", "task (2).js", "images", "images/a.svg"}


def test_files_are_copied_into_any_folder_of_another_study(study: Study, alice: User) -> None:
    target = services.create_study(owner=alice, name="Target")
    write(target, "tasks/old/task.js", b"other")
    write(target, "images/a.svg", b"<svg/>")
    asked = (
        client_of(alice)
        .get(f"/studies/{study.public_id}/v1/copy-targets", {"study": target.public_id})
        .json()
    )
    tasks, old, images = (node_of(target, path) for path in ("tasks", "tasks/old", "images"))
    assert asked == {
        "folders": [
            {"id": images, "parent": None, "name": "images", "folder": True},
            {"id": tasks, "parent": None, "name": "tasks", "folder": True},
            {"id": old, "parent": tasks, "name": "old", "folder": True},
        ]
    }
    ids = [node_of(study)]
    answer = send(alice, study, "copy-to-study", ids=ids, study=target.public_id, to=old)
    assert answer.json() == {"name": "Target", "copied": ["task (2).js"]}
    assert node_of(target, "tasks/old/task (2).js")
    wrong = (node_of(target, "tasks/old/task.js"), node_of(study), 10**9)
    outcomes = [send(alice, study, "copy-to-study", ids=ids, study=target.public_id, to=one) for one in wrong]
    assert [one.status_code for one in outcomes] == [422, 404, 404]


def test_only_a_study_that_one_may_change_takes_copies(study: Study, alice: User, bob: User) -> None:
    read, edit, gone, frozen = (
        services.create_study(owner=bob, name=name) for name in ("Read", "Edit", "Gone", "Frozen")
    )
    share(read, alice, status="accepted", file_access="read")
    share(edit, alice, status="accepted", file_access="edit")
    share(frozen, alice, status="accepted", file_access="edit")
    services.publish(study=frozen, by=bob)
    listed = client_of(alice).get(f"/studies/{study.public_id}/v1/copy-targets").json()["studies"]
    assert [one["name"] for one in listed] == ["Edit"]
    ids = [node_of(study)]
    outcomes = [
        send(alice, study, "copy-to-study", ids=ids, study=one.public_id).status_code
        for one in (read, edit, gone, frozen)
    ]
    assert outcomes == [403, 200, 404, 403]
    folders = f"/studies/{study.public_id}/v1/copy-targets"
    looked = [
        client_of(alice).get(folders, {"study": one.public_id}).status_code for one in (read, edit, gone)
    ]
    assert looked == [403, 200, 404]
    foreign = node_of(edit, "task.js")
    assert send(bob, edit, "copy-to-study", ids=[foreign], study=study.public_id).status_code == 404
    assert send(alice, study, "copy-to-study", ids=[foreign], study=edit.public_id).status_code == 404
