"""`MANIFEST.json` and `verify.py`: written at quiet moments only, and true."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.core.contenthash import Hasher
from minno_dashboard.files import services as files
from minno_dashboard.mirror.models import Link, Manifest, Parked
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.running import manifest
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected

pytestmark = pytest.mark.django_db
NAMES = ["a.js", "folder/é.js", "folder/deep/שלום 😀.txt", "folder/empty.txt", "İ.txt", "i̇.txt"]


def write(study: Study, path: str, data: bytes, by: User) -> None:
    tree = study.versions.order_by("-number")[0].tree
    files.write_file(tree=tree, path=path, source=data, expected_blob=files.ANYTHING, by=by)


@pytest.fixture
def study(world: MirrorWorld, anna: User) -> Study:
    """A study of two versions that stands in the Dropbox."""
    study = studies.create_study(owner=anna, name="Étude שלום", description="What it is", kind="html")
    for name in NAMES:
        write(study, name, b"" if "empty" in name else name.encode() * 9, anna)
    studies.publish(study=study, by=anna, note="The one of the paper")
    studies.new_version(study=study, by=anna)
    write(study, "a.js", b"second", anna)
    world.connect(anna, ANNA)
    world.settle()
    return study


def be_quiet(world: MirrorWorld) -> None:
    world.time.advance(605)
    world.settle()


def read(world: MirrorWorld) -> dict[str, Any]:
    return dict(json.loads(world.control.files(ANNA)["/MANIFEST.json"]))


def test_it_is_not_there_before_a_quiet_moment_and_says_everything_after_it(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    assert "/MANIFEST.json" not in world.control.files(ANNA)
    assert status(anna)["state"] == "proven"
    be_quiet(world)
    found = read(world)
    moment = Manifest.objects.get().describes_at
    assert found["describes"] == f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    rows = {row[0]: row[1:] for row in found["files"]}
    assert rows.keys() == {path[1:] for path in expected(anna)}
    for path, data in expected(anna).items():
        hasher = Hasher()
        hasher.update(data)
        assert rows[path[1:]] == [len(data), hashlib.sha256(data).hexdigest(), hasher.dropbox_hash()]
    (told,) = found["studies"]
    assert (told["name"], told["description"], told["kind"]) == ("Étude שלום", "What it is", "html")
    assert [(one["number"], one["state"]) for one in told["versions"]] == [(1, "published"), (2, "develop")]
    assert told["versions"][0]["note"] == "The one of the paper"
    assert status(anna)["state"] == "proven"


def test_a_save_costs_no_call_more_and_the_proof_stays_green_beside_an_older_manifest(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    be_quiet(world)
    before = world.control.files(ANNA)["/MANIFEST.json"]
    world.control.clear_records()
    write(study, "a.js", b"third", anna)
    world.settle()
    assert world.calls() == ["files/upload", "files/list_folder/continue"]
    assert status(anna)["state"] == "proven"
    assert world.control.files(ANNA)["/MANIFEST.json"] == before
    world.time.advance(300)
    write(study, "a.js", b"fourth", anna)
    world.settle()
    world.time.advance(400)
    world.settle()
    assert world.control.files(ANNA)["/MANIFEST.json"] == before, "only five minutes were quiet"
    be_quiet(world)
    assert world.control.files(ANNA)["/MANIFEST.json"] != before


def test_a_quiet_refresh_is_one_upload_and_the_proof_and_nothing_follows_it(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    be_quiet(world)
    write(study, "a.js", b"third", anna)
    world.settle()
    world.control.clear_records()
    be_quiet(world)
    assert world.calls() == ["files/upload", "files/list_folder/continue"]
    world.control.clear_records()
    world.time.advance(1200)
    world.settle()
    assert world.calls() == []


def test_the_manifest_leaves_out_files_dropbox_refused(world: MirrorWorld, anna: User, study: Study) -> None:
    link = Link.objects.get()
    node = study.versions.get(number=2).tree.nodes.get(name="a.js")
    Parked.objects.create(
        link=link, identity=f"node:{node.pk}", path="x", reason="locked", at=world.time.now()
    )
    found = json.loads("".join(manifest.lines(link, world.time.now())))
    assert "Studies/Étude שלום/v2/a.js" not in [row[0] for row in found["files"]]


def test_the_head_is_read_without_the_files(world: MirrorWorld, anna: User, study: Study) -> None:
    be_quiet(world)
    data = world.control.files(ANNA)["/MANIFEST.json"]
    cut = data.index(b'"files": [') + 40
    pieces = iter([data[:100], data[100:cut]])
    assert manifest.read_head(pieces)["studies"] == read(world)["studies"]
    rewritten = json.dumps(read(world)).encode()
    assert manifest.read_head(iter([rewritten]))["studies"] == read(world)["studies"]
    assert manifest.read_head(iter([b"[]"])) == manifest.read_head(iter([b"{"])) == {}


# --- verify.py, as somebody without the Dashboard runs it ---


def check(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), str(folder)], capture_output=True, timeout=60
    )
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.fixture
def copy(world: MirrorWorld, study: Study, tmp_path: Path) -> Path:
    """The folder as Dropbox's program keeps it on a computer."""
    be_quiet(world)
    for path, data in world.control.files(ANNA).items():
        place = tmp_path / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return tmp_path


def test_a_true_copy_is_identical(copy: Path) -> None:
    code, words = check(copy)
    assert code == 0, words
    assert "IDENTICAL: 12 files here, byte for byte." in words
    assert "as of 20" in words


def test_a_mac_spells_names_apart_and_windows_changes_case(copy: Path) -> None:
    plain = copy / "Studies/Étude שלום/v1/folder/é.js"
    plain.rename(plain.with_name(unicodedata.normalize("NFD", "É.JS")))
    assert check(copy)[0] == 0


@pytest.mark.parametrize(
    ("what", "says"),
    [("gone", "MISSING"), ("longer", "OTHER SIZE"), ("other", "OTHER CONTENT")],
)
def test_each_difference_is_named(copy: Path, what: str, says: str) -> None:
    file = copy / "Studies/Étude שלום/v2/a.js"
    if what == "gone":
        file.unlink()
    else:
        file.write_bytes(b"second!" if what == "longer" else b"sec0nd")
    code, words = check(copy)
    assert code == 1
    assert f"{says}: Studies/" in words
    assert "NOT IDENTICAL: 1 of 12 files" in words


def test_files_of_the_users_own_do_not_count(copy: Path) -> None:
    (copy / "Studies" / "my notes.txt").write_text("mine")
    (copy / "Deleted").mkdir()
    (copy / "Deleted" / "old.js").write_text("old")
    code, words = check(copy)
    assert code == 0
    assert "1 file that the manifest does not name" in words


def test_without_a_usable_manifest_nothing_is_claimed(copy: Path) -> None:
    (copy / "MANIFEST.json").write_text(
        '{"format": "minno-dashboard manifest 1", "files": [["../x", 1, "", ""]]}'
    )
    assert check(copy)[0] == 2
    (copy / "MANIFEST.json").write_text("{")
    assert check(copy)[0] == 2
    (copy / "MANIFEST.json").unlink()
    code, words = check(copy)
    assert code == 2
    assert "NOT CHECKED" in words
