"""Batches and unknown outcomes: rows 11, 26, 27, 39, 41 and 42 of the failure catalogue."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import pytest
import requests

from dropbox_simulator import faults
from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.dropbox_api import transport
from minno_dashboard.mirror.models import Intent, Parked
from minno_dashboard.mirror.sending import packing, uploads
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.faults.conftest import ROOT, add, edit, is_whole, link_of, says, spend

ENTRIES: dict[str, dict[str, Any]] = {
    "lock": {".tag": "too_many_write_operations"},
    "name": {".tag": "path", "path": {".tag": "disallowed_name"}},
    "full": {".tag": "path", "path": {".tag": "insufficient_space"}},
    "strange": {".tag": "path", "path": {".tag": "something_new_that_nobody_knows"}},
    "gone": {".tag": "lookup_failed", "lookup_failed": {".tag": "not_found"}},
}


def test_g11_the_failures_of_a_batch_are_told_apart_and_the_rest_is_kept(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    entries = {str(3 * at): ENTRIES[kind] for at, kind in enumerate(("lock", "name", "strange", "gone"))}
    route = "files/upload_session/finish_batch_v2"
    world.control.add_fault(faults.Effect(entries=entries), route=route, times=1)
    add(study, anna, 20)
    world.settle()
    assert sorted(Parked.objects.values_list("reason", flat=True)) == [
        "disallowed_name",
        "path/something_new_that_nobody_knows",
    ]
    missing = set(expected(anna)) - set(world.files(ANNA))
    assert missing == set(Parked.objects.values_list("path", flat=True))
    says(
        anna,
        "pending",
        "Dropbox does not accept this name. Rename it here.",
        "something_new_that_nobody_knows",
    )
    services.prove_now(user=anna)
    world.settle()
    assert is_whole(world, anna)


@pytest.mark.parametrize("kind", ["copy_batch_v2", "move_batch_v2", "delete_batch", "create_folder_batch"])
def test_g11_failed_entries_of_the_other_batches_are_done_again(
    world: MirrorWorld, anna: User, study: Study, failures: Failures, kind: str
) -> None:
    rule = world.control.add_fault(
        faults.entry_failures({".tag": "too_many_write_operations"}, 0, 2), route=f"files/{kind}", times=1
    )
    _many(study, anna, kind)
    world.settle()
    assert rule.hits == 1
    assert is_whole(world, anna)


def _many(study: Study, user: User, kind: str) -> None:
    """Make changes that become one batch of this kind."""
    tree = study.versions.get().tree
    nodes = list(Node.objects.filter(tree=tree, name__endswith=".js").order_by("pk")[:8])
    if kind == "copy_batch_v2":
        for number, node in enumerate(nodes):
            edit(study, user, f"copies/{number}.js", data=f"file {node.name[:-3]}".encode() * 5)
    elif kind == "move_batch_v2":
        for node in nodes:
            files.rename(node=node, name=f"moved {node.name}", by=user)
    elif kind == "delete_batch":
        services.choose_policy(user=user, keep_deleted=False)
        files.delete(nodes=nodes, by=user)
    else:
        for number in range(8):
            files.make_folder(tree=tree, parent=None, name=f"empty {number}", by=user)


def test_g26_many_tiny_files_are_few_calls(
    world: MirrorWorld, anna: User, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times smaller batches than Dropbox takes, for ten times fewer files."""
    monkeypatch.setattr(uploads, "MAX_SESSIONS", 100)
    monkeypatch.setattr(packing, "MAX_ENTRIES", 50)
    add(study, anna, 210)
    world.settle()
    counted = Counter(world.calls())
    assert is_whole(world, anna)
    assert counted["files/upload_session/start_batch"] == 3
    assert counted["files/upload_session/append_batch"] <= 6
    assert counted["files/upload_session/finish_batch_v2"] <= 6
    assert sum(counted.values()) <= 17


@pytest.mark.parametrize("count", [1, 20])
def test_g27_an_answer_that_is_lost_after_the_commit_is_looked_up_not_repeated(
    world: MirrorWorld, anna: User, study: Study, failures: Failures, count: int
) -> None:
    failures.cause(27)
    add(study, anna, count)
    world.settle()
    assert is_whole(world, anna)
    commits = [
        record["route"] for record in world.control.records() if record["route"].startswith("files/upload")
    ]
    assert commits.count("files/upload") + commits.count("files/upload_session/finish_batch_v2") == 1
    assert not Intent.objects.exists()


