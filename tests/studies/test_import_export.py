"""Studies in from folders and zips, and out again; hostile ones are refused whole, with a list."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.conf import settings

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import Invalid, Refused
from minno_dashboard.files import queries as files
from minno_dashboard.files import store
from minno_dashboard.studies import commands, exports, imports, queries, services, starters
from minno_dashboard.studies.models import Study
from tests.studies.conftest import write

CONTENT = {
    "index.html": b"<html>",
    "images/cat.jpg": bytes(range(256)) * 300,
    "images/שלום 🎉.png": b"party",
    "empty.txt": b"",
    "bom.js": b"\xef\xbb\xbfa\r\nb",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files of all kinds and an empty folder."""
    folder = tmp_path / "study"
    for path, content in CONTENT.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "nothing").mkdir()
    return folder


def bring_in(owner: User, source: Path, name: str = "Imported") -> Study:
    return imports.import_study(owner=owner, name=name, source=source, kind="html").study


def content_of(study: Study) -> dict[str, bytes]:
    tree = queries.newest_version(study).tree
    nodes = {entry.path: files.get_node(tree=tree, node_id=entry.id) for entry in files.listing(tree)}
    return {path: store.read_verified(node.blob) for path, node in nodes.items() if node.blob}


def zipped(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def problems(owner: User, source: Path) -> str:
    """Return why an import is refused, having seen that nothing came in."""
    with pytest.raises(imports.ImportRefused) as refusal:
        bring_in(owner, source)
    assert not Study.objects.exists()
    return "\n".join(refusal.value.problems)


def test_a_folder_comes_in_and_goes_out_byte_for_byte(alice: User, folder: Path, tmp_path: Path) -> None:
    study = bring_in(alice, folder)
    assert content_of(study) == CONTENT
    version = queries.newest_version(study)
    assert version.tree.revision == 1
    assert exports.export_version(version=version, target=tmp_path / "out").files == len(CONTENT)
    out = {str(p.relative_to(tmp_path / "out")): p for p in (tmp_path / "out").rglob("*")}
    assert {path: p.read_bytes() for path, p in out.items() if p.is_file()} == CONTENT
    assert (tmp_path / "out" / "nothing").is_dir()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"index.html": b"<p>", "task.js": b"define(['pipAPI'], f)"}, "html"),
        ({"mgr.js": b"define(['managerAPI'], f)", "pages/text.html": b"<p>"}, "minnojs"),
        ({"pages/first.html": b"<p>", "app.js": b"let a = 1"}, "html"),
        ({"app.js": b"let a = 1"}, "minnojs"),
        ({"photo.png": b"x"}, "html"),
    ],
)
def test_an_import_recognises_the_kind_of_study(
    alice: User, tmp_path: Path, run: Callable[..., Result], content: dict[str, bytes], kind: str
) -> None:
    source = zipped(tmp_path / "study.zip", *content.items())
    assert run("import-study", "--owner", "alice", "--name", "Seen", str(source)).exit_code == 0
    assert Study.objects.get().kind == kind
    assert (
        run("import-study", "--owner", "alice", "--name", "Said", "--kind", "minnojs", str(source)).exit_code
        == 0
    )
    assert Study.objects.get(name="Said").kind == "minnojs"


@pytest.mark.parametrize("example", starters.EXAMPLES, ids=lambda one: one.slug)
def test_an_imported_example_is_of_its_own_kind_as_in_the_demo(
    alice: User, example: starters.Example
) -> None:
    source = Path(starters.__file__).parent / "examples" / example.slug
    assert imports.import_study(owner=alice, name="In", source=source).study.kind == example.kind


def test_a_zip_goes_out_and_comes_in_byte_for_byte(alice: User, folder: Path, tmp_path: Path) -> None:
    version = queries.newest_version(bring_in(alice, folder))
    target = tmp_path / "deep" / "study.zip"
    exports.export_version(version=version, target=target)
    again = bring_in(alice, target, "Again")
    assert content_of(again) == CONTENT
    assert "nothing" in [entry.path for entry in files.listing(queries.newest_version(again).tree)]
    assert list(target.parent.iterdir()) == [target]


def test_names_that_a_mac_wrote_decomposed_and_unmarked_are_read_right(alice: User, tmp_path: Path) -> None:
    path = zipped(tmp_path / "mac.zip", ("XXXXX.txt", b"1"))
    raw = path.read_bytes().replace(b"XXXXX.txt", "e\u0301ש".encode() + b".txt")
    path.write_bytes(raw)
    assert content_of(bring_in(alice, path)) == {"éש.txt": b"1"}


