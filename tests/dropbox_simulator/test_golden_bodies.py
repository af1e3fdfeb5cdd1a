"""Answers byte for byte as Dropbox encodes them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from dropbox_simulator import Simulator
from dropbox_simulator.wire import Request, Response

from .conftest import ALICE

APPEND = {"cursor": {"session_id": "x", "offset": 0}, "length": 0}
ENTRY = {"cursor": {"session_id": "x", "offset": 0}, "commit": {"path": "/a"}}


class Caller:
    """Makes raw calls with Alice's token."""

    def __init__(self, simulator: Simulator) -> None:
        """Authorise Alice."""
        self._simulator = simulator
        self.token = simulator.control.authorise(ALICE)["access_token"]

    def rpc(self, route: str, arg: Any) -> Response:
        """Call an RPC route."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        return self._simulator.handle(
            Request("POST", "api", f"/2/{route}", {}, headers, json.dumps(arg).encode())
        )

    def upload(self, route: str, arg: Any, body: bytes = b"") -> Response:
        """Call an upload route."""
        headers = {
            "authorization": f"Bearer {self.token}",
            "content-type": "application/octet-stream",
            "dropbox-api-arg": json.dumps(arg),
        }
        return self._simulator.handle(Request("POST", "content", f"/2/{route}", {}, headers, body))

    def session(self, data: bytes, *, close: bool = True) -> str:
        """Fill an upload session."""
        started = self.upload("files/upload_session/start", {"close": close}, data)
        id: str = json.loads(started.body)["session_id"]
        return id


@pytest.fixture
def caller(simulator: Simulator) -> Caller:
    """Raw calls with Alice's token."""
    return Caller(simulator)


def body(response: Response) -> Any:
    """Decode a JSON answer, whose content type must be exact."""
    assert response.headers["Content-Type"] == "application/json"
    assert len(response.headers["X-Dropbox-Request-Id"]) == 32
    return json.loads(response.body)


def test_an_upload_has_no_tag_inside(caller: Caller) -> None:
    """files/upload answers bare FileMetadata."""
    answer = body(caller.upload("files/upload", {"path": "/Study/a.txt"}, b"hello world"))
    assert set(answer) == {
        "name", "path_lower", "path_display", "id", "client_modified", "server_modified", "rev", "size",
        "is_downloadable", "content_hash",
    }  # fmt: skip
    assert answer["server_modified"] == "2026-11-23T12:00:00Z"
    assert answer["content_hash"] == "bc62d4b80d9e36da29c16c5d4d9f11731f36052c72401a76c23c0fb5a9b74423"
    assert answer["path_lower"] == "/study/a.txt"


def test_finish_batch_inlines_its_entries(caller: Caller) -> None:
    """Success is inlined, failures are nested unions."""
    good, unclosed = caller.session(b"abc"), caller.session(b"abc", close=False)
    entries = [
        {"cursor": {"session_id": id, "offset": offset}, "commit": {"path": path}}
        for id, offset, path in (
            (good, 7, "/a"), (good, 3, "/a"), (unclosed, 3, "/b"), ("pid_upload_session:none", 0, "/c"),
        )
    ]  # fmt: skip
    caller.upload("files/upload", {"path": "/taken"}, b"other")
    entries.append(
        {"cursor": {"session_id": caller.session(b"x"), "offset": 1}, "commit": {"path": "/taken"}}
    )
    wrong, right, not_closed, missing, conflict = body(
        caller.rpc("files/upload_session/finish_batch_v2", {"entries": entries})
    )["entries"]
    assert wrong == {
        ".tag": "failure",
        "failure": {
            ".tag": "lookup_failed",
            "lookup_failed": {".tag": "incorrect_offset", "correct_offset": 3},
        },
    }
    assert (right[".tag"], right["name"]) == ("success", "a")
    assert not_closed["failure"] == {".tag": "lookup_failed", "lookup_failed": {".tag": "not_closed"}}
    assert missing["failure"] == {".tag": "lookup_failed", "lookup_failed": {".tag": "not_found"}}
    assert conflict == {
        ".tag": "failure",
        "failure": {".tag": "path", "path": {".tag": "conflict", "conflict": {".tag": "file"}}},
    }