def test_g27_a_lost_move_and_a_lost_removal_are_not_repeated(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    services.choose_policy(user=anna, keep_deleted=False)
    world.control.add_fault(faults.reset(when="after"), route="files/(move|delete)_v2", times=2)
    tree = study.versions.get().tree
    files.rename(node=Node.objects.get(tree=tree, name="folder 1"), name="other", by=anna)
    files.delete(nodes=[Node.objects.get(tree=tree, name="4.js")], by=anna)
    world.settle()
    assert is_whole(world, anna)
    counted = Counter(world.calls())
    assert (counted["files/move_v2"], counted["files/delete_v2"]) == (1, 1)


class _Poisoned(requests.adapters.BaseAdapter):
    """Answers 400 to every call that names a path, before Dropbox sees it."""

    def __init__(self, inner: requests.adapters.BaseAdapter, path: str) -> None:
        super().__init__()
        self._inner, self._path = inner, path

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        said = f"{request.headers.get('Dropbox-API-Arg')}{request.body!r}"
        if self._path not in said or "/files/upload" not in str(request.url):
            return self._inner.send(request, **options)
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = 400, request, str(request.url)
        answer.headers["Content-Type"] = "text/plain"
        answer.raw = io.BytesIO(b"Error in call to API function: path: 'x' did not match pattern")
        return answer

    def close(self) -> None:
        self._inner.close()


def test_g39_a_malformed_call_parks_one_file_and_not_its_batch(
    world: MirrorWorld, anna: User, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(study, anna, 20)
    open_session = transport.new_session

    def poisoned() -> requests.Session:
        session = open_session()
        for prefix, inner in list(session.adapters.items()):
            session.mount(prefix, _Poisoned(inner, "/new/7.js"))
        return session

    monkeypatch.setattr(transport, "new_session", poisoned)
    world.run()
    world.settle()
    assert [one.path for one in Parked.objects.all()] == [f"{ROOT}/new/7.js"]
    assert set(expected(anna)) - set(world.files(ANNA)) == {f"{ROOT}/new/7.js"}
    says(anna, "pending", "Dropbox cannot process what we send for this file.")
    assert len(spend(world, hours=20)) <= 20 * 3
    monkeypatch.setattr(transport, "new_session", open_session)
    services.prove_now(user=anna)
    world.settle()
    assert is_whole(world, anna)


@pytest.mark.parametrize("kind", ["edit", "move", "folder", "copy", "remove"])
def test_g39_a_single_malformed_call_does_not_stop_the_others(
    world: MirrorWorld, anna: User, study: Study, kind: str
) -> None:
    services.choose_policy(user=anna, keep_deleted=False)
    route = {
        "edit": "files/upload",
        "move": "files/move_v2",
        "folder": "files/create_folder_v2",
        "copy": "files/copy_v2",
        "remove": "files/delete_v2",
    }[kind]
    tree = study.versions.get().tree
    poison = faults.status(400, "Error in call to API function: bad", content_type="text/plain")
    world.control.add_fault(poison, route=route)
    edit(study, anna, "folder 0/0.js", b"edited")
    files.rename(node=Node.objects.get(tree=tree, name="2.js"), name="moved.js", by=anna)
    files.make_folder(tree=tree, parent=None, name="empty", by=anna)
    edit(study, anna, "copy.js", b"file 6" * 5)
    files.delete(nodes=[Node.objects.get(tree=tree, name="4.js")], by=anna)
    world.run()
    assert Parked.objects.count() >= 1
    assert len(world.calls()) <= 12
    assert len(spend(world, hours=24)) <= 24 * 8
    world.control.clear_faults()
    spend(world, hours=24.1)
    assert is_whole(world, anna)


@pytest.mark.parametrize("when", ["before", "after"])
def test_g41_an_internal_error_is_looked_into_and_done_again(
    world: MirrorWorld, anna: User, study: Study, when: str
) -> None:
    world.control.add_fault(
        faults.json_error(409, {".tag": "internal_error"}, when=when),  # type: ignore[arg-type]
        route="files/(move|copy)_v2",
        times=2,
    )
    files.rename(
        node=Node.objects.get(tree=study.versions.get().tree, name="folder 1"), name="other", by=anna
    )
    edit(study, anna, "copy.js", b"file 6" * 5)
    world.run()
    says(anna, "waiting", "Dropbox is having problems")
    world.settle()
    assert is_whole(world, anna)


@pytest.mark.parametrize("kind", ["copy_batch_v2", "move_batch_v2", "delete_batch"])
def test_g42_a_job_that_dropbox_forgot_is_looked_up_by_its_results(
    world: MirrorWorld, anna: User, study: Study, failures: Failures, kind: str
) -> None:
    world.control.set_behaviour(job_polls=50)
    _many(study, anna, kind)
    world.run()
    assert Intent.objects.filter(job__isnull=False).count() == 1
    failures.cause(42)
    world.control.set_behaviour(job_polls=0)
    world.settle()
    assert is_whole(world, anna)
    assert world.calls().count(f"files/{kind}") == 1
    assert link_of(anna).failures == 0


def test_g27_a_duplicated_study_whose_copy_got_no_answer_is_not_copied_twice(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.add_fault(faults.reset(when="after"), route="files/copy_v2", times=1)
    studies.duplicate_study(study=study, by=anna)
    world.settle()
    assert is_whole(world, anna)
    assert not [route for route in world.calls() if "upload" in route]
    assert world.calls().count("files/copy_v2") == 1
