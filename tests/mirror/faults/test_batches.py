"""Batches and unknown outcomes: rows 11, 25, 26, 27, 39, 41 and 42 of the failure catalogue."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests

from dropbox_simulator import faults
from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror import services
from minno_dashboard.mirror.models import Parked
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, World, expected
from tests.mirror.faults.conftest import add, edit, is_whole, says

MIB = 1024 * 1024
ENTRIES: dict[str, dict[str, Any]] = {
    "lock": {".tag": "too_many_write_operations"},
    "name": {".tag": "path", "path": {".tag": "disallowed_name"}},
    "full": {".tag": "path", "path": {".tag": "insufficient_space"}},
    "strange": {".tag": "path", "path": {".tag": "something_new_that_nobody_knows"}},
    "gone": {".tag": "lookup_failed", "lookup_failed": {".tag": "not_found"}},
}


def test_g11_the_failures_of_a_batch_are_told_apart_and_the_rest_is_kept(
    world: World, anna: User, study: Study
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
        anna, "pending", "Dropbox does not take this name. Rename it here.", "something_new_that_nobody_knows"
    )
    services.prove_now(user=anna)
    world.settle()
    assert is_whole(world, anna)


@pytest.mark.parametrize("kind", ["copy_batch_v2", "move_batch_v2", "delete_batch", "create_folder_batch"])
def test_g11_failed_entries_of_the_other_batches_are_done_again(
    world: World, anna: User, study: Study, failures: Failures, kind: str
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