def test_append_batch_answers_entry_by_entry(caller: Caller) -> None:
    """One body, several sessions; a wrong offset fails its entry alone."""
    first, second = caller.session(b"", close=False), caller.session(b"1234567", close=False)
    entries = [
        {"cursor": {"session_id": first, "offset": 0}, "length": 11, "close": True},
        {"cursor": {"session_id": second, "offset": 4}, "length": 4, "close": True},
    ]
    answer = body(
        caller.upload("files/upload_session/append_batch", {"entries": entries}, b"hello worldabcd")
    )
    assert answer == {
        "entries": [
            {".tag": "success"},
            {".tag": "failure", "failure": {".tag": "incorrect_offset", "correct_offset": 7}},
        ]
    }
    refused = caller.upload("files/upload_session/append_batch", {"entries": entries}, b"short")
    assert refused.status == 409
    assert body(refused) == {"error_summary": "length_mismatch/..", "error": {".tag": "length_mismatch"}}


def test_append_v2_answers_null(caller: Caller) -> None:
    """The body of a successful append is null."""
    id = caller.session(b"abc", close=False)
    cursor = {"session_id": id, "offset": 3}
    assert caller.upload("files/upload_session/append_v2", {"cursor": cursor}, b"def").body == b"null"


def test_moves_and_deletes_nest_their_metadata(caller: Caller) -> None:
    """Metadata with subtypes keeps its tag."""
    caller.upload("files/upload", {"path": "/a"}, b"x")
    moved = body(caller.rpc("files/move_v2", {"from_path": "/a", "to_path": "/b"}))
    assert moved["metadata"][".tag"] == "file"
    folder = body(caller.rpc("files/create_folder_v2", {"path": "/F"}))
    assert ".tag" not in folder["metadata"]
    deleted = body(caller.rpc("files/delete_v2", {"path": "/F"}))
    assert deleted["metadata"][".tag"] == "folder"
    entries = [{"from_path": "/b", "to_path": "/c"}, {"from_path": "/nowhere", "to_path": "/d"}]
    job = body(caller.rpc("files/move_batch_v2", {"entries": entries}))
    assert (job[".tag"], job["async_job_id"][:6]) == ("async_job_id", "dbjid:")
    checked = body(caller.rpc("files/move_batch/check_v2", {"async_job_id": job["async_job_id"]}))
    assert checked[".tag"] == "complete"
    assert checked["entries"][0]["success"][".tag"] == "file"
    assert checked["entries"][1] == {
        ".tag": "failure",
        "failure": {
            ".tag": "relocation_error",
            "relocation_error": {".tag": "from_lookup", "from_lookup": {".tag": "not_found"}},
        },
    }


def test_a_refused_upload_keeps_its_bytes_in_a_session(caller: Caller) -> None:
    """The error names a session from which the bytes can be committed elsewhere."""
    caller.upload("files/upload", {"path": "/a"}, b"one")
    refused = caller.upload("files/upload", {"path": "/a"}, b"three")
    error = body(refused)
    assert (refused.status, error["error_summary"]) == (409, "path/conflict/file/..")
    assert error["error"]["reason"] == {".tag": "conflict", "conflict": {".tag": "file"}}
    cursor = {"session_id": error["error"]["upload_session_id"], "offset": 5}
    finished = caller.upload("files/upload_session/finish", {"cursor": cursor, "commit": {"path": "/b"}})
    assert body(finished)["size"] == 5


