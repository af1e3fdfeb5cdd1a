"""The blob store in a bucket: rclone, which we did not write, serves one over HTTP and checks every signature."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from pytest_django.fixtures import Settings

from minno_dashboard.core import clock
from minno_dashboard.core.errors import Unavailable
from minno_dashboard.files import removal, services, store
from minno_dashboard.files.models import Blob, Tree
from tests import waiting
from tests.files.conftest import shown

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024
RCLONE = str(Path(sys.executable).parent / "rclone")


@dataclass(frozen=True)
class Shop:
    """A server with one bucket; `folder` is where it keeps the bucket's objects (look there, change them by `put`)."""

    url: str
    key: str
    secret: str
    folder: Path

    def place(self, blob: Blob) -> Path:
        return self.folder / name_of(blob)

    def put(self, blob: Blob, content: bytes) -> None:
        """Give the object of a blob other bytes."""
        self._bucket().put_object(Key=name_of(blob), Body=content)

    def remove(self, blob: Blob) -> None:
        self._bucket().Object(name_of(blob)).delete()

    def _bucket(self) -> Any:
        keys = {"aws_access_key_id": self.key, "aws_secret_access_key": self.secret}
        return boto3.resource("s3", endpoint_url=self.url, region_name="us-east-1", **keys).Bucket("lab")


def name_of(blob: Blob) -> str:
    return f"files/{blob.sha256[:2]}/{blob.sha256[2:4]}/{blob.sha256}"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("buckets")
    (folder / "lab").mkdir()
    key, secret, port = secrets.token_hex(8), secrets.token_hex(16), free_port()
    command = [RCLONE, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--config", os.devnull]
    command += ["--auth-key", f"{key},{secret}", "--vfs-cache-mode", "off"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        waiting.until(lambda: answers(port) or server.poll() is not None, "rclone serves the bucket")
        assert server.poll() is None, "rclone does not know one of its options"
        yield Shop(f"http://127.0.0.1:{port}", key, secret, folder / "lab")
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def shop(served: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Let the blob store of this process live there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", served.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", served.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", served.secret)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings.BLOB_STORE = "s3://lab/files"
    store._storage.cache_clear()
    yield served
    store._storage.cache_clear()


def test_what_is_written_lies_in_the_bucket_and_is_read_back_proven(shop: Shop, tree: Tree) -> None:
    node = services.write_file(tree=tree, by=None, path="a/b.js", source=b"let a", expected_blob=None)
    services.write_file(tree=tree, by=None, path="empty", source=b"", expected_blob=None)
    assert node.blob
    assert shop.place(node.blob).read_bytes() == b"let a"
    assert shown(tree) == {"a": None, "a/b.js": b"let a", "empty": b""}
    assert store.is_there(node.blob)


def test_damaged_or_missing_bytes_are_refused_and_healed_by_putting_them_again(shop: Shop) -> None:
    blob = store.put(b"the truth")
    shop.put(blob, b"the truht")
    with pytest.raises(store.DamagedBlob, match="damaged"):
        store.read_verified(blob)
    shop.put(blob, b"the")
    assert not store.is_there(blob)
    with pytest.raises(store.DamagedBlob):
        list(store.read_part(blob, 1, 9))
    assert store.read_verified(store.put(b"the truth")) == b"the truth", "cut short, so written anew"
    shop.remove(blob)
    with pytest.raises(store.DamagedBlob):
        store.read_verified(blob)
    assert store.read_verified(store.put(b"the truth")) == b"the truth"


def test_bytes_that_nothing_points_to_are_removed_from_the_bucket(shop: Shop, tree: Tree) -> None:
    kept = services.write_file(tree=tree, by=None, path="a", source=b"kept here", expected_blob=None).blob
    loose = store.put(b"loose here")
    assert kept
    removal.collect()
    Blob.objects.filter(unreferenced_since__isnull=False).update(
        unreferenced_since=clock.now() - timedelta(days=31)
    )
    assert removal.collect() == 1
    assert not shop.place(loose).exists()
    assert store.read_verified(kept) == b"kept here"


def test_a_large_file_goes_in_pieces_and_comes_back_with_flat_memory(shop: Shop) -> None:
    size = 200 * MIB

    def large() -> Iterator[bytes]:
        for number in range(size // MIB):
            yield bytes([number]) * MIB

    tracemalloc.start()
    try:
        blob = store.put(large())
        writing = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert sum(len(piece) for piece in store.read_pieces(blob)) == size
        reading = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert shop.place(blob).stat().st_size == blob.size == size
    assert writing < 32 * MIB
    assert reading < 32 * MIB
    assert list(store.read_part(blob, 5 * MIB - 1, 5 * MIB + 1)) == [bytes([4, 5])]
    with store.open_blob(blob) as stream:
        stream.seek(-1, os.SEEK_END)
        assert stream.read() == bytes([199])
        stream.seek(7 * MIB)
        assert stream.read(2) == bytes([7, 7])


def test_a_store_that_is_down_or_refuses_is_said_in_a_sentence_and_nothing_is_known_of_the_bytes(
    shop: Shop, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.put(b"before")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    store._storage.cache_clear()
    with pytest.raises(Unavailable, match=r"\(403\)"):
        store.put(b"after")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    store._storage.cache_clear()
    for attempt in (
        lambda: store.put(b"after"),
        lambda: store.read_verified(before),
        lambda: services.write_file(tree=tree, by=None, path="a", source=b"after", expected_blob=None),
    ):
        with pytest.raises(Unavailable, match=r"cannot be used right now \(EndpointConnectionError"):
            attempt()
    assert not Blob.objects.exclude(pk=before.pk).exists()
    assert shown(tree) == {}


def test_a_bucket_that_is_not_there_is_not_taken_for_damaged_files(shop: Shop, settings: Settings) -> None:
    settings.BLOB_STORE = "s3://nowhere/files"
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        store.put(b"somewhere")
    assert not Blob.objects.exists()
