"""Folders and archives as researchers have them: litter, names of all programs and years, packing methods, damage."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import shutil
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.system_files import is_litter
from minno_dashboard.files.models import Blob
from minno_dashboard.studies import commands, imports
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.zip_names import NamesUndeclared, guesses_for
from tests.studies.test_import_export import content_of

LITTER = [
    ".DS_Store",
    "Thumbs.db",
    "images/desktop.ini",
    "~$consent.docx",
    "images/.~lock.plan.odt#",
    "__MACOSX/._task.js",
    "__MACOSX/images/._cat.png",
    "._task.js",
    "Icon\r",
    "$RECYCLE.BIN/x",
]


def packed(
    path: Path,
    *members: tuple[bytes, bytes],
    flags: int = 0,
    method: int = 8,
    extra: Callable[[bytes], bytes] = lambda name: b"",
    bend: Callable[[bytes], bytes] = lambda data: data,
) -> Path:
    """Write a zip byte by byte, as programs write that Python's own module cannot imitate."""
    out, listed = bytearray(), bytearray()
    for name, content in members:
        data = bend(PACK[method](content))
        field = extra(name)
        middle = struct.pack("<5H3L2H", 20, flags, method, 0, 33, zlib.crc32(content), len(data), len(content), len(name), len(field))  # fmt: skip
        listed += b"PK\x01\x02" + struct.pack("<H", 20) + middle + struct.pack("<3H2L", 0, 0, 0, 0, len(out)) + name + field  # fmt: skip
        out += b"PK\x03\x04" + middle + name + field + data
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(members), len(members), len(listed), len(out), 0)
    path.write_bytes(bytes(out + listed) + end)
    return path


def _deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def _lzma(content: bytes) -> bytes:
    alone = lzma.compress(content, lzma.FORMAT_ALONE)
    return b"\x09\x14\x05\x00" + alone[:5] + alone[13:]


PACK: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    8: _deflate,
    9: _deflate,
    12: bz2.compress,
    14: _lzma,
}


def bring_in(owner: User, source: Path, names: str = "") -> dict[str, bytes]:
    study = imports.import_study(owner=owner, name="In", source=source, kind="html", zip_names=names).study
    return content_of(study)


