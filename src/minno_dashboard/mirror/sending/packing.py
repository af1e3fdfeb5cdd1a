"""Packs small files into bodies, each sent by one call."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minno_dashboard.mirror.planner.model import UploadFile

BODY_BYTES = 8 * 1024 * 1024
"""Several lanes hold one body each."""
HEADER_BYTES = 48 * 1024
"""Dropbox's own limit is unknown; proxies allow 60 KiB and more."""
MAX_ENTRIES = 500


@dataclass
class PackedFiles:
    """Small files whose bytes are sent in one call."""

    files: list[tuple[UploadFile, str]]


def bodies(files: Sequence[tuple[UploadFile, str]], header: int, most: int) -> Iterator[PackedFiles]:
    """Pack small files into bodies of at most `most` bytes, or one file; the number of entries and the header are limited too."""
    body, bytes_, length = PackedFiles([]), 0, 0
    for one, session_id in files:
        entry = {
            "cursor": {"session_id": session_id, "offset": 0},
            "length": one.content.size,
            "close": True,
        }
        size = len(json.dumps(entry)) + 2
        is_full = (
            len(body.files) == MAX_ENTRIES or length + size > header - 200 or bytes_ + one.content.size > most
        )
        if body.files and is_full:
            yield body
            body, bytes_, length = PackedFiles([]), 0, 0
        body.files.append((one, session_id))
        bytes_ += one.content.size
        length += size
    if body.files:
        yield body
