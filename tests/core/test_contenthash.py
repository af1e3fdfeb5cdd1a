"""Both hashes against known vectors, however the bytes arrive."""

from __future__ import annotations

import hashlib

import pytest

from minno_dashboard.core.contenthash import BLOCK_BYTES, Hasher

VECTORS = [
    (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (b"hello world", "bc62d4b80d9e36da29c16c5d4d9f11731f36052c72401a76c23c0fb5a9b74423"),
    (b"a" * 4096, "3f5b72e416ba7c708fdc15a4566d6f833e2ab43c86a8b81424afc9c7784c84c2"),
    (bytes(BLOCK_BYTES), "c7e946d101855255d919ef0c70718633adf77d3dfb3adeeecf5d0cb4e951be58"),
    (bytes(BLOCK_BYTES + 1), "14a4d47f23a30177885d9820122f17d2d3a55fe63f7f5c27b95f689e0b2accd6"),
    (
        bytes(i % 251 for i in range(2 * BLOCK_BYTES)),
        "b76a633d9733b991a976dba723df6940bfaf789390a929fe8f68fd1b4705c8c1",
    ),
]


@pytest.mark.parametrize("piece_bytes", [BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES, 65_537])
@pytest.mark.parametrize(("content", "dropbox_hash"), VECTORS, ids=[str(len(v[0])) for v in VECTORS])
def test_both_hashes_are_right_in_pieces_of_any_size(
    content: bytes, dropbox_hash: str, piece_bytes: int
) -> None:
    hasher = Hasher()
    for start in range(0, len(content), piece_bytes):
        hasher.update(memoryview(content)[start : start + piece_bytes])
    assert hasher.dropbox_hash() == dropbox_hash
    assert hasher.sha256() == hashlib.sha256(content).hexdigest()
    assert hasher.size == len(content)


def test_asking_for_the_hash_midway_changes_nothing() -> None:
    hasher = Hasher()
    hasher.update(b"hello ")
    assert hasher.dropbox_hash() == hasher.dropbox_hash()
    hasher.update(b"world")
    assert hasher.dropbox_hash() == VECTORS[1][1]