def refused(owner: User, source: Path) -> str:
    with pytest.raises(imports.ImportRefused) as refusal:
        bring_in(owner, source)
    assert not Study.objects.exists()
    return "\n".join(refusal.value.problems)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run `import-study` for alice as a script would."""

    def call(source: Path, *more: str) -> Result:
        arguments = ["--owner", "alice", "--name", "In", *more, str(source)]
        return CliRunner().invoke(commands.import_study, arguments)

    return call


def test_files_left_by_systems_are_recognised() -> None:
    assert all(is_litter(path.split("/")) for path in LITTER)
    for path in (
        ".gitignore",
        "thumbs.db.txt",
        "my~$x",
        "a.tmp",
        "macosx/x",
        "icon",
        ".htaccess",
        "~notes.txt",
    ):
        assert not is_litter(path.split("/")), path


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
def test_litter_is_left_out_and_counted(
    alice: User, tmp_path: Path, run: Callable[..., Result], kind: str
) -> None:
    folder = tmp_path / "study"
    for path in ["task.js", "images/cat.png", *LITTER]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(path.encode())
    source = folder if kind == "folder" else tmp_path / f"study.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(source, "w") as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(folder))
    elif kind == "tar.gz":
        with tarfile.open(source, "w:gz") as archive:
            archive.add(folder, ".")
    result = run(source)
    assert result.exit_code == 0, result.output
    assert "Imported In: 2 files" in result.output
    counted = len(LITTER) if kind != "folder" else len(LITTER) - 1  # a folder of litter is not looked into
    assert f"Left out {counted} files" in result.output
    assert set(content_of(Study.objects.get())) == {"task.js", "images/cat.png"}


def test_separators_of_windows_and_dots_are_read(alice: User, tmp_path: Path) -> None:
    path = packed(
        tmp_path / "a.zip", (b"a\\b\\c.js", b"1"), (b"./d/./e.js", b"2"), (b"a\\empty\\", b""), (b"./", b"")
    )
    assert bring_in(alice, path) == {"a/b/c.js": b"1", "d/e.js": b"2"}


def test_dots_cannot_hide_that_a_path_leads_out(alice: User, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", (b".\\..\\x", b""), (b"c:\\y", b""), (b"\\\\server\\z", b""))
    said = refused(alice, path)
    assert said.count("leads outside the study") == 1
    assert said.count("its path is absolute") == 2


def test_the_unicode_names_of_winrar_are_used_where_they_belong_to_the_name(
    alice: User, tmp_path: Path
) -> None:
    def field(name: bytes) -> bytes:
        crc = zlib.crc32(name) ^ (name == b"old.txt")
        given = b"\x01" + struct.pack("<L", crc) + "שלום.txt".encode()
        return struct.pack("<HH", 0x7075, len(given)) + given

    path = packed(tmp_path / "a.zip", (b"????.txt", b"1"), (b"old.txt", b"2"), extra=field)
    assert bring_in(alice, path) == {"שלום.txt": b"1", "old.txt": b"2"}


HEBREW = ["שאלון/הוראות.txt", "שאלון/תמונה ראשונה.png", "ניסוי.js"]
NAMES = {
    "cp862": HEBREW,
    "cp1255": HEBREW,
    "gb18030": ["实验/说明.txt", "图片.png", "任务.js"],
    "cp932": ["実験/表示.txt", "ソフト能力.js", "テスト画像.png"],
    "cp437": ["Übung/Größe.txt", "déjà vu.js", "señal.png"],
    "cp866": ["Опрос/Инструкция.txt", "задание.js"],
    "cp1251": ["Опрос/Инструкция.txt", "задание.js"],
    "cp1252": ["Übung/Größe.txt", "déjà vu.js", "señal.png"],
}


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("flags", [0, 0x800])
def test_names_that_declare_no_encoding_are_guessed_and_asked_for(
    alice: User, tmp_path: Path, run: Callable[..., Result], encoding: str, flags: int
) -> None:
    """The flag says UTF-8 and the bytes are not: they are as undeclared as without it."""
    members = [(name.encode(encoding), name.encode()) for name in NAMES[encoding]]
    path = packed(tmp_path / "a.zip", *members, flags=flags)
    with pytest.raises(NamesUndeclared) as question:
        bring_in(alice, path)
    best = question.value.guesses[0]
    assert best.preview == NAMES[encoding][:5], [
        (one.encoding, one.preview) for one in question.value.guesses
    ]
    result = run(path)
    assert result.exit_code == 1
    assert "--zip-names ENCODING" in result.stderr
    assert f"{encoding} " in result.stderr
    assert NAMES[encoding][0] in result.stderr
    assert not Study.objects.exists()
    assert run(path, "--zip-names", encoding).exit_code == 0
    assert content_of(Study.objects.get()) == {name: name.encode() for name in NAMES[encoding]}


def test_the_best_guess_can_be_taken_and_a_wrong_choice_is_refused(alice: User, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", *[(name.encode("cp932"), b"") for name in NAMES["cp932"]])
    for wrong in ("ascii", "no-such-encoding", "utf-8"):
        with pytest.raises(Invalid):
            bring_in(alice, path, wrong)
    assert set(bring_in(alice, path, "auto")) == set(NAMES["cp932"])


def test_a_trailing_byte_that_looks_like_a_backslash_separates_nothing() -> None:
    assert "ソ".encode("cp932")[1:] == b"\\"
    assert guesses_for(["ソフト能力.js".encode("cp932")])[0].preview == ["ソフト能力.js"]


@pytest.mark.parametrize("method", [0, 8, 12, 14])
def test_each_way_of_packing_is_read_and_damage_is_said_with_the_name(
    alice: User, tmp_path: Path, method: int
) -> None:
    content = os.urandom(300_000) + bytes(2_000_000)
    path = packed(tmp_path / "a.zip", (b"whole", content), (b"empty", b""), method=method)
    assert bring_in(alice, path) == {"whole": content, "empty": b""}
    Study.objects.all().delete()
    blobs = Blob.objects.count()
    for number, bend in enumerate(
        (
            lambda data: data[: len(data) // 2],
            lambda data: data[:50] + b"broken bytes" + data[62:],
            lambda data: b"",
        )
    ):
        damaged = packed(
            tmp_path / f"{number}.zip", (b"good", b"g"), (b"bad", content), method=method, bend=bend
        )
        assert "“bad”: its bytes in the zip are damaged" in refused(alice, damaged)
    assert Blob.objects.count() >= blobs


def test_what_cannot_be_read_is_listed_with_the_reason(alice: User, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", (b"one", b"1"), (b"two", b"2"), method=9)
    said = refused(alice, path)
    assert [line.split(":")[0] for line in said.splitlines()] == ["“one”", "“two”"]
    assert said.count("Deflate64") == 2
    assert "import the folder" in said
    path = packed(tmp_path / "b.zip", (b"one", b"1"), (b"two", b"2"), flags=1)
    assert refused(alice, path).count("it is encrypted") == 2


def test_a_zip_behind_a_program_and_with_more_behind_it_is_read(alice: User, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.exe", (b"a", b"1"))
    path.write_bytes(b"MZ" * 500 + path.read_bytes() + b"\0" * 30)
    assert bring_in(alice, path) == {"a": b"1"}


def test_a_large_zip_of_the_64_bit_kind_is_read(alice: User, tmp_path: Path) -> None:
    class Unseekable(io.RawIOBase):
        def __init__(self, path: Path) -> None:
            self.file = path.open("wb")

        def writable(self) -> bool:
            return True

        def write(self, piece: bytes) -> int:  # type: ignore[override]
            return self.file.write(piece)

    stream = Unseekable(tmp_path / "a.zip")
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(66_000):
            info = zipfile.ZipInfo(f"{number}/")
            info.CRC = info.compress_size = 0
            archive.mkdir(info)
        with archive.open("a", "w", force_zip64=True) as member:
            member.write(b"1" * 70_000)
    stream.file.close()
    with imports.opened(tmp_path / "a.zip") as found:
        assert (len(found.folders), found.problems, len(found.files)) == (66_000, [], 1)
        assert b"".join(found.files[("a",)][1]()) == b"1" * 70_000


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP is not installed")
def test_zips_of_info_zip_are_read(alice: User, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    (folder / "שלום").mkdir(parents=True)
    (folder / "שלום" / "é.js").write_bytes(b"1" * 5000)
    (folder / "plain.txt").write_bytes(b"2" * 5000)
    for number, options in enumerate((["-Z", "bzip2"], ["-Z", "store"], ["-Z", "deflate"])):
        path = tmp_path / f"{number}.zip"
        subprocess.run(["zip", "-q", "-r", *options, path, "."], cwd=folder, check=True, timeout=60)
        assert bring_in(alice, path) == {"שלום/é.js": b"1" * 5000, "plain.txt": b"2" * 5000}
        Study.objects.all().delete()
    path = tmp_path / "secret.zip"
    subprocess.run(["zip", "-q", "-r", "-P", "word", path, "."], cwd=folder, check=True, timeout=60)
    assert refused(alice, path).count("it is encrypted") == 2


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_a_tar_comes_in_and_a_hostile_one_does_not(alice: User, tmp_path: Path, ending: str) -> None:
    mode = {"tar": "w", "tar.gz": "w:gz", "tgz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}[ending]

    def tar(name: str, *members: tuple[str, bytes, bytes]) -> Path:
        with tarfile.open(tmp_path / name, mode) as archive:  # type: ignore[call-overload]
            for path, kind, content in members:
                info = tarfile.TarInfo(path)
                info.type, info.size, info.linkname = kind, len(content), "/etc/passwd"
                archive.addfile(info, io.BytesIO(content))
        return tmp_path / name

    good = tar(
        f"a.{ending}", ("./שלום/", tarfile.DIRTYPE, b""), ("./שלום/a.js", tarfile.REGTYPE, b"1" * 3_000_000)
    )
    assert bring_in(alice, good) == {"שלום/a.js": b"1" * 3_000_000}
    Study.objects.all().delete()
    bad = tar(
        f"b.{ending}",
        ("../x", tarfile.REGTYPE, b""),
        ("/y", tarfile.REGTYPE, b""),
        ("link", tarfile.SYMTYPE, b""),
        ("hard", tarfile.LNKTYPE, b""),
        ("pipe", tarfile.FIFOTYPE, b""),
    )
    said = refused(alice, bad)
    for reason in (
        "leads outside",
        "absolute",
        "“link”: it is a link",
        "“hard”: it is a link",
        "“pipe”: it is neither",
    ):
        assert reason in said
    cut = tmp_path / f"c.{ending}"
    cut.write_bytes(good.read_bytes()[:-1500] if ending != "tar" else b"no tar")
    if ending != "tar":
        cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    assert "not a complete tar file" in refused(alice, cut)


def test_a_tar_that_grows_like_a_bomb_is_refused(alice: User, tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for number in range(30):
            info = tarfile.TarInfo(f"{number}.csv")
            info.size = 9 * 1024 * 1024
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    assert "as a zip bomb does" in refused(alice, path)
