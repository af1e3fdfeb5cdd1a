"""Studies back from a Dropbox: byte by byte, whatever happens on the way, and from the folder alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotAllowed, NotFound
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Blob, FileVersion, Node, Tree
from minno_dashboard.jobs.lease import claim
from minno_dashboard.mirror.connecting.services import confirm_removal
from minno_dashboard.mirror.dropbox_api import client, oauth_calls
from minno_dashboard.mirror.models import READ_SCOPE, Link, Restore
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.restoring import restore
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study, Version
from tests.mirror.conftest import ANNA, MirrorWorld, expected, person, tree_files

pytestmark = pytest.mark.django_db
NAME = "Étude שלום"
PATH = f"/Studies/{NAME}"


def write(study: Study, path: str, data: bytes, by: User) -> None:
    tree = study.versions.order_by("-number")[0].tree
    files.write_file(tree=tree, path=path, source=data, expected_blob=files.ANYTHING, by=by)


def be_quiet(world: MirrorWorld) -> None:
    world.time.advance(605)
    world.settle()


@pytest.fixture
def study(world: MirrorWorld, anna: User) -> Study:
    """A study of three versions, the newest in development, that stands in the Dropbox with its manifest."""
    study = studies.create_study(owner=anna, name=NAME, description="What it is", kind="html")
    for name in ["a.js", "folder/é.js", "folder/deep/😀.txt", "empty.txt", "folder/twin.js"]:
        write(study, name, b"" if "empty" in name else name.encode() * 50, anna)
    write(study, "copy of a.js", b"a.js" * 50, anna)
    files.make_folder(tree=study.versions.get().tree, parent=None, name="an empty folder", by=anna)
    studies.publish(study=study, by=anna, note="The one of the paper")
    studies.new_version(study=study, by=anna)
    write(study, "a.js", b"second", anna)
    studies.publish(study=study, by=anna)
    studies.new_version(study=study, by=anna)
    write(study, "large.bin", bytes(range(256)) * 4096 * 5, anna)
    world.connect(anna, ANNA)
    world.settle()
    be_quiet(world)
    return study


def allow_reading() -> None:
    """The user said yes at Dropbox; the simulator's tokens carry all scopes of the app already."""
    for link in Link.objects.all():
        Link.objects.filter(pk=link.pk).update(scopes=" ".join((*oauth_calls.SCOPES, READ_SCOPE)))


def work(world: MirrorWorld, most: int = 60) -> None:
    """Let restores work and wait until none is open."""
    for _ in range(most):
        if task := restore.DueRestores().claim_next("test:1:bb"):
            task()
        elif Restore.objects.filter(state=Restore.State.OPEN).exists():
            world.time.advance(320)
        else:
            return
    raise AssertionError(f"still open: {Restore.objects.get().last_error}")


def shown(study: Study) -> dict[int, tuple[str, dict[str, bytes], set[str]]]:
    """Return what a study holds: for each version its state, its files with their bytes, its folders."""
    found = {}
    for version in study.versions.order_by("number"):
        folders = Node.objects.filter(tree=version.tree, deleted_at=None, is_folder=True)
        found[version.number] = (
            version.state,
            tree_files(version.tree),
            set(folders.values_list("name", flat=True)),
        )
    return found


def lose_everything() -> None:
    """The server burns down; what remains is the folder in the Dropbox."""
    Link.objects.all().delete()
    Study._base_manager.all().delete()
    FileVersion.objects.all().delete()
    Tree.objects.all().delete()
    Blob.objects.all().delete()
    shutil.rmtree(Path(settings.BLOB_STORE))


