"""Digests of static files, for addresses that change with the content."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders


@lru_cache(maxsize=64)
def _digest_at(path: str, _changed_ns: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def digest(path: str) -> str:
    """Return 12 hexadecimal digits of the content's SHA-256, or "" where the file was not built."""
    found = finders.find(path)
    if not isinstance(found, str):
        return ""
    return _digest_at(found, Path(found).stat().st_mtime_ns)
