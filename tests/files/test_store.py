"""The blob store: written once, proven when read, swept when nothing points there, safe to kill."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from minno_dashboard.core import clock
from minno_dashboard.files import removal, services, store, verification
from minno_dashboard.files.models import Blob, Node, Tree
from tests.files.conftest import at

pytestmark = pytest.mark.django_db


def place(blob: Blob) -> Path:
    return Path(settings.BLOB_STORE) / blob.sha256[:2] / blob.sha256[2:4] / blob.sha256


def temporary() -> list[Path]:
    folder = Path(settings.BLOB_STORE) / "incoming"
    return list(folder.iterdir()) if folder.is_dir() else []


def test_bytes_are_stored_once_with_both_hashes() -> None:
    blob = store.put(b"hello world")
    assert blob.sha256 == hashlib.sha256(b"hello world").hexdigest()
    assert blob.dropbox_hash == "bc62d4b80d9e36da29c16c5d4d9f11731f36052c72401a76c23c0fb5a9b74423"
    assert blob.size == 11
    before = place(blob).stat()
    assert store.put(iter([b"hello ", b"", b"world"])) == blob
    assert place(blob).stat().st_ino == before.st_ino, "not written again"
    assert place(blob).stat().st_mode & 0o777 == 0o600
    assert store.read_verified(blob) == b"hello world"
    assert temporary() == []


def test_large_bytes_are_never_in_memory_as_a_whole() -> None:
    def large() -> Iterator[bytes]:
        for number in range(200):
            yield bytes([number]) * 1024 * 1024

    tracemalloc.start()
    try:
        blob = store.put(large())
        total = sum(len(piece) for piece in store.read_pieces(blob))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == blob.size == 200 * 1024 * 1024
    assert peak < 16 * 1024 * 1024


def test_damaged_or_missing_bytes_are_never_handed_out_as_good() -> None:
    blob = store.put(b"the truth")
    assert store.is_there(blob)
    place(blob).write_bytes(b"the truht")
    with pytest.raises(store.DamagedBlob, match="damaged"):
        store.read_verified(blob)
    place(blob).unlink()
    assert not store.is_there(blob)
    with pytest.raises(store.DamagedBlob):
        store.read_verified(blob)


def test_putting_the_same_bytes_again_heals_damaged_ones_of_the_same_size() -> None:
    blob = store.put(b"the truth")
    place(blob).write_bytes(b"the truht")
    assert not verification.verify(blob)
    blob.refresh_from_db()
    assert blob.damaged_since is not None
    assert store.put(b"the truth") == blob
    assert store.read_verified(blob) == b"the truth"
    blob.refresh_from_db()
    assert blob.damaged_since is None


@pytest.mark.parametrize("size", [5, store.PROVEN_FIRST_BYTES + 5])
@pytest.mark.parametrize("damage", ["changed", "longer", "shorter"])
def test_damaged_bytes_are_never_sent_as_a_whole_file(size: int, damage: str) -> None:
    content = b"x" * size
    blob = store.put(content)
    bad = {"changed": b"y" + content[1:], "longer": content + b"z", "shorter": content[:-1]}[damage]
    place(blob).write_bytes(bad)
    sent = bytearray()
    with pytest.raises(store.DamagedBlob):
        for piece in store.read_proven(blob, 0, size):
            sent += piece
    assert len(sent) < size, "whoever was told the size sees that something is missing"
    if size <= store.PROVEN_FIRST_BYTES:
        assert not sent
        with pytest.raises(store.DamagedBlob):
            store.read_proven(blob, 1, 2)
    with pytest.raises(store.DamagedBlob):
        store.read_proven(blob, 0, size)


def test_each_blob_is_verified_once_a_week_and_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = [store.put(bytes([number])) for number in range(3)]
    assert verification.verify_due() == 0
    place(blobs[1]).write_bytes(b"?")
    assert verification.verify_due() == 0, "read an hour ago"
    Blob.objects.update(verified_at=clock.now() - verification.VERIFY_EVERY - timedelta(minutes=1))
    assert verification.verify_due() == 1
    assert [bool(blob.damaged_since) for blob in Blob.objects.order_by("pk")] == [False, True, False]
    Blob.objects.update(verified_at=None)
    monkeypatch.setattr(verification, "MAX_SECONDS", -1.0)
    assert [verification.verify_due() for _ in blobs] == [0, 1, 0], "one a run, where time is over"


def test_putting_the_same_bytes_again_heals_a_lost_file() -> None:
    blob = store.put(b"lost")
    place(blob).unlink()
    assert store.put(b"lost") == blob
    assert store.read_verified(blob) == b"lost"


def test_putting_the_same_bytes_again_heals_a_file_that_was_cut_short() -> None:
    blob = store.put(b"cut short")
    place(blob).write_bytes(b"cut")
    assert store.put(b"cut short") == blob
    assert store.read_verified(blob) == b"cut short"


def test_names_are_on_the_disk_before_a_blob_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    real = store.sync_folder
    monkeypatch.setattr(store, "sync_folder", lambda folder: (synced.append(folder), real(folder)))
    blob = store.put(os.urandom(8))
    above = place(blob).parents
    assert {above[0], above[1], above[2]} <= set(synced), "each folder above it may have been new"


FULL = """
import resource, signal
import django
django.setup()
from django.core.management import call_command
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob
call_command("migrate", verbosity=0)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20))
try:
    store.put(bytes(1 << 20) for _ in range(9))
