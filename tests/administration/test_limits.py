"""Limits: the largest file, the space of each user."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.administration import limits
from minno_dashboard.core.errors import TooLarge
from minno_dashboard.files import limits as file_limits
from minno_dashboard.files import queries, store
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Blob, Node, Tree
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study

SMALL, BIG = b"x" * 40, b"y" * 60


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that holds nothing of other tests: what is stored already takes no more space."""
    monkeypatch.setattr(settings, "BLOB_STORE", str(tmp_path / "blobs"))


@pytest.fixture
def study(alice: User) -> Study:
    """An empty study of alice."""
    return studies.create_study(owner=alice, name="Mood")


def limit(**values: int) -> None:
    save_section(siteconfig.LIMITS, values, {})


def write(study: Study, path: str, content: bytes) -> Node:
    tree = study.versions.order_by("-number")[0].tree
    return files.write_file(tree=tree, path=path, source=content, expected_blob=files.ANYTHING, by=None)


def test_without_limits_everything_fits(study: Study) -> None:
    write(study, "a", BIG)


def test_a_larger_file_is_refused_on_every_way_in(study: Study, alice: User) -> None:
    node = write(study, "a", SMALL)
    large = store.put(BIG)
    limit(file_bytes=50)
    tree = study.versions.get().tree
    with pytest.raises(TooLarge, match="the limit here is 50 bytes"):
        write(study, "b", BIG)
    with pytest.raises(TooLarge):
        files.save_file(node=node, by=alice, source=BIG, expected_blob=files.ANYTHING)
    with pytest.raises(TooLarge):
        files.begin_upload(tree=tree, by=alice, parent=None, path="c", size=60)
    with pytest.raises(TooLarge):
        studies.create_study(
            owner=alice,
            name="Filled",
            fill=lambda tree: files.fill_tree(tree=tree, files={("d",): large}, by=alice),
        )
    assert not Study.objects.filter(name="Filled").exists()
    assert Node.objects.filter(tree=tree).count() == 1
    write(study, "e", SMALL)


def test_a_full_space_takes_nothing_more_and_lets_go(study: Study, alice: User, bob: User) -> None:
    limit(space_bytes=100)
    node = write(study, "a", BIG)
    with pytest.raises(TooLarge, match="Alice Ábel can use 100 bytes; this would make it 101 bytes"):
        write(study, "b", b"z" * 41)
    with pytest.raises(TooLarge, match="Alice Ábel has used 60 bytes of 100 bytes"):
        tree = study.versions.get().tree
        files.begin_upload(tree=tree, by=alice, parent=None, path="b", size=41)
    write(study, "b", SMALL)
    with pytest.raises(TooLarge):
        write(study, "c", b"1")
    files.save_file(node=node, by=alice, source=b"tiny", expected_blob=files.ANYTHING)
    write(study, "c", b"z" * 50)
    own = studies.create_study(owner=bob, name="Own")
    write(own, "a", b"w" * 100)


def test_publishing_costs_no_space(study: Study, alice: User) -> None:
    limit(space_bytes=100)
    write(study, "a", BIG)
    studies.publish(study=study, by=alice)
    studies.new_version(study=study, by=alice)
    write(study, "b", SMALL)


def test_what_a_published_version_keeps_goes_on_counting(study: Study, alice: User) -> None:
    """Else a full space could be filled again and again: publish, overwrite with other bytes as many, publish …"""
    limit(space_bytes=100)
    write(study, "a", BIG)
    studies.publish(study=study, by=alice)
    studies.new_version(study=study, by=alice)
    with pytest.raises(TooLarge, match="this would make it 120 bytes"):
        write(study, "a", b"z" * 60)
    assert write(study, "a", b"tiny").blob


def test_nothing_comes_into_a_full_space_from_another_study(study: Study, alice: User, bob: User) -> None:
    theirs = studies.create_study(owner=bob, name="Theirs")
    large = write(theirs, "folder/large", BIG)
    own = studies.create_study(owner=alice, name="Own")
    write(own, "b", SMALL)
    limit(space_bytes=90)
    tree = study.versions.get().tree
    with pytest.raises(TooLarge):
        files.copy(nodes=[large], to_tree=tree, to=None, by=alice)
    with pytest.raises(TooLarge):
        studies.duplicate_study(study=theirs, by=alice)
    assert set(Study.objects.filter(owner=alice)) == {study, own}
    assert not Node.objects.filter(tree=tree).exists()
    # What is alice's already costs nothing once more.
    files.copy(nodes=[Node.objects.get(name="b")], to_tree=tree, to=None, by=alice)
    studies.duplicate_study(study=own, by=alice)


