"""Files in pieces: resumed after anything, refused when they do not fit, collected when forgotten."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, NotFound, TooLarge
from minno_dashboard.files import queries, removal, services, store
from minno_dashboard.files.models import Node, Tree, Upload
from minno_dashboard.files.services import uploads
from tests.files.conftest import at, revision, shown

Put = Callable[..., Node]
OVERWRITE = services.IfThere.OVERWRITE


def begin(tree: Tree, size: int, path: str = "video.mp4", parent: Node | None = None) -> Upload:
    return services.begin_upload(tree=tree, by=None, parent=parent, path=path, size=size)


def test_a_file_arrives_in_pieces_and_the_tree_changes_once(tree: Tree) -> None:
    content = os.urandom(100_000)
    upload = begin(tree, len(content), "films/one/video.mp4")
    for start in range(0, len(content), 30_000):
        piece = content[start : start + 30_000]
        assert services.append_upload(upload=upload, offset=start, piece=piece) == start + len(piece)
    assert revision(tree) == 0
    node = services.finish_upload(upload=upload, by=None, if_there=OVERWRITE)
    assert shown(tree)["films/one/video.mp4"] == content
    assert revision(tree) == 1
    assert node
    assert [version.how for version in queries.history(node)] == ["uploaded"]
    assert not uploads.file_of(upload).exists()
    with pytest.raises(NotFound):
        queries.get_upload(tree=tree, public_id=upload.public_id)


def test_a_wrong_offset_is_answered_with_the_right_one(tree: Tree) -> None:
    upload = begin(tree, 10)
    services.append_upload(upload=upload, offset=0, piece=b"12345")
    for offset in (0, 4, 6, 10):
        with pytest.raises(services.UploadOffset, match="5 bytes") as refusal:
            services.append_upload(upload=upload, offset=offset, piece=b"x")
        assert refusal.value.offset == 5
    with pytest.raises(services.UploadOffset):
        services.finish_upload(upload=upload, by=None, if_there=OVERWRITE)


def test_half_a_piece_written_before_a_crash_is_cut_off(tree: Tree) -> None:
    upload = begin(tree, 10)
    services.append_upload(upload=upload, offset=0, piece=b"12345")
    with uploads.file_of(upload).open("ab") as stream:
        stream.write(b"half a pie")
    resumed = queries.get_upload(tree=tree, public_id=upload.public_id)
    assert resumed.received == 5
    services.append_upload(upload=resumed, offset=5, piece=b"67890")
    services.finish_upload(upload=resumed, by=None, if_there=OVERWRITE)
    assert shown(tree) == {"video.mp4": b"1234567890"}


def test_pieces_that_are_gone_from_the_disk_are_asked_for_again(tree: Tree) -> None:
    upload = begin(tree, 5)
    services.append_upload(upload=upload, offset=0, piece=b"12345")
    uploads.file_of(upload).write_bytes(b"12")
    with pytest.raises(services.UploadOffset) as refusal:
        services.finish_upload(upload=upload, by=None, if_there=OVERWRITE)
    assert refusal.value.offset == 2
    services.append_upload(upload=upload, offset=2, piece=b"345")
    services.finish_upload(upload=upload, by=None, if_there=OVERWRITE)
    assert shown(tree) == {"video.mp4": b"12345"}


def test_more_than_was_announced_is_refused(tree: Tree) -> None:
    upload = begin(tree, 4)
    with pytest.raises(TooLarge):
        services.append_upload(upload=upload, offset=0, piece=b"12345")
    with pytest.raises(TooLarge):
        services.append_upload(upload=upload, offset=0, piece=bytes(16 * 1024 * 1024 + 1))
    with pytest.raises(TooLarge, match="at most 50 GB"):
        begin(tree, 51 * 1024**3)
    with pytest.raises(Invalid):
        begin(tree, -1)
    with pytest.raises(Invalid, match="device"):
        begin(tree, 1, "con.txt")


def test_an_empty_file_needs_no_piece(tree: Tree) -> None:
    services.finish_upload(upload=begin(tree, 0, "empty"), by=None, if_there=OVERWRITE)
    assert shown(tree) == {"empty": b""}


def test_what_cannot_be_put_now_can_be_finished_another_way(tree: Tree, put: Put) -> None:
    put("video.mp4/inside")
    upload = begin(tree, 3)
    services.append_upload(upload=upload, offset=0, piece=b"abc")
    with pytest.raises(Invalid, match="cannot replace it"):
        services.finish_upload(upload=upload, by=None, if_there=OVERWRITE)
    services.finish_upload(upload=upload, by=None, if_there=services.IfThere.KEEP_BOTH)
    assert shown(tree)["video (2).mp4"] == b"abc"


def test_a_folder_deleted_meanwhile_refuses_the_file_and_keeps_the_bytes(tree: Tree, put: Put) -> None:
    put("a/b")
    upload = begin(tree, 3, parent=at(tree, "a"))
    services.append_upload(upload=upload, offset=0, piece=b"abc")
    folder = at(tree, "a")
    services.delete(nodes=[folder], by=None)
    with pytest.raises(NotFound):
        services.finish_upload(upload=upload, by=None, if_there=OVERWRITE)
    services.bring_back(node=folder, by=None)
    services.finish_upload(upload=upload, by=None, if_there=OVERWRITE)
    assert shown(tree)["a/video.mp4"] == b"abc"


def test_an_abandoned_upload_leaves_nothing(tree: Tree) -> None:
    upload = begin(tree, 5)
    services.append_upload(upload=upload, offset=0, piece=b"123")
    services.abandon_upload(upload=upload)
    services.abandon_upload(upload=upload)
    assert not uploads.file_of(upload).exists()
    with pytest.raises(NotFound):
        services.append_upload(upload=upload, offset=3, piece=b"45")


def test_uploads_forgotten_for_seven_days_are_collected(tree: Tree) -> None:
    forgotten, recent = begin(tree, 5), begin(tree, 5)
    services.append_upload(upload=forgotten, offset=0, piece=b"123")
    Upload.objects.filter(pk=forgotten.pk).update(changed_at=clock.now() - timedelta(days=8))
    assert uploads.collect_uploads() == 1
    assert list(Upload.objects.all()) == [recent]
    assert not uploads.file_of(forgotten).exists()


def test_the_bytes_of_an_upload_that_waits_for_its_name_are_not_collected(tree: Tree, put: Put) -> None:
    put("video.mp4/inside")
    upload = begin(tree, 3)
    services.append_upload(upload=upload, offset=0, piece=b"abc")
    with pytest.raises(Invalid):
        services.finish_upload(upload=upload, by=None, if_there=OVERWRITE)
    removal.collect()
    blob = Upload.objects.get(pk=upload.pk).blob
    assert blob
    assert blob.unreferenced_since is None


def test_pieces_that_no_upload_knows_of_are_collected(tree: Tree) -> None:
    orphan, going_on = begin(tree, 5), begin(tree, 5)
    for upload in (orphan, going_on):
        services.append_upload(upload=upload, offset=0, piece=b"123")
        old = clock.now().timestamp() - 8 * 86_400
        os.utime(uploads.file_of(upload), (old, old))
    Upload.objects.filter(pk=orphan.pk).delete()  # as when its study is removed while a process is killed
    uploads.collect_uploads()
    assert not uploads.file_of(orphan).exists()
    assert uploads.file_of(going_on).exists()


def test_a_new_upload_has_its_name_on_the_disk_before_its_first_piece_is_acknowledged(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    real = store.sync_folder
    monkeypatch.setattr(store, "sync_folder", lambda folder: (synced.append(folder), real(folder)))
    upload = begin(tree, 6)
    services.append_upload(upload=upload, offset=0, piece=b"123")
    assert synced == [uploads.file_of(upload).parent]
    services.append_upload(upload=upload, offset=3, piece=b"456")
    assert len(synced) == 1
