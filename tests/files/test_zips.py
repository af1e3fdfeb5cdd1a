"""Zips as streams: whole, in constant memory, readable by others."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings

from minno_dashboard.files import services, zips
from minno_dashboard.files.models import Node, Tree
from tests.files.conftest import at

Put = Callable[..., Node]


def opened(pieces: Iterator[bytes]) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_a_zip_holds_the_tree_with_empty_folders_and_names_of_all_scripts(tree: Tree, put: Put) -> None:
    put("שלום/🎉.txt", b"party" * 1000)
    put("cat.jpg", b"picture")
    services.make_folder(tree=tree, parent=None, name="empty", by=None)
    raw = b"".join(zips.zip_stream(tree=tree))
    archive = opened(iter([raw]))
    assert archive.testzip() is None
    assert archive.namelist() == ["empty/", "שלום/", "שלום/🎉.txt", "cat.jpg"]
    assert archive.read("שלום/🎉.txt") == b"party" * 1000
    assert archive.getinfo("שלום/🎉.txt").compress_size < 100
    assert b"picture" in raw, "what is packed already goes as it is"
    assert archive.getinfo("שלום/🎉.txt").flag_bits & 0x800


def test_a_zip_can_hold_a_folder_or_a_selection(tree: Tree, put: Put) -> None:
    for path in ("a/b/c", "a/d", "e", "f/g"):
        put(path)
    assert opened(zips.zip_stream(tree=tree, inside=at(tree, "a"))).namelist() == ["b/", "b/c", "d"]
    chosen = [at(tree, path).pk for path in ("a/b", "a/b/c", "f/g")]
    assert opened(zips.zip_stream(tree=tree, only=chosen)).namelist() == ["b/", "b/c", "g"]
    assert opened(zips.zip_stream(tree=tree, only=[])).namelist() == []


def test_two_chosen_files_of_one_name_both_come_along(tree: Tree, put: Put) -> None:
    one, two = put("a/x.txt", b"1"), put("b/X.txt", b"2")
    archive = opened(zips.zip_stream(tree=tree, only=[one.pk, two.pk]))
    assert archive.namelist() == ["x.txt", "X (2).txt"]


def test_other_programs_can_unpack_it(tree: Tree, put: Put, tmp_path: Path) -> None:
    put("a/ü.txt", b"text")
    file = tmp_path / "study.zip"
    file.write_bytes(b"".join(zips.zip_stream(tree=tree)))
    subprocess.run([sys.executable, "-m", "zipfile", "-e", file, tmp_path / "out"], check=True, timeout=60)
    assert (tmp_path / "out" / "a" / "ü.txt").read_bytes() == b"text"


def test_memory_does_not_grow_with_the_files(tree: Tree) -> None:
    piece = bytes(range(256)) * 4096
    services.write_file(tree=tree, by=None, path="large.mp4", source=iter([piece] * 150), expected_blob=None)
    tracemalloc.start()
    try:
        total = sum(len(part) for part in zips.zip_stream(tree=tree))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 150 * 1024 * 1024
    assert peak < 16 * 1024 * 1024


def test_a_damaged_file_is_left_out_and_named(tree: Tree, put: Put) -> None:
    put("good", b"fine")
    for name, damaged in (("same size", b"evil"), ("longer", b"good and more"), ("gone", None)):
        blob = put(f"folder/{name}", f"{name} good".encode()).blob
        assert blob
        path = Path(settings.BLOB_STORE) / blob.sha256[:2] / blob.sha256[2:4] / blob.sha256
        path.write_bytes(damaged) if damaged else path.unlink()
    put("damaged files.txt", b"mine")
    archive = opened(zips.zip_stream(tree=tree))
    assert archive.testzip() is None
    assert archive.namelist() == ["folder/", "damaged files.txt", "good", "DAMAGED FILES (2).txt"]
    named = archive.read("DAMAGED FILES (2).txt").decode()
    assert named.splitlines()[2:] == ["folder/gone", "folder/longer", "folder/same size"]


def members_as_read_from_the_beginning(raw: bytes) -> list[tuple[int, int, str]]:
    """Return flags, method and name of each member, read as `ZipInputStream` does: without the list at the end."""
    found, at = [], 0
    while raw[at : at + 4] == b"PK\x03\x04":
        flags, method = struct.unpack_from("<HH", raw, at + 6)
        compressed, _, name_bytes, extra_bytes = struct.unpack_from("<LLHH", raw, at + 18)
        name = raw[at + 30 : at + 30 + name_bytes].decode()
        at += 30 + name_bytes + extra_bytes
        found.append((flags, method, name))
        if not flags & 8:
            at += compressed
            continue
        assert method == zipfile.ZIP_DEFLATED, f"nobody can see where {name} ends"
        reader = zlib.decompressobj(-15)
        reader.decompress(raw[at:])
        at = len(raw) - len(reader.unused_data) + 16
    return found


def test_our_zips_can_be_read_from_their_beginning(tree: Tree, put: Put, tmp_path: Path) -> None:
    put("a/cat.jpg", b"\xff\xd8PK\x03\x04" * 40_000)
    put("a/שלום.txt", b"text" * 40_000)
    put("empty.zip", b"")
    services.make_folder(tree=tree, parent=None, name="nothing", by=None)
    raw = b"".join(zips.zip_stream(tree=tree))
    names = ["a/", "a/cat.jpg", "a/שלום.txt", "nothing/", "empty.zip"]
    assert [name for _, _, name in members_as_read_from_the_beginning(raw)] == names
    if (java := shutil.which("java")) is None:
        return  # the structure is checked above; Java itself reads it where there is one
    program = tmp_path / "Reading.java"
    program.write_text(READING, "utf-8")
    done = subprocess.run(
        [java, "-Xshare:auto", "-Dfile.encoding=UTF-8", program], input=raw, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()
    sizes = dict(line.rsplit(" ", 1) for line in done.stdout.decode().splitlines())
    assert sizes == {
        "a/": "0",
        "a/cat.jpg": "240000",
        "a/שלום.txt": "160000",
        "nothing/": "0",
        "empty.zip": "0",
    }


READING = """
import java.io.PrintStream;
import java.util.zip.*;
public class Reading {
    public static void main(String[] a) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        ZipInputStream in = new ZipInputStream(System.in);
        for (ZipEntry e; (e = in.getNextEntry()) != null; ) {
            out.println(e.getName() + " " + in.readAllBytes().length);
        }
    }
}
"""