def test_what_was_deleted_comes_back_only_where_there_is_room(study: Study, alice: User) -> None:
    limit(space_bytes=100)
    gone = write(study, "a", BIG)
    files.delete(nodes=[gone], by=alice)
    write(study, "b", b"z" * 60)
    with pytest.raises(TooLarge):
        files.bring_back(node=gone, by=alice)
    assert Node.objects.get(pk=gone.pk).deleted_at is not None
    files.delete(nodes=[Node.objects.get(name="b")], by=alice)
    assert files.bring_back(node=gone, by=alice).deleted_at is None


def test_an_admin_sets_the_limits(dana: User, as_user: Callable[[User], Client]) -> None:
    client = as_user(dana)
    assert client.post("/admin/configuration/limits/", {"file_mb": "20", "space_mb": ""}).status_code == 302
    assert siteconfig.limits() == siteconfig.LimitSettings(20 * 1024**2, None)
    assert 'value="20"' in client.get("/admin/configuration/").content.decode()
    assert AuditEntry.objects.get(target="Limits").details["file_bytes"] == 20 * 1024**2
    answer = client.post("/admin/configuration/limits/", {"file_mb": "-1", "space_mb": "many"})
    assert answer.status_code == 422
    assert "Enter a whole number" in answer.content.decode()


def test_the_page_says_why_an_upload_is_refused(
    study: Study, alice: User, as_user: Callable[[User], Client]
) -> None:
    limit(file_bytes=50)
    answer = as_user(alice).post(
        f"/studies/{study.public_id}/v1/uploads/whole?path=a.bin&if_there=overwrite",
        BIG,
        content_type="application/octet-stream",
        headers={"x-requested-with": "fetch"},
    )
    assert answer.status_code == 413
    assert "the limit here is 50 bytes" in answer.json()["error"]


def test_a_tree_of_nobody_is_not_limited(db: None) -> None:
    limit(space_bytes=1)
    limits.before(files.create_tree(), 100, 0)
    limits.after(files.create_tree(), 100)
    limits.trim(files.create_tree())
    limits.copies(files.create_tree(), 10**9)


def on_disk() -> int:
    """Return how many bytes the store and the unfinished uploads take."""
    folders = (Path(settings.BLOB_STORE), Path(settings.DATA_DIR) / "uploads")
    return sum(
        one.stat().st_size
        for folder in folders
        if folder.is_dir()
        for one in folder.rglob("*")
        if one.is_file()
    )


@pytest.mark.django_db(transaction=True)
def test_a_refused_upload_leaves_no_bytes_in_the_store(
    study: Study, alice: User, as_user: Callable[[User], Client]
) -> None:
    limit(space_bytes=100_000)
    node = write(study, "a", b"a" * 60_000)
    before, client = on_disk(), as_user(alice)
    address = f"/studies/{study.public_id}/v1/uploads"
    sent = {"content_type": "application/octet-stream", "headers": {"x-requested-with": "fetch"}}
    for path in ("b", "folder/c"):
        answer = client.post(f"{address}/whole?path={path}&if_there=overwrite", b"z" * 50_000, **sent)
        assert answer.status_code == 413
    with pytest.raises(TooLarge):
        files.save_file(node=node, by=alice, source=b"y" * 110_000, expected_blob=files.ANYTHING)
    with pytest.raises(TooLarge):
        write(study, "d", b"x" * 50_000)
    assert on_disk() == before
    assert Blob.objects.count() == 1
    smaller = client.post(f"{address}/whole?path=a&if_there=overwrite", b"s" * 59_000, **sent)
    assert smaller.status_code == 200, "what makes a file smaller is taken"


