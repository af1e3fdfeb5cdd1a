"""Names, conflicts, revisions, sessions and batches as Dropbox treats them."""

from __future__ import annotations

from typing import Any

import pytest
from dropbox import files
from dropbox.exceptions import ApiError

from dropbox_simulator import Simulator, content_hash
from dropbox_simulator.content import BLOCK_BYTES
from dropbox_simulator.lowercase import TABLE, dropbox_lower

from .conftest import ALICE, BOB, Connect

ADD = files.WriteMode.add
OVERWRITE = files.WriteMode.overwrite


def refusal(call: Any, *args: Any, **options: Any) -> str:
    """Make a call that must fail; give the tags of its error."""
    with pytest.raises(ApiError) as caught:
        call(*args, **options)
    tags, error = [], caught.value.error
    while error is not None:
        if hasattr(error, "reason"):
            error = error.reason
            continue
        if not hasattr(error, "_tag"):
            break
        tags.append(error._tag)
        error = error._value
    return "/".join(tags)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"hello world", "bc62d4b80d9e36da29c16c5d4d9f11731f36052c72401a76c23c0fb5a9b74423"),
        (b"a" * 4096, "3f5b72e416ba7c708fdc15a4566d6f833e2ab43c86a8b81424afc9c7784c84c2"),
        (bytes(BLOCK_BYTES), "c7e946d101855255d919ef0c70718633adf77d3dfb3adeeecf5d0cb4e951be58"),
        (bytes(BLOCK_BYTES + 1), "14a4d47f23a30177885d9820122f17d2d3a55fe63f7f5c27b95f689e0b2accd6"),
    ],
)
def test_content_hashes_match_the_published_ones(data: bytes, expected: str) -> None:
    """Blocks of 4 MiB, hash of hashes."""
    assert content_hash(data) == expected


def test_lower_casing_is_that_of_unicode_4_1() -> None:
    """893 pairs; the cases in which today's rules differ."""
    assert len(TABLE) == 893
    assert dropbox_lower("H\u0130 THÉRE ΣΣΣ") == "hi thére σσσ"
    assert dropbox_lower("\ua64a\u0243ß") == "\ua64a\u0243ß"
    assert dropbox_lower("\u0241") == "\u0294"
    assert dropbox_lower("e\u0301") == "\u00e9"
    assert all(TABLE.get(lower, lower) == lower for lower in TABLE.values())


def test_paths_are_case_insensitive_and_keep_their_case(client: Any) -> None:
    """The first spelling stays; NFC and NFD are one name."""
    first = client.files_upload(b"1", "/Studý/A.txt")
    again = client.files_upload(b"2", "/STUDY\u0301/a.TXT", mode=OVERWRITE)
    assert (again.id, again.path_display) == (first.id, "/Studý/A.txt")


@pytest.mark.parametrize(
    ("path", "tags"),
    [
        ("/a\\b", "path/malformed_path"),
        ("/a//b", "path/malformed_path"),
        ("/a/", "path/malformed_path"),
        ("/a/../b", "path/malformed_path"),
        ("/x ", "path/malformed_path"),
        ("/" + "x" * 256, "path/malformed_path"),
        ("/" + "😀" * 128, "path/malformed_path"),
        ("/Thumbs.DB", "path/disallowed_name"),
        ("/dir/.DS_Store", "path/disallowed_name"),
    ],
)
def test_names_dropbox_refuses(client: Any, simulator: Simulator, path: str, tags: str) -> None:
    """malformed_path and disallowed_name."""
    assert refusal(client.files_upload, b"x", path) == tags
    assert simulator.control.tree(ALICE) == {}


def test_emoji_are_a_switch(client: Any, simulator: Simulator) -> None:
    """Names beyond the BMP were refused until 2025."""
    client.files_upload(b"x", "/😀")
    simulator.behaviour.emoji = False
    assert refusal(client.files_upload, b"x", "/😁") == "path/malformed_path"