except store.DiskFull as error:
    assert "nothing was stored" in str(error), error
else:
    raise AssertionError("more was written than there is room for")
assert not Blob.objects.exists()
assert list(store.incoming().iterdir()) == []
assert store.read_verified(store.put(b"small")) == b"small"
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit for one process")
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")},
        "MINNO_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", FULL], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_a_source_that_fails_leaves_nothing() -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.put(broken())
    assert not Blob.objects.exists()
    assert temporary() == []


def later(**gone: float) -> None:
    """Make what the collector noted look as long ago."""
    Blob.objects.filter(unreferenced_since__isnull=False).update(
        unreferenced_since=clock.now() - timedelta(**gone)
    )


def test_bytes_that_nothing_points_to_are_removed_after_thirty_days(tree: Tree) -> None:
    kept = services.write_file(tree=tree, by=None, path="a", source=b"kept", expected_blob=None).blob
    assert kept
    services.write_file(tree=tree, by=None, path="a", source=b"newer", expected_blob=kept)
    loose = store.put(b"loose")
    assert removal.collect() == 0
    later(days=29)
    assert removal.collect() == 0
    later(days=31)
    assert removal.collect() == 1
    assert not place(loose).exists()
    assert not Blob.objects.filter(pk=loose.pk).exists()
    assert store.read_verified(kept) == b"kept", "history points to it"


def test_bytes_wanted_again_before_the_thirty_days_are_over_stay(tree: Tree) -> None:
    loose = store.put(b"loose")
    removal.collect()
    later(days=31)
    store.put(b"loose")
    assert removal.collect() == 0
    later(days=31)
    services.write_file(tree=tree, by=None, path="a", source=loose, expected_blob=None)
    assert removal.collect() == 0
    assert Node.objects.get(pk=at(tree, "a").pk).blob == loose


def test_old_temporary_files_are_swept_and_new_ones_are_not() -> None:
    folder = Path(settings.BLOB_STORE) / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    for name, age in (("old", 2 * 86_400), ("new", 60)):
        (folder / name).write_bytes(b"half")
        moment = clock.now().timestamp() - age
        os.utime(folder / name, (moment, moment))
    removal.collect()
    assert [path.name for path in temporary()] == ["new"]
    (folder / "new").unlink()


KILLED = """
import os, sys
import django
django.setup()
from django.core.management import call_command
from minno_dashboard.files import store
call_command("migrate", verbosity=0)
store.put(b"before")
where, number = sys.argv[1], 0

def die(*_):
    os._exit(9)

if where == "before the rename":
    store._move_into_place = die
else:
    store.sync_folder = die
store.put(b"after")
"""


@pytest.mark.parametrize("where", ["before the rename", "after the rename"])
def test_a_process_killed_while_storing_leaves_no_blob_without_bytes(tmp_path: Path, where: str) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")},
        "MINNO_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, where], env=environment, capture_output=True, text=True, timeout=120
    )
    assert killed.returncode == 9, killed.stderr
    check = """
import django
django.setup()
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob
assert [store.read_verified(blob) for blob in Blob.objects.all()] == [b"before"]
assert store.read_verified(store.put(b"after")) == b"after"
"""
    subprocess.run([sys.executable, "-c", check], env=environment, check=True, timeout=120)
