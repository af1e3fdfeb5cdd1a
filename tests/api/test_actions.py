"""What programs do by the API: the same deeds, rules and sentences as on the pages."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.api import endpoints
from minno_dashboard.core import clock
from minno_dashboard.files import queries as files
from minno_dashboard.files.models import Node
from minno_dashboard.studies import services, sharing
from minno_dashboard.studies.models import Collaboration, Study
from tests.accounts.conftest import make
from tests.api.conftest import Program, code_for


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def error(answer: Any, status: int, code: str) -> str:
    assert answer.status_code == status, answer.content
    assert answer.json()["error"]["code"] == code
    return str(answer.json()["error"]["message"])


def test_a_study_lives_from_its_making_to_its_coming_back(program: Program, alice: User) -> None:
    made = program("POST", "/studies", {"name": "Stroop", "description": "Colours"})
    assert made.status_code == 201
    study = made.json()
    at = f"/studies/{study['id']}"
    assert study["owner"] == "alice"
    assert (study["state"], study["newest_version"]) == ("develop", 1)
    assert "upper and lower case" in error(program("POST", "/studies", {"name": "stroop"}), 422, "invalid")
    changed = program("PATCH", at, {"name": "Stroop 2", "archived": True}).json()
    assert (changed["name"], changed["description"], changed["is_archived"]) == ("Stroop 2", "Colours", True)
    assert program("GET", "/studies").json()["total"] == 0
    assert program("GET", "/studies?which=archived").json()["items"][0] == program("GET", at).json()
    program("PATCH", at, {"archived": False})
    copy = program("POST", f"{at}/duplicate", {}).json()
    assert copy["name"] == "Stroop 2 (2)"
    assert program("DELETE", at).status_code == 204
    assert program("GET", at).json()["is_deleted"]
    assert "Bring it back" in error(program("PATCH", at, {"name": "No"}), 403, "not_allowed")
    assert program("POST", f"{at}/bring-back").json()["is_deleted"] is False


def test_the_list_comes_in_pages_and_is_searched_as_a_whole(program: Program, alice: User) -> None:
    for number in range(7):
        services.create_study(owner=alice, name=f"Study {number}")
    pages = [program("GET", f"/studies?page_size=3&page={page}").json() for page in (1, 2, 3, 4)]
    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    assert {page["total"] for page in pages} == {7}
    names = [study["name"] for page in pages for study in page["items"]]
    assert names == [f"Study {number}" for number in reversed(range(7))]
    assert [one["name"] for one in program("GET", "/studies?search=study+4").json()["items"]] == ["Study 4"]


def test_a_file_is_written_read_and_never_overwritten_by_mistake(program: Program, study: Study) -> None:
    at = f"/studies/{study.public_id}/versions/1/files/new/folder/tâche.js"
    assert "no “new/folder/tâche.js”" in error(program("GET", at), 404, "not_found")
    made = program("PUT", at, b"first")
    assert made.status_code == 201
    assert made.json() | {"changed_at": ""} == {
        "path": "new/folder/tâche.js",
        "is_folder": False,
        "size": 5,
        "sha256": sha(b"first"),
        "changed_at": "",
    }
    answer = program("GET", at)
    assert b"".join(answer.streaming_content) == b"first"
    assert answer["ETag"] == f'"{sha(b"first")}"'
    assert program("GET", at, If_None_Match=answer["ETag"]).status_code == 304
    assert "already" in error(program("PUT", at, b"second"), 409, "conflict")
    assert program("PUT", at, b"second", If_Match=answer["ETag"]).status_code == 200
    late = program("PUT", at, b"third", If_Match=answer["ETag"])
    assert "changed by somebody else" in error(late, 409, "conflict")
    assert late.json()["error"]["current"] == sha(b"second")
    assert program("PUT", at, b"third", If_Match=sha(b"second")).status_code == 200
    assert program("PUT", at, b"fourth", If_Match="*").status_code == 200
    assert program("DELETE", at).status_code == 204
    gone = program("PUT", at, b"fifth", If_Match=sha(b"fourth"))
    assert "deleted" in error(gone, 409, "conflict")
    assert gone.json()["error"]["current"] is None


def test_what_systems_leave_in_folders_is_not_written(program: Program, study: Study) -> None:
    address = f"/studies/{study.public_id}/versions/1"
    assert program("PUT", f"{address}/files/images/.DS_Store", b"x").status_code == 204
    assert "DS_Store" not in program("GET", f"{address}/tree").content.decode()


def test_a_body_that_breaks_off_is_not_stored(program: Program, study: Study) -> None:
    broken: dict[str, Any] = {"wsgi.input": io.BytesIO(b"half"), "CONTENT_LENGTH": "8"}
    path = f"/api/v1/studies/{study.public_id}/versions/1/files/part.js"
    answer = Client().generic("PUT", path, headers={"Authorization": f"Bearer {program.code}"}, **broken)
    assert "broke off" in error(answer, 422, "invalid")
    assert files.node_at(tree=study.versions.get().tree, path="part.js") is None


def test_folders_are_made_moved_copied_renamed_and_packed(program: Program, study: Study) -> None:
    at = f"/studies/{study.public_id}/versions/1"
    assert program("POST", f"{at}/folders", {"path": "a/b"}).json()["path"] == "a/b"
    assert program("POST", f"{at}/move", {"paths": ["task.js", "images"], "to": "a/b"}).status_code == 204
    copied = program("POST", f"{at}/copy", {"paths": ["a/b/task.js"]})
    assert [one["path"] for one in copied.json()] == ["task.js"]
    assert program("POST", f"{at}/rename", {"path": "a", "name": "z"}).json()["path"] == "z"
    tree = program("GET", f"{at}/tree").json()
    paths = [one["path"] for one in tree["items"]]
    assert paths == ["z", "z/b", "z/b/images", "z/b/images/cat.txt", "z/b/task.js", "task.js"]
    assert tree["items"][5]["sha256"] == sha(b"one")
    assert tree["items"][5]["changed_at"] == copied.json()[0]["changed_at"]
    packed = b"".join(program("GET", f"{at}/zip?path=z/b").streaming_content)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.read("b/task.js") == b"one"
    whole = b"".join(program("GET", f"{at}/zip").streaming_content)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert "z/b/images/cat.txt" in archive.namelist()
    assert "folder" in error(program("GET", f"{at}/files/z"), 422, "invalid")
    assert "itself" in error(program("POST", f"{at}/move", {"paths": ["z"], "to": "z/b"}), 422, "invalid")


@pytest.mark.parametrize(
    ("microsecond", "said"),
    [(0, "08:00:01Z"), (999, "08:00:01.000Z"), (781_000, "08:00:01.781Z"), (781_999, "08:00:01.781Z")],
)
def test_a_moment_is_written_alike_in_every_answer(
    program: Program, study: Study, microsecond: int, said: str
) -> None:
    at = f"/studies/{study.public_id}/versions/1"
    moment = datetime(2026, 11, 26, 8, 0, 1, microsecond, UTC)
    Node.objects.update(changed_at=moment)
    Study.objects.update(created_at=moment)
    tree = program("GET", f"{at}/tree").json()["items"]
    assert {one["changed_at"] for one in tree} == {f"2026-11-26T{said}"}
    assert program("GET", f"/studies/{study.public_id}").json()["created_at"] == f"2026-11-26T{said}"


def test_versions_are_published_begun_and_frozen(program: Program, study: Study) -> None:
    at = f"/studies/{study.public_id}"
    assert "still in development" in error(program("POST", f"{at}/versions", {}), 422, "invalid")
    published = program("POST", f"{at}/publish", {"note": "First wave"}).json()
    assert (published["state"], published["note"]) == ("published", "First wave")
    refused = program("PUT", f"{at}/versions/1/files/task.js", b"x", If_Match="*")
    assert "published" in error(refused, 403, "not_allowed")
    second = program("POST", f"{at}/versions", {"begin_from": 1})
    assert (second.status_code, second.json()["number"]) == (201, 2)
    assert program("PATCH", f"{at}/versions/1", {"note": "Wave 1"}).json()["note"] == "Wave 1"
    assert [one["number"] for one in program("GET", f"{at}/versions").json()] == [2, 1]
    assert program("PUT", f"{at}/versions/2/files/task.js", b"x", If_Match="*").status_code == 200
    assert error(program("GET", f"{at}/versions/3"), 404, "not_found") == "This study has no version 3."


def test_members_are_invited_changed_and_removed(program: Program, study: Study, bob: User) -> None:
    at = f"/studies/{study.public_id}/members"
    assert "No user has" in error(program("POST", at, {"who": "nobody"}), 422, "invalid")
    invited = program("POST", at, {"who": "bob", "files": "edit"}).json()
    assert (invited["user"], invited["files"], invited["status"]) == ("bob", "edit", "pending")
    others = Program(code_for(bob))
    error(others("GET", f"/studies/{study.public_id}"), 404, "not_found")
    sharing.answer(share=Collaboration.objects.get(), accept=True, by=bob)
    assert others("GET", f"/studies/{study.public_id}").json()["name"] == "Faces"
    changed = program("PATCH", f"{at}/{invited['id']}", {"files": "read"}).json()
    assert (changed["files"], changed["sees_data"]) == ("read", False)
    answer = others("PUT", f"/studies/{study.public_id}/versions/1/files/task.js", b"x", If_Match="*")
    error(answer, 403, "not_allowed")
    assert program("GET", at).json() == [changed]
    assert program("DELETE", f"{at}/{invited['id']}").status_code == 204
    error(others("GET", f"/studies/{study.public_id}"), 404, "not_found")


def test_the_mirror_and_the_token_say_how_they_stand(program: Program) -> None:
    assert program("GET", "/mirror").json()["state"] == "off"
    assert program("GET", "/token").json()["user"] == "alice"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing/here", None, 404, "not_found"),
        ("GET", "/studies/", None, 404, "not_found"),
        ("GET", "/studies/none", None, 404, "not_found"),
        ("GET", "/studies/a%00b", None, 404, "not_found"),
        ("GET", "/studies?page=0", None, 422, "invalid"),
        ("GET", "/studies?page=9999999999999999999999", None, 422, "invalid"),
        ("GET", "/studies?which=some", None, 422, "invalid"),
        ("PUT", "/studies", None, 405, "method_not_allowed"),
        ("POST", "/studies", {"nam": "typing error"}, 422, "invalid"),
        ("POST", "/studies", {"name": "a/b"}, 422, "invalid"),
        ("POST", "/studies", {"name": "a\0"}, 422, "invalid"),
        ("POST", "/studies", {"name": "\ud800"}, 422, "invalid"),
        ("POST", "/studies", b"{", 400, "unreadable"),
        ("POST", "/studies", b"\xff", 400, "unreadable"),
        ("POST", "/studies", [1], 422, "invalid"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    program: Program, method: str, path: str, body: Any, status: int, code: str
) -> None:
    message = error(program(method, path, body), status, code)
    assert message.endswith(".")
    assert "Traceback" not in message


def test_a_large_json_body_is_refused(program: Program) -> None:
    body = b'{"name": "' + b"x" * (17 * 1024 * 1024) + b'"}'
    error(program("POST", "/studies", body), 413, "too_large")


def test_our_own_mistake_is_logged_and_told_without_its_details(
    program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret detail")

    monkeypatch.setattr("minno_dashboard.api.views.studies.page_of_studies", broken)
    answer = program("GET", "/studies")
    error(answer, 500, "broken")
    assert b"secret" not in answer.content
    assert "the secret detail" in caplog.text


def test_the_reference_shows_every_address_and_loads_nothing_from_elsewhere(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    page = client.get("/api/").content.decode()
    for path, methods in endpoints.document()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}<" in page
    assert 'src="http' not in page
    assert "style=" not in page
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["components"]["securitySchemes"]) == {"token"}


def test_who_may_not_share_a_study_does_not_see_whom_it_was_offered(
    program: Program, bob: User, alice: User, study: Study
) -> None:
    for name, status in (("bob", "accepted"), ("carol", "pending"), ("dora", "declined")):
        user = bob if name == "bob" else make(name)
        Collaboration.objects.create(study=study, user=user, status=status, invited_at=clock.now())
    at = f"/studies/{study.public_id}/members"
    assert [one["user"] for one in program("GET", at).json()] == ["bob", "carol", "dora"]
    assert [one["user"] for one in Program(code_for(bob))("GET", at).json()] == ["bob"]
