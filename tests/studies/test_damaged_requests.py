"""What no page of ours sends is refused in a sentence; nothing of it breaks the server."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.studies.models import Study
from tests.studies.conftest import write

pytestmark = pytest.mark.django_db
HUGE = 10**30
NINES = "9" * 5000


@pytest.fixture
def client_of_owner(study: Study) -> Client:
    write(study, "task.js", b"text\n")
    client = Client(raise_request_exception=False)
    client.force_login(study.owner)
    return client


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("v1/tree?since=²", 200),
        (f"v1/tree?since={HUGE}", 200),
        (f"v1/tree?since={NINES}", 200),
        (f"raw/task.js?v={NINES}", 200),
        ("raw/task.js?v=²", 200),
        ("raw/%00", 404),
        (f"v1/download?ids={HUGE}", 422),
        (f"v1/download?ids={NINES}", 422),
        ("v1/download?ids=1,,2", 422),
        (f"v{HUGE}/tree", 404),
        (f"v1/files/{HUGE}", 404),
        (f"versions/compare/?from={NINES}&to=²", 200),
        (f"activity/?page={NINES}", 200),
    ],
)
def test_an_address_with_a_number_that_is_none(
    study: Study, client_of_owner: Client, address: str, status: int
) -> None:
    answer = client_of_owner.get(f"/studies/{study.public_id}/{address}")
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("delete", f'{{"ids": [{HUGE}]}}'),
        ("delete", f'{{"ids": [{NINES}]}}'),
        ("delete", '{"ids": [true]}'),
        ("delete", '{"ids": [NaN]}'),
        ("delete", '{"ids": []}'),
        ("delete", '{"ids": null}'),
        ("delete", "[" * 100_000),
        ("delete", "[1]"),
        ("delete", "{"),
        ("move", f'{{"ids": [{HUGE}], "to": null}}'),
        ("bring-back", f'{{"ids": [{HUGE}]}}'),
        ("here", f'{{"open": [{HUGE}]}}'),
        ("files", f'{{"parent": {HUGE}, "name": "a", "text": "", "bom": false, "newline": "\\n"}}'),
        ("folders", f'{{"parent": null, "name": "a", "since": {HUGE}}}'),
        ("uploads", f'{{"parent": null, "path": "a", "size": {HUGE}}}'),
        ("uploads", '{"parent": null, "path": "a\\u0000", "size": 1}'),
    ],
)
def test_json_that_is_none_of_ours_is_refused_and_changes_nothing(
    study: Study, client_of_owner: Client, address: str, body: str
) -> None:
    before = list(Node.objects.values_list("pk", "name", "deleted_at"))
    answer = client_of_owner.post(
        f"/studies/{study.public_id}/v1/{address}", body, content_type="application/json"
    )
    assert answer.status_code == 422
    assert list(Node.objects.values_list("pk", "name", "deleted_at")) == before


def test_a_name_that_no_database_takes_names_nobody(study: Study, client_of_owner: Client) -> None:
    """PostgreSQL takes no U+0000, not even to look for it."""
    tree = study.versions.get().tree
    upload = files.begin_upload(tree=tree, by=study.owner, parent=None, path="a", size=1)
    top = f"/studies/{study.public_id}"
    invited = client_of_owner.post(f"{top}/sharing/invite/", {"who": "a\0b", "files": "read"})
    assert invited.status_code == 422
    assert client_of_owner.put(f"{top}/v1/uploads/{upload.public_id}%00?offset=0").status_code == 404
    node = Node.objects.get(tree=tree)
    body = {"text": "new\n", "blob": "\0", "bom": False, "newline": "\n"}
    saved = client_of_owner.post(
        f"{top}/v1/files/{node.pk}/save", json.dumps(body), content_type="application/json"
    )
    assert saved.status_code == 409


@pytest.mark.parametrize("path", ["%00", "a%00.js", "a" * 300, "../../secret-key", "..%2F..%2Fsecret-key"])
def test_the_player_has_no_files_but_its_own(path: str) -> None:
    assert Client(raise_request_exception=False).get(f"/play/player/{path}").status_code == 404