def test_a_batch_of_deletes_is_a_job(caller: Caller, simulator: Simulator) -> None:
    """delete_batch is always asynchronous and may be in progress for a while."""
    simulator.behaviour.job_polls = 1
    caller.upload("files/upload", {"path": "/a"}, b"x")
    job = body(caller.rpc("files/delete_batch", {"entries": [{"path": "/a"}, {"path": "/a"}]}))
    poll = {"async_job_id": job["async_job_id"]}
    assert body(caller.rpc("files/delete_batch/check", poll)) == {".tag": "in_progress"}
    complete = body(caller.rpc("files/delete_batch/check", poll))
    assert complete["entries"][0]["metadata"][".tag"] == "file"
    assert complete["entries"][1]["failure"] == {".tag": "path_lookup", "path_lookup": {".tag": "not_found"}}
    unknown = caller.rpc("files/move_batch/check_v2", poll)
    assert body(unknown)["error"] == {".tag": "invalid_async_job_id"}


def test_unknown_and_wrong_tokens_are_named(caller: Caller, simulator: Simulator) -> None:
    """401 bodies are exact."""
    simulator.control.expire_tokens(ALICE)
    expired = caller.rpc("users/get_current_account", None)
    assert (expired.status, body(expired)["error_summary"]) == (401, "expired_access_token/..")
    caller.token = "nonsense"
    assert body(caller.rpc("users/get_current_account", None))["error"] == {".tag": "invalid_access_token"}
    caller.token = simulator.control.authorise(ALICE, scopes=["account_info.read"])["access_token"]
    missing = body(caller.rpc("files/list_folder", {"path": ""}))
    assert missing["error"] == {".tag": "missing_scope", "required_scope": "files.metadata.read"}


@pytest.mark.parametrize(
    ("route", "arg", "words"),
    [
        (
            "files/list_folder",
            {"path": "/"},
            'Specify the root folder as an empty string rather than as "/".',
        ),
        ("files/list_folder", {"path": "foo"}, "did not match pattern"),
        ("files/list_folder", {"path": "", "colour": "red"}, "unknown field 'colour'"),
        ("files/list_folder", {"path": "", "limit": 5000}, "not within range"),
        ("files/list_folder", {}, "missing required field 'path'"),
        ("files/get_metadata", {"path": ""}, "did not match pattern"),
        ("files/list_folder/continue", {"cursor": "AAEnonsense"}, 'Invalid "cursor" parameter'),
        ("files/upload_session/start_batch", {"num_sessions": 1001}, "not within range"),
        ("files/delete_batch", {"entries": [{"path": "/a"}] * 1001}, "has more than"),
        ("files/create_folder_batch", {"paths": ["/a"] * 10_001}, "has more than"),
        ("files/move_v2", {"from_path": "/a", "to_path": 7}, "to_path"),
        ("files/move_batch_v2", {"entries": [{"from_path": "/a", "to_path": "/b"}] * 1001}, "has more than"),
        ("files/upload_session/finish_batch_v2", {"entries": [ENTRY] * 1001}, "has more than"),
        ("files/upload_session/finish_batch_v2", {"entries": [{}] * 2}, "missing required field"),
    ],
)
def test_malformed_calls_get_plain_text(caller: Caller, route: str, arg: Any, words: str) -> None:
    """400 and a text that names the function and the field."""
    answer = caller.rpc(route, arg)
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    text = answer.body.decode()
    assert text.startswith(f'Error in call to API function "{route}": ')
    assert words in text


def test_more_folders_than_a_batch_takes_fail_as_a_job(caller: Caller, simulator: Simulator) -> None:
    simulator.behaviour.create_folder_batch_limit = 2
    paths = ["/1", "/2", "/3"]
    launched = body(caller.rpc("files/create_folder_batch", {"paths": paths}))
    answer = body(caller.rpc("files/create_folder_batch/check", {"async_job_id": launched["async_job_id"]}))
    assert answer == {".tag": "failed", "failed": {".tag": "too_many_files"}}
    assert simulator.control.tree(ALICE) == {}