def test_write_modes(client: Any) -> None:
    """add, overwrite and update(rev), with and without strict_conflict."""
    first = client.files_upload(b"one", "/a", mode=ADD)
    assert client.files_upload(b"one", "/a", mode=ADD).rev == first.rev
    assert refusal(client.files_upload, b"two", "/a", mode=ADD) == "path/conflict/file"
    assert refusal(client.files_upload, b"one", "/a", mode=ADD, strict_conflict=True) == "path/conflict/file"
    second = client.files_upload(b"two", "/a", mode=files.WriteMode.update(first.rev))
    assert (second.id, second.rev != first.rev) == (first.id, True)
    stale = files.WriteMode.update(first.rev)
    assert refusal(client.files_upload, b"three", "/a", mode=stale) == "path/conflict/file"
    client.files_delete_v2("/a")
    strict = {"mode": files.WriteMode.update(second.rev), "strict_conflict": True}
    assert refusal(client.files_upload, b"three", "/a", **strict) == "path/conflict/file"
    client.files_upload(b"three", "/a", mode=files.WriteMode.update(second.rev))
    client.files_create_folder_v2("/folder")
    assert refusal(client.files_upload, b"x", "/folder", mode=OVERWRITE) == "path/conflict/folder"
    assert refusal(client.files_upload, b"x", "/a/b/c") == "path/conflict/file_ancestor"
    assert client.files_upload(b"4", "/a", mode=ADD, autorename=True).name == "a (1)"


def test_moves(client: Any, simulator: Simulator) -> None:
    """No overwriting, no moving into oneself, ids kept, case-only moves by a switch."""
    file = client.files_upload(b"x", "/dir/a.txt")
    client.files_upload(b"y", "/b.txt")
    assert refusal(client.files_move_v2, "/dir/a.txt", "/B.TXT") == "to/conflict/file"
    assert refusal(client.files_move_v2, "/dir", "/dir/below/x") == "cant_move_folder_into_itself"
    assert refusal(client.files_move_v2, "/nowhere", "/x") == "from_lookup/not_found"
    assert refusal(client.files_move_v2, "/dir", "/b.txt/x") == "to/conflict/file_ancestor"
    client.files_move_v2("/dir", "/other/place")
    moved = client.files_get_metadata("/other/place/a.txt")
    assert (moved.id, moved.rev == file.rev) == (file.id, False)
    assert client.files_move_v2("/b.txt", "/B.txt").metadata.name == "b.txt"
    simulator.behaviour.case_only_move = "rename"
    assert client.files_move_v2("/b.txt", "/B.txt").metadata.name == "B.txt"
    simulator.behaviour.case_only_move = "conflict"
    assert refusal(client.files_move_v2, "/b.txt", "/b.txt") == "to/conflict/file"
    simulator.behaviour.relocation_limit = 2
    assert refusal(client.files_move_v2, "/other", "/elsewhere") == "too_many_files"


def test_revs_survive_moves_when_the_switch_says_so(client: Any, simulator: Simulator) -> None:
    """The other setting of move_changes_rev."""
    simulator.behaviour.move_changes_rev = False
    file = client.files_upload(b"x", "/dir/a.txt")
    client.files_move_v2("/dir", "/other")
    assert client.files_get_metadata("/other/a.txt").rev == file.rev


def test_an_id_comes_back_with_its_path_but_never_twice(client: Any, simulator: Simulator) -> None:
    simulator.behaviour.delete_forgets_id = False
    first = client.files_upload(b"1", "/a.txt").id
    client.files_delete_v2("/a.txt")
    assert client.files_upload(b"2", "/a.txt").id == first
    client.files_move_v2("/a.txt", "/b.txt")
    assert client.files_upload(b"3", "/a.txt").id != first


def test_deletes_keep_history(client: Any) -> None:
    """A deleted file can be seen and restored; parent_rev protects."""
    file = client.files_upload(b"x", "/dir/a.txt")
    assert refusal(client.files_delete_v2, "/dir/a.txt", parent_rev="0164b8fff") == "path_write/conflict/file"
    client.files_delete_v2("/dir")
    assert refusal(client.files_delete_v2, "/dir") == "path_lookup/not_found"
    assert isinstance(client.files_get_metadata("/dir/a.txt", include_deleted=True), files.DeletedMetadata)
    revisions = client.files_list_revisions("/dir/a.txt")
    assert (revisions.is_deleted, len(revisions.entries)) == (True, 1)
    assert client.files_restore("/dir/a.txt", file.rev).content_hash == file.content_hash
    assert refusal(client.files_restore, "/dir/a.txt", "0164b8fff") == "invalid_revision"


def test_quota(client: Any, simulator: Simulator) -> None:
    """Uploads and copies are refused, deletes make room."""
    client.files_upload(b"x" * 60, "/a")
    simulator.control.set_quota(ALICE, 100)
    assert refusal(client.files_upload, b"y" * 60, "/b") == "path/insufficient_space"
    assert refusal(client.files_copy_v2, "/a", "/b") == "insufficient_quota"
    client.files_upload(b"z" * 90, "/a", mode=OVERWRITE)
    client.files_delete_v2("/a")
    assert client.users_get_space_usage().used == 0