def member(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


HOSTILE: dict[str, tuple[list[tuple[str | zipfile.ZipInfo, bytes]], list[str]]] = {
    "absolute": ([("/etc/passwd", b"")], ["“/etc/passwd”: its path is absolute"]),
    "drive": ([("C:/x", b"")], ["absolute"]),
    "out of it": ([("a/../../x", b"")], ["leads outside the study"]),
    "out of it the Windows way": ([("a\\..\\..\\x", b"")], ["leads outside the study"]),
    "a link": ([(member("link", stat.S_IFLNK | 0o777), b"/etc/passwd")], ["“link”: it is a link"]),
    "a device": ([(member("dev", stat.S_IFCHR | 0o666), b"")], ["device, pipe or socket"]),
    "a pipe": ([(member("pipe", stat.S_IFIFO | 0o666), b"")], ["device, pipe or socket"]),
    "names": ([("con.txt", b""), ("what:b", b""), ("ok", b"")], ["device name on Windows", "contains :"]),
    "twins": ([("A/x", b""), ("a/y", b"")], ["“A” and “a” differ only in upper and lower case"]),
    "file twins": ([("r.txt", b""), ("R.txt", b"")], ["“r.txt” and “R.txt”"]),
    "a bomb": ([("bomb", bytes(40 * 1024 * 1024))], ["as in a zip bomb"]),
    "a file that is a folder": ([("a", b""), ("a/b", b"")], ["“a” is both a file and a folder"]),
    "too deep": ([("/".join("a" * 61), b"")], ["61 folders deep"]),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_zip_is_refused_whole(alice: User, tmp_path: Path, kind: str) -> None:
    members, reasons = HOSTILE[kind]
    said = problems(alice, zipped(tmp_path / "hostile.zip", *members))
    for reason in reasons:
        assert reason in said


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(alice: User, tmp_path: Path) -> None:
    assert "twice" in problems(alice, zipped(tmp_path / "a.zip", ("a", b"1"), ("a", b"2")))


def test_an_encrypted_zip_is_refused(alice: User, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("secret.txt", b"1"))
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert "encrypted" in problems(alice, path)


def test_a_zip_whose_members_share_bytes_is_refused(alice: User, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a", os.urandom(5000)))
    raw = path.read_bytes()
    start, end = raw.index(b"PK\x01\x02"), raw.index(b"PK\x05\x06")
    entry, tail = raw[start:end], bytearray(raw[end:])
    many = b"".join(entry[:46] + bytes([97 + number]) for number in range(20))
    tail[8:12] = (20).to_bytes(2, "little") * 2
    tail[12:16] = len(many).to_bytes(4, "little")
    path.write_bytes(raw[:start] + many + tail)
    assert "overlap" in problems(alice, path)


def test_a_bomb_of_many_files_each_of_which_is_small_is_refused(alice: User, tmp_path: Path) -> None:
    nine = bytes(9 * 1024 * 1024)
    bomb = zipped(tmp_path / "bomb.zip", *((f"{number}.csv", nine) for number in range(30)))
    assert "as a zip bomb does" in problems(alice, bomb)


def test_a_zip_that_says_less_than_it_holds_is_refused(alice: User, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a", bytes(100_000)))
    raw = bytearray(path.read_bytes())
    for start in (
        22,
        raw.index(b"PK\x01\x02") + 24,
    ):  # the size unpacked, at the file and in the list of files
        raw[start : start + 4] = (5).to_bytes(4, "little")
    path.write_bytes(raw)
    assert "“a”: its bytes in the zip are damaged" in problems(alice, path)


@pytest.mark.parametrize("damage", ["not a zip", "cut", "wrong checksum"])
def test_a_damaged_zip_is_refused_whole(alice: User, tmp_path: Path, damage: str) -> None:
    path = zipped(tmp_path / "a.zip", ("good.txt", b"good"), ("bad.bin", os.urandom(5000)))
    raw = path.read_bytes()
    wrong = bytearray(raw)
    wrong[raw.index(b"bad.bin") + 100] ^= 1
    path.write_bytes({"not a zip": b"hello", "cut": raw[:3000], "wrong checksum": bytes(wrong)}[damage])
    said = problems(alice, path)
    assert (
        "“bad.bin”: its bytes in the zip are damaged"
        if damage == "wrong checksum"
        else "not a complete zip file"
    ) in said


def test_a_folder_with_links_devices_and_bad_names_is_refused_with_a_list(alice: User, folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "images" / "up").symlink_to("..", target_is_directory=True)
    os.mkfifo(folder / "pipe")
    (folder / "aux.js").write_bytes(b"")
    (folder / "INDEX.html").write_bytes(b"")
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff.txt"))).write_bytes(b"")
    said = problems(alice, folder)
    for path in ("“link”: it is a link", "“images/up”: it is a link", "“pipe”: it is neither", "“aux.js”"):
        assert path in said
    assert "half a character" in said
    assert len(said.splitlines()) == 5, "twins are told once all names are good"
    for bad in ("link", "images/up", "pipe", "aux.js"):
        (folder / bad).unlink()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.txt")).unlink()
    assert "“INDEX.html” and “index.html” differ only" in problems(alice, folder)


def test_a_taken_name_is_refused_before_anything_is_stored(alice: User, folder: Path) -> None:
    services.create_study(owner=alice, name="Imported")
    with pytest.raises(Invalid, match="You already have a study"):
        bring_in(alice, folder)


def test_nothing_that_is_there_is_overwritten_by_an_export(study: Study, tmp_path: Path) -> None:
    version = queries.newest_version(study)
    full, file = tmp_path / "full", tmp_path / "there.zip"
    full.mkdir()
    (full / "mine").write_bytes(b"mine")
    file.write_bytes(b"mine")
    for target in (full, file):
        with pytest.raises(Refused):
            exports.export_version(version=version, target=target)
    assert file.read_bytes() == (full / "mine").read_bytes() == b"mine"
    (tmp_path / "new").mkdir()
    exports.export_version(version=version, target=tmp_path / "new")
    assert (tmp_path / "new" / "task.js").read_bytes() == b"one"


@pytest.mark.parametrize("name", ["out.zip", "out"])
def test_a_damaged_file_is_left_out_of_an_export_and_named(
    study: Study, tmp_path: Path, name: str, run: Callable[..., Result]
) -> None:
    write(study, "z.js", b"bad")
    sha256 = files.listing(queries.newest_version(study).tree)[-1].sha256
    (Path(settings.BLOB_STORE) / sha256[:2] / sha256[2:4] / sha256).write_bytes(b"dab")
    target = tmp_path / name
    result = run("export-study", "--owner", study.owner.username, "--name", study.name, target)
    assert result.exit_code == 1
    assert "z.js" in result.stderr
    if name == "out":
        assert [one.name for one in target.iterdir()] == ["task.js"]
    else:
        assert zipfile.ZipFile(target).namelist() == ["task.js", "DAMAGED FILES.txt"]
    assert [one.name for one in tmp_path.iterdir()] == [name]
    store.put(b"bad")


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run a command as a script would."""

    def call(command: str, *arguments: object) -> Result:
        chosen = {one.name: one for one in commands.COMMANDS}[command]
        return CliRunner().invoke(chosen, [str(argument) for argument in arguments])

    return call


def test_the_commands_bring_a_study_in_and_out(
    alice: User, folder: Path, tmp_path: Path, run: Callable[..., Result]
) -> None:
    result = run("import-study", "--owner", "alice", "--name", "From a folder", folder)
    assert result.exit_code == 0, result.output
    assert "Imported From a folder: 5 files" in result.output
    study = Study.objects.get()
    services.publish(study=study, by=alice)
    services.new_version(study=study, by=alice)
    write(study, "more.js", b"2")
    target = tmp_path / "v1.zip"
    result = run(
        "export-study", "--owner", "alice@lab.example.org", "--name", "from a folder", "--version", 1, target
    )
    assert result.exit_code == 0, result.output
    assert "more.js" not in zipfile.ZipFile(target).namelist()
    for arguments in (
        ("import-study", "--owner", "nobody", "--name", "x", folder),
        ("import-study", "--owner", "alice", "--name", "From a folder", folder),
        ("export-study", "--owner", "alice", "--name", "no such", tmp_path / "x.zip"),
        ("export-study", "--owner", "alice", "--name", "From a folder", "--version", 7, tmp_path / "x.zip"),
    ):
        assert run(*arguments).exit_code != 0


def test_a_refused_import_lists_what_is_in_the_way(
    alice: User, folder: Path, run: Callable[..., Result]
) -> None:
    (folder / "aux").write_bytes(b"")
    result = run("import-study", "--owner", "alice", "--name", "x", folder)
    assert result.exit_code != 0
    assert "“aux”" in result.stderr


def test_the_installed_command_ends_with_status_1_and_one_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "MINNO_DATA_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("DATABASE_URL", None)
    base = [sys.executable, "-m", "minno_dashboard.config.cli"]
    subprocess.run([*base, "migrate"], env=environment, check=True, capture_output=True, timeout=120)
    failed = subprocess.run(
        [*base, "export-study", "--owner", "nobody", "--name", "x", str(tmp_path / "x.zip")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert failed.returncode == 1
    assert "There is no user “nobody”." in failed.stderr
    assert "Traceback" not in failed.stderr