def test_an_empty_server_pointed_at_the_folder_rebuilds_the_studies(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    other = studies.create_study(owner=anna, name="Other", description="two")
    write(other, "b.js", b"other", anna)
    world.settle()
    be_quiet(world)
    before = {one.name: shown(one) for one in Study.objects.all()}
    in_dropbox = world.files(ANNA)
    lose_everything()
    zoe = person("zoe")
    link = world.connect(zoe, ANNA)
    allow_reading()
    world.settle()
    assert status(zoe)["state"] == "needs_user", (
        "the mirror asks before it writes beside what it does not know"
    )
    assert world.files(ANNA) == in_dropbox, "an empty Dashboard leaves the folder alone"
    found = restore.studies_of(link)
    assert [(one.path, one.versions) for one in found] == [(PATH, (1, 2, 3)), ("/Studies/Other", (1,))][
        :2
    ] or found
    for one in found:
        restore.ask(user=zoe, path=one.path)
    work(world)
    assert {one.name: shown(one) for one in Study.objects.filter(owner=zoe)} == before
    back = Study.objects.get(name=NAME)
    assert (back.description, back.kind) == ("What it is", "html")
    assert [one.note for one in back.versions.order_by("number")] == ["The one of the paper", "", ""]
    assert all(version.tree.is_frozen for version in back.versions.filter(state="published"))
    assert not [one.problems for one in Restore.objects.all() if one.problems]
    world.control.clear_records()
    world.settle()
    found_there = world.files(ANNA)
    asides = [path for path in found_there if path.startswith("/.minno-dashboard (changed in Dropbox")]
    assert len(asides) == 1, "the marker of the lost server is kept"
    del found_there[asides[0]]
    assert found_there == in_dropbox == expected(zoe)
    assert [route for route in world.calls() if "upload" in route] == ["files/upload"], (
        "what lies there is taken over, not sent; only the new marker is"
    )
    assert status(zoe)["state"] == "proven"


def test_without_a_manifest_the_folders_tell_enough(world: MirrorWorld, anna: User, study: Study) -> None:
    before = shown(study)
    lose_everything()
    world.control.delete(ANNA, "/MANIFEST.json")
    zoe = person("zoe")
    world.connect(zoe, ANNA)
    allow_reading()
    world.settle()
    restore.ask(user=zoe, path=PATH)
    work(world)
    back = Study.objects.get(owner=zoe)
    assert shown(back) == before
    assert back.kind == "minnojs"


def test_a_manifest_that_was_put_aside_is_found(world: MirrorWorld, anna: User, study: Study) -> None:
    lose_everything()
    zoe = person("zoe")
    world.connect(zoe, ANNA)
    allow_reading()
    write(studies.create_study(owner=zoe, name="New here"), "c.js", b"c", zoe)
    world.settle()
    confirm_removal(user=zoe, accept=True)
    world.settle()
    be_quiet(world)
    assert [path for path in world.control.files(ANNA) if path.startswith("/MANIFEST (")]
    restore.ask(user=zoe, path=PATH)
    work(world)
    assert Study.objects.get(name=NAME).description == "What it is"


def test_restoring_a_study_that_still_exists_makes_a_second_one(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    allow_reading()
    before = shown(study)
    world.control.clear_records()
    for _ in range(2):
        restore.ask(user=anna, path=PATH)
        work(world)
    names = set(Study.objects.values_list("name", flat=True))
    assert names == {NAME, f"{NAME} (restored)", f"{NAME} (restored) (2)"}
    for one in Study.objects.all():
        assert shown(one) == before
    assert "files/download" in world.calls(), "the manifest"
    assert world.calls().count("files/download") == 2, "bytes that are here already are not fetched"


def test_what_the_user_changed_in_dropbox_comes_back_changed(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    allow_reading()
    world.control.write_file(ANNA, f"{PATH}/v3/a.js", b"edited in Dropbox")
    restore.ask(user=anna, path=PATH)
    work(world)
    back = Study.objects.get(name=f"{NAME} (restored)")
    assert tree_files(back.versions.get(number=3).tree)["/a.js"] == b"edited in Dropbox"
    assert tree_files(study.versions.get(number=3).tree)["/a.js"] == b"second"


@pytest.fixture
def elsewhere(world: MirrorWorld, study: Study) -> tuple[User, dict[int, object]]:
    """A new server on which nothing is stored, pointed at the folder; and what it should get back."""
    before = shown(study)
    lose_everything()
    zoe = person("zoe")
    world.connect(zoe, ANNA)
    allow_reading()
    world.settle()
    return zoe, dict(before)


FAULTS = {
    "the line breaks in the middle": lambda: faults.truncate(),
    "the connection is reset": lambda: faults.reset(),
    "Dropbox has troubles": lambda: faults.status(503),
    "Dropbox asks to wait": lambda: faults.throttle(retry_after=15),
    "no answer": lambda: faults.hang(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_restore_continues_after(
    world: MirrorWorld, elsewhere: tuple[User, dict[int, object]], fault: str
) -> None:
    zoe, before = elsewhere
    restore.ask(user=zoe, path=PATH)
    world.control.add_fault(FAULTS[fault](), route="files/download", nth=(3, 4, 5))
    work(world)
    row = Restore.objects.get()
    assert (row.state, row.problems) == (Restore.State.DONE, [])
    assert row.study is not None
    assert shown(row.study) == before
    assert (row.files_done, row.bytes_done) == (row.files, row.bytes)


def test_an_outage_ends_with_a_sentence_and_asking_again_fetches_only_the_rest(
    world: MirrorWorld, elsewhere: tuple[User, dict[int, object]]
) -> None:
    zoe, before = elsewhere
    world.control.add_fault(faults.status(503), route="files/download", nth=tuple(range(5, 500)))
    restore.ask(user=zoe, path=PATH)
    work(world)
    assert Restore.objects.get().state == Restore.State.FAILED
    assert "restore again" in Restore.objects.get().sentence
    assert not Study.objects.exists()
    kept = Blob.objects.count()
    world.control.clear_faults()
    world.control.clear_records()
    restore.ask(user=zoe, path=PATH)
    work(world)
    assert shown(Study.objects.get()) == before
    assert 0 < kept < Blob.objects.count()
    assert world.calls().count("files/download") <= 1 + Blob.objects.count() - kept, (
        "the manifest, and the rest"
    )


def test_the_read_permission_is_requested_only_for_a_restore(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    assert READ_SCOPE not in oauth_calls.SCOPES
    with pytest.raises(NotAllowed, match="Dropbox asks you for this permission once"):
        restore.ask(user=anna, path=PATH)
    allow_reading()
    with pytest.raises(NotFound):
        restore.ask(user=anna, path="/Studies/Nothing")


def test_a_token_that_may_not_read_ends_with_a_sentence(world: MirrorWorld, anna: User, study: Study) -> None:
    allow_reading()
    restore.ask(user=anna, path=PATH)
    error = {".tag": "missing_scope", "required_scope": READ_SCOPE}
    world.control.add_fault(faults.json_error(401, error), route="files/download")
    work(world)
    assert Restore.objects.get().state == Restore.State.FAILED
    assert "Nothing was restored" in Restore.objects.get().sentence
    assert Link.objects.get().state == Link.State.ACTIVE


def test_bytes_that_are_not_what_dropbox_says_are_not_taken(
    world: MirrorWorld, elsewhere: tuple[User, dict[int, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    zoe, _ = elsewhere
    true = client.DropboxPort.download

    def bent(port: client.DropboxPort, rev: str, *, offset: int = 0) -> Iterator[bytes]:
        for piece in true(port, rev, offset=offset):
            yield piece.replace(b"twin", b"tw1n")

    monkeypatch.setattr(client.DropboxPort, "download", bent)
    restore.ask(user=zoe, path=PATH)
    work(world)
    row = Restore.objects.get()
    assert row.study is not None
    assert (
        len(
            [one for one in row.problems if one.endswith("folder/twin.js: its content could not be fetched.")]
        )
        == 3
    )
    for version in row.study.versions.all():
        assert "/folder/twin.js" not in tree_files(version.tree)


def test_asking_twice_is_one_restore_and_a_second_worker_does_not_double_it(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    allow_reading()
    assert restore.ask(user=anna, path=PATH).pk == restore.ask(user=anna, path=PATH).pk
    first = restore.DueRestores().claim_next("test:1:bb")
    world.time.advance(300)  # it sleeps past its lease
    second = restore.DueRestores().claim_next("test:2:bb")
    assert first is not None
    assert second is not None
    second()
    first()
    assert Study.objects.count() == 2
    assert Version.objects.count() == 6


def test_a_restore_that_a_worker_ended_meanwhile_is_not_done_again(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    allow_reading()
    row = restore.ask(user=anna, path=PATH)
    task = restore.DueRestores().claim_next("test:1:bb")
    assert task is not None
    stale = Restore.objects.get(pk=row.pk)  # as the command sees it while the worker is at it
    task()
    count = Study.objects.count()
    lease = claim(stale, owner="test:2:cc", seconds=60)
    assert lease is not None
    restore.run(stale.pk, lease)
    assert Study.objects.count() == count
    assert Restore.objects.get(pk=row.pk).lease_until is None
