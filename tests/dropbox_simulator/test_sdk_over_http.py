"""The official SDK over HTTP and TLS, through every route the simulator knows."""

from __future__ import annotations

import json
from typing import Any

import dropbox
import pytest
import requests
from dropbox import files

from dropbox_simulator import Server, Simulator, content_hash
from dropbox_simulator.dispatch import ENDPOINTS

from .conftest import ALICE


def _session(client: Any, data: bytes) -> Any:
    started = client.files_upload_session_start(data, close=True)
    return files.UploadSessionCursor(started.session_id, len(data))


def _sessions(client: Any) -> None:
    ids = client.files_upload_session_start_batch(2).session_ids
    entries = [
        files.UploadSessionAppendBatchArgEntry(files.UploadSessionCursor(id, 0), size, close=True)
        for id, size in zip(ids, (3, 0), strict=True)
    ]
    assert all(
        entry.is_success() for entry in client.files_upload_session_append_batch(b"abc", entries).entries
    )
    commits = [
        files.UploadSessionFinishArg(
            files.UploadSessionCursor(id, size), files.CommitInfo(f"/Batch/{size}.txt")
        )
        for id, size in zip(ids, (3, 0), strict=True)
    ]
    assert all(entry.is_success() for entry in client.files_upload_session_finish_batch_v2(commits).entries)
    cursor = _session(client, b"old batch")
    old = files.UploadSessionFinishArg(cursor, files.CommitInfo("/Batch/old.txt"))
    job = client.files_upload_session_finish_batch([old]).get_async_job_id()
    assert client.files_upload_session_finish_batch_check(job).is_complete()
    started = client.files_upload_session_start(b"one ")
    cursor = files.UploadSessionCursor(started.session_id, 4)
    client.files_upload_session_append_v2(b"two ", cursor)
    cursor = files.UploadSessionCursor(started.session_id, 8)
    done = client.files_upload_session_finish(b"three", cursor, files.CommitInfo("/Study/pieces.txt"))
    assert done.content_hash == content_hash(b"one two three")


def _reading(client: Any, first: Any) -> None:
    listed = client.files_list_folder("", recursive=True, limit=2)
    while listed.has_more:
        listed = client.files_list_folder_continue(listed.cursor)
    latest = client.files_list_folder_get_latest_cursor("", recursive=True).cursor
    assert client.files_list_folder_continue(latest).entries == []
    assert client.files_get_metadata("/study/A.txt").id == first.id
    metadata, response = client.files_download("/Study/a.txt")
    assert (metadata.rev, response.content) == (first.rev, b"hello world")
    client.files_upload(b"second", "/Study/a.txt", mode=files.WriteMode.update(first.rev))
    assert [entry.size for entry in client.files_list_revisions("/Study/a.txt").entries] == [6, 11]
    assert client.files_restore("/Study/a.txt", first.rev).content_hash == first.content_hash
    assert client.files_list_folder_longpoll(latest, timeout=30).changes


def _changing(client: Any) -> None:
    client.files_create_folder_v2("/Empty")
    assert client.files_create_folder_batch(["/E1", "/E2"]).is_complete()
    launched = client.files_create_folder_batch(["/E3"], force_async=True)
    assert client.files_create_folder_batch_check(launched.get_async_job_id()).is_complete()
    client.files_copy_v2("/Study", "/Copy")
    client.files_move_v2("/Copy", "/Moved")
    pairs = [files.RelocationPath("/E1", "/F1"), files.RelocationPath("/E2", "/F2")]
    job = client.files_move_batch_v2(pairs).get_async_job_id()
    assert all(entry.is_success() for entry in client.files_move_batch_check_v2(job).get_complete().entries)
    job = client.files_copy_batch_v2([files.RelocationPath("/F1", "/G1")]).get_async_job_id()
    assert client.files_copy_batch_check_v2(job).is_complete()
    job = client.files_delete_batch([files.DeleteArg("/F1"), files.DeleteArg("/nowhere")]).get_async_job_id()
    entries = client.files_delete_batch_check(job).get_complete().entries
    assert [entry.is_success() for entry in entries] == [True, False]
    client.files_delete_v2("/Moved")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_sdk_decodes_every_route(web_client: Any, simulator: Simulator) -> None:
    """Each route is called once and its answer passes the SDK's own strict decoding."""
    account = web_client.users_get_current_account()
    assert (account.email, len(account.account_id)) == (ALICE, 40)
    first = web_client.files_upload(b"hello world", "/Study/a.txt")
    assert web_client.users_get_space_usage().used == 11
    assert web_client.check_user("ping").result == "ping"
    _sessions(web_client)
    _reading(web_client, first)
    _changing(web_client)
    keyed = web_client.clone(oauth2_access_token="", app_key="appkey", app_secret="appsecret")
    keyed._oauth2_access_token = None
    keyed._host_map = web_client._host_map
    assert keyed.check_app("pong").result == "pong"
    web_client.auth_token_revoke()
    with pytest.raises(dropbox.exceptions.AuthError):
        web_client.users_get_current_account()
    assert set(ENDPOINTS) <= set(simulator.recorder.counts())


def test_plain_and_encrypted_calls_share_one_port(server: Server) -> None:
    """The same address answers with and without TLS."""
    for scheme, verify in (("http", True), ("https", str(server.ca))):
        answer = requests.get(
            f"{scheme}://localhost:{server.port}/oauth2/authorize",
            params={"client_id": "no"},
            verify=verify,
            timeout=60,
        )
        assert answer.status_code == 400
        assert "No app with this key" in answer.text


def test_a_connection_serves_many_calls_and_survives_odd_bodies(server: Server, simulator: Simulator) -> None:
    """Keep-alive, chunked bodies and HEAD work."""
    token = simulator.control.authorise(ALICE)["access_token"]
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        url = f"http://localhost:{server.port}/2/files/upload"
        headers = {"Dropbox-API-Arg": '{"path": "/x.bin"}', "Content-Type": "application/octet-stream"}
        sent = session.post(url, data=iter([b"a" * 5, b"b" * 5]), headers=headers, timeout=60)
        assert sent.json()["size"] == 10
        assert session.head(url, timeout=60).content == b""


def test_large_headers_are_read_and_refused_at_the_limit(server: Server, simulator: Simulator) -> None:
    """431 beyond the simulated limit, read without trouble below it or when the limit is off."""
    token = simulator.control.authorise(ALICE)["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "Dropbox-API-Arg": '{"path": "/x.bin"}' + " " * 100_000,
        "Content-Type": "application/octet-stream",
    }
    url = f"http://localhost:{server.port}/2/files/upload"
    assert requests.post(url, headers=headers, data=b"x", timeout=60).status_code == 431
    simulator.behaviour.header_limit = None
    assert requests.post(url, headers=headers, data=b"x", timeout=60).status_code == 200


def test_a_body_beyond_memory_is_streamed(server: Server, simulator: Simulator) -> None:
    """A body larger than what is kept in memory arrives whole."""
    token = simulator.control.authorise(ALICE)["access_token"]
    data = bytes(range(256)) * 40_000
    headers = {
        "Authorization": f"Bearer {token}",
        "Dropbox-API-Arg": json.dumps({"path": "/big.bin", "content_hash": content_hash(data)}),
        "Content-Type": "application/octet-stream",
    }
    url = f"http://localhost:{server.port}/2/files/upload"
    assert requests.post(url, headers=headers, data=data, timeout=60).status_code == 200
    assert simulator.control.read_file(ALICE, "/big.bin") == data