def cursor(id: str, offset: int) -> Any:
    """Make a session cursor."""
    return files.UploadSessionCursor(id, offset)


def test_sequential_sessions(client: Any, simulator: Simulator) -> None:
    """Offsets, closing, consumption, survival of a failed commit, expiry."""
    id = client.files_upload_session_start(b"abc").session_id
    append = client.files_upload_session_append_v2
    finish = client.files_upload_session_finish
    assert refusal(append, b"x", cursor(id, 5)) == "incorrect_offset"
    append(b"def", cursor(id, 3), close=True)
    assert refusal(append, b"x", cursor(id, 6)) == "closed"
    client.files_upload(b"taken", "/taken")
    assert refusal(finish, b"", cursor(id, 6), files.CommitInfo("/taken")) == "path/conflict/file"
    assert finish(b"", cursor(id, 6), files.CommitInfo("/free")).size == 6
    assert refusal(finish, b"", cursor(id, 6), files.CommitInfo("/free2")) == "lookup_failed/not_found"
    late = client.files_upload_session_start(b"abc").session_id
    simulator.clock.advance(8 * 24 * 3600)
    assert refusal(append, b"x", cursor(late, 3)) == "not_found"


def test_concurrent_sessions(client: Any) -> None:
    """Pieces in any order, multiples of 4 MiB, closed by the last."""
    kind = files.UploadSessionType.concurrent
    start = client.files_upload_session_start
    assert refusal(start, b"x", session_type=kind) == "concurrent_session_data_not_allowed"
    assert refusal(start, b"", close=True, session_type=kind) == "concurrent_session_close_not_allowed"
    id = start(b"", session_type=kind).session_id
    append = client.files_upload_session_append_v2
    finish = client.files_upload_session_finish
    one, two, three = bytes(BLOCK_BYTES), b"\1" * BLOCK_BYTES, b"end"
    assert refusal(append, b"odd", cursor(id, 0)) == "concurrent_session_invalid_data_size"
    assert refusal(append, one, cursor(id, 7)) == "concurrent_session_invalid_offset"
    append(three, cursor(id, 2 * BLOCK_BYTES), close=True)
    commit = files.CommitInfo("/big")
    whole = cursor(id, 2 * BLOCK_BYTES + 3)
    assert refusal(finish, b"", whole, commit) == "concurrent_session_missing_data"
    append(two, cursor(id, BLOCK_BYTES))
    append(one, cursor(id, 0))
    assert finish(b"", whole, commit).content_hash == content_hash(one + two + three)


def test_hashes_are_checked_and_sessions_are_ones_own(connect: Connect, simulator: Simulator) -> None:
    """A wrong content_hash is refused; another account's session is not found."""
    alice, bob = connect(ALICE), connect(BOB)
    wrong = content_hash(b"other")
    assert refusal(alice.files_upload, b"x", "/a", content_hash=wrong) == "content_hash_mismatch"
    id = alice.files_upload_session_start(b"abc").session_id
    assert refusal(bob.files_upload_session_append_v2, b"x", cursor(id, 3)) == "not_found"
    alice.files_upload(b"x", "/a")
    assert simulator.control.tree(BOB) == {}


def test_batches_of_moves_refuse_what_overlaps(client: Any) -> None:
    """The same path twice, or one inside the other, fails entry by entry."""
    for name in ("a", "b", "dir/c"):
        client.files_upload(name.encode(), f"/{name}")
    pairs = [("/a", "/x"), ("/A", "/y"), ("/b", "/z"), ("/dir/c", "/w"), ("/dir", "/v")]
    launched = client.files_move_batch_v2([files.RelocationPath(*pair) for pair in pairs])
    entries = client.files_move_batch_check_v2(launched.get_async_job_id()).get_complete().entries
    assert [entry.is_success() for entry in entries] == [False, False, True, False, False]
    failure = entries[0].get_failure().get_relocation_error()
    assert failure.is_duplicated_or_nested_paths()


def test_batches_of_moves_compare_names_as_dropbox_does(client: Any) -> None:
    client.files_upload(b"1", "/Studý")
    client.files_upload(b"2", "/b")
    pairs = [("/STUDY\u0301", "/x"), ("/b", "/studý")]
    launched = client.files_move_batch_v2([files.RelocationPath(*pair) for pair in pairs])
    entries = client.files_move_batch_check_v2(launched.get_async_job_id()).get_complete().entries
    assert [entry.is_success() for entry in entries] == [False, False]