def test_a_body_beyond_the_limit_is_refused(caller: Caller, simulator: Simulator) -> None:
    simulator.behaviour.request_limit = 3
    for route, arg in (
        ("files/upload", {"path": "/a"}),
        ("files/upload_session/start", {}),
        ("files/upload_session/append_batch", {"entries": [{**APPEND, "length": 4}]}),
    ):
        refused = caller.upload(route, arg, b"four")
        assert (refused.status, body(refused)["error"][".tag"]) == (409, "payload_too_large")
    assert simulator.control.tree(ALICE) == {}


def test_a_hash_that_comes_with_a_commit_is_of_no_bytes(caller: Caller) -> None:
    """`content_hash` is always of the call's own body; whoever takes it for the file's learns it here."""
    entry = {"cursor": {"session_id": caller.session(b"a"), "offset": 1}, "commit": {"path": "/a"}}
    of_the_file = hashlib.sha256(hashlib.sha256(b"a").digest()).hexdigest()
    of_nothing = hashlib.sha256().hexdigest()
    answers = [
        body(
            caller.rpc("files/upload_session/finish_batch_v2", {"entries": [{**entry, "content_hash": one}]})
        )
        for one in (of_the_file, of_nothing)
    ]
    assert answers[0]["entries"] == [{".tag": "failure", "failure": {".tag": "content_hash_mismatch"}}]
    assert answers[1]["entries"][0][".tag"] == "success"


def test_batches_of_appends_have_500_entries_at_most(caller: Caller) -> None:
    """The limit of the newer specification holds."""
    assert caller.upload("files/upload_session/append_batch", {"entries": [APPEND] * 501}).status == 400


def test_calls_in_a_wrong_manner_are_refused(caller: Caller, simulator: Simulator) -> None:
    """Unknown route, wrong host, wrong content type, missing argument, missing token, GET."""
    token = {"authorization": f"Bearer {caller.token}"}
    json_type = {"content-type": "application/json"}
    arg = {"dropbox-api-arg": '{"path": "/a"}'}
    binary = {"content-type": "application/octet-stream"}
    wrong = [
        Request("POST", "api", "/2/files/nonsense", {}, {**token, **json_type}, b"{}"),
        Request("POST", "content", "/2/files/list_folder", {}, {**token, **json_type}, b'{"path": ""}'),
        Request(
            "POST", "api", "/2/files/list_folder", {}, {**token, "content-type": "text/html"}, b'{"path": ""}'
        ),
        Request("POST", "content", "/2/files/upload", {}, {**token, **binary}, b"x"),
        Request("POST", "content", "/2/files/upload", {}, {**token, **arg, **json_type}, b"x"),
        Request(
            "POST",
            "content",
            "/2/files/upload",
            {},
            {**token, **binary, "dropbox-api-arg": '{"path": "/é"}'},
            b"x",
        ),
        Request(
            "POST",
            "content",
            "/2/files/upload",
            {},
            {**token, **binary, "dropbox-api-arg": '{"path": "/\x7f"}'},
            b"x",
        ),
        Request("POST", "api", "/2/files/list_folder", {}, json_type, b'{"path": ""}'),
        Request(
            "POST",
            "api",
            "/2/files/list_folder",
            {},
            {**json_type, "authorization": "Bearer "},
            b'{"path": ""}',
        ),
        Request("GET", "api", "/2/files/list_folder", {}, {**token, **json_type}, b""),
        Request("POST", "api", "/2/files/list_folder", {}, {**token, **json_type}, b"{not json"),
    ]
    assert [simulator.handle(request).status for request in wrong] == [400] * len(wrong)
    assert simulator.control.tree(ALICE) == {}


def test_the_argument_may_stand_in_the_address(caller: Caller, simulator: Simulator) -> None:
    """Upload calls take `?arg=` instead of the header."""
    headers = {"authorization": f"Bearer {caller.token}", "content-type": "application/octet-stream"}
    request = Request("POST", "content", "/2/files/upload", {"arg": '{"path": "/é😀"}'}, headers, b"x")
    assert body(simulator.handle(request))["name"] == "é😀"
