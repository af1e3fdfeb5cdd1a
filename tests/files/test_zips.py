"""Zips as streams: whole, in constant memory, readable by others."""

from __future__ import annotations

import io
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from minno_dashboard.files import services, store, zips
from minno_dashboard.files.models import Node, Tree
from tests.files.conftest import at

Put = Callable[..., Node]


def opened(pieces: Iterator[bytes]) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_a_zip_holds_the_tree_with_empty_folders_and_names_of_all_scripts(tree: Tree, put: Put) -> None:
    put("שלום/🎉.txt", b"party" * 1000)
    put("cat.jpg", b"picture")
    services.make_folder(tree=tree, parent=None, name="empty", by=None)
    archive = opened(zips.zip_stream(tree=tree))
    assert archive.testzip() is None
    assert archive.namelist() == ["empty/", "שלום/", "שלום/🎉.txt", "cat.jpg"]
    assert archive.read("שלום/🎉.txt") == b"party" * 1000
    assert archive.getinfo("שלום/🎉.txt").compress_type == zipfile.ZIP_DEFLATED
    assert archive.getinfo("cat.jpg").compress_type == zipfile.ZIP_STORED
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


def test_a_damaged_file_ends_the_zip_with_an_error(tree: Tree, put: Put) -> None:
    blob = put("a", b"good").blob
    assert blob
    (Path(settings.BLOB_STORE) / blob.sha256[:2] / blob.sha256[2:4] / blob.sha256).write_bytes(b"evil")
    with pytest.raises(store.DamagedBlob):
        list(zips.zip_stream(tree=tree))