@pytest.mark.django_db(transaction=True)
def test_unfinished_uploads_count(study: Study, alice: User) -> None:
    limit(space_bytes=100)
    tree = study.versions.get().tree
    uploads = [files.begin_upload(tree=tree, by=alice, parent=None, path=f"{n}", size=60) for n in range(3)]
    files.append_upload(upload=uploads[0], offset=0, piece=SMALL)
    files.append_upload(upload=uploads[1], offset=0, piece=SMALL)
    for upload in uploads[1:]:
        with pytest.raises(TooLarge):
            files.append_upload(upload=upload, offset=upload.received, piece=SMALL)
    with pytest.raises(TooLarge):
        files.begin_upload(tree=tree, by=alice, parent=None, path="more", size=30)
    files.append_upload(upload=uploads[0], offset=40, piece=b"x" * 20)
    assert files.finish_upload(upload=uploads[0], by=alice, if_there=files.IfThere.OVERWRITE)
    limit(space_bytes=70)
    with pytest.raises(TooLarge):
        files.append_upload(upload=uploads[1], offset=40, piece=b"y" * 20)
    files.abandon_upload(upload=uploads[1])
    limit(space_bytes=100)
    files.append_upload(upload=uploads[2], offset=0, piece=SMALL)
    files.abandon_upload(upload=uploads[2])
    last = files.begin_upload(tree=tree, by=alice, parent=None, path="last", size=40)
    files.append_upload(upload=last, offset=0, piece=b"w" * 40)
    limit(space_bytes=90)
    before = on_disk()
    with pytest.raises(TooLarge):
        files.finish_upload(upload=last, by=alice, if_there=files.IfThere.OVERWRITE)
    assert on_disk() == before - 40, "what cannot be taken is dropped"


@pytest.mark.django_db(transaction=True)
def test_history_is_counted_and_bounded_and_the_newest_states_stay(study: Study, alice: User) -> None:
    limit(space_bytes=10_000)
    before = on_disk()
    node = write(study, "a", bytes([0]) * 4_000)
    for number in range(1, 20):
        files.save_file(node=node, by=alice, source=bytes([number]) * 4_000, expected_blob=files.ANYTHING)
    assert on_disk() == before + 4_000 + 8_000, "the file, and two earlier states of it"
    assert [one.blob.size for one in queries.history(node)] == [4_000] * 3
    assert [store.read_verified(one.blob)[0] for one in queries.history(node)] == [19, 18, 17]
    smaller = [
        files.save_file(node=node, by=alice, source=bytes(3_999 - n), expected_blob=files.ANYTHING)
        for n in range(5)
    ]
    assert on_disk() <= before + smaller[-1].blob.size + 10_000


@pytest.mark.django_db(transaction=True)
def test_deleted_files_count_as_history_and_go_after_the_mirror_heard_of_them(
    study: Study, alice: User
) -> None:
    limit(space_bytes=10_000)
    before = on_disk()
    for number in range(6):
        files.delete(nodes=[write(study, f"{number}", bytes([number]) * 4_000)], by=alice)
    assert Node.objects.count() == 6, "no mirror was told yet"
    Tree.objects.update(settled_revision=F("revision"))
    write(study, "new", b"n")
    assert [one.name for one in queries.deleted(study.versions.get().tree)] == ["5", "4"]
    assert on_disk() == before + 8_001


def test_copies_are_bounded_by_number(study: Study, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        node = write(study, f"folder/{number}", SMALL)
    folder = node.parent
    assert folder
    monkeypatch.setattr(file_limits, "MAX_NODES_IN_TREE", 12)
    copy = files.duplicate(node=folder, by=alice)
    for refused in (
        lambda: files.duplicate(node=folder, by=alice),
        lambda: files.copy(nodes=[folder], to_tree=folder.tree, to=copy, by=alice),
    ):
        with pytest.raises(TooLarge, match="15 files and folders; the maximum is 12"):
            refused()
    assert Node.objects.count() == 10
    monkeypatch.setattr(limits, "MAX_NODES_OF_OWNER", 15)
    with pytest.raises(TooLarge, match="more than 15 files"):
        studies.duplicate_study(study=study, by=alice)
    assert Study.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("delete", {"ids": [1] * 2_000_000}),
        ("delete", {"ids": list(range(100_001))}),
        ("uploads/check", {"parent": None, "paths": ["x"] * 100_001}),
        ("here", {"open": [1] * 2_000_000}),
    ],
)
def test_lists_in_requests_are_bounded(
    study: Study, alice: User, as_user: Callable[[User], Client], address: str, body: dict[str, object]
) -> None:
    answer = as_user(alice).post(
        f"/studies/{study.public_id}/v1/{address}",
        json.dumps(body),
        content_type="application/json",
        headers={"x-requested-with": "fetch"},
    )
    assert answer.status_code == 413, answer.content[:200]
