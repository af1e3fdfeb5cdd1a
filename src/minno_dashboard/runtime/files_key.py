"""Keys in the addresses of study files: `<tree>.<week>.<signature>`, the same for all participants of a week.

So browsers and proxies can keep the files, and an address that was passed on ends after one to two weeks.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from hashlib import sha256

from django.conf import settings

_SECONDS_OF_A_WEEK = 7 * 24 * 3600
_LABEL = b"minno-dashboard study files v1"


def make_key(tree_id: int, *, now: datetime) -> str:
    """Return the key to the files of a tree."""
    return _key(tree_id, _week(now))


def tree_of(key: str, *, now: datetime) -> int | None:
    """Return the id of the tree that a key opens, or None for an invalid or expired key."""
    tree, _, _ = key.partition(".")
    if not (tree.isascii() and tree.isdigit()) or len(tree) > 18:
        return None
    week = _week(now)
    known = (_key(int(tree), one) for one in (week, week - 1))
    return int(tree) if any(hmac.compare_digest(key.encode(), one.encode()) for one in known) else None


def _week(now: datetime) -> int:
    return int(now.timestamp()) // _SECONDS_OF_A_WEEK


def _key(tree_id: int, week: int) -> str:
    secret = hmac.digest(settings.SECRET_KEY.encode(), _LABEL, sha256)
    signature = hmac.digest(secret, f"{tree_id}.{week}".encode(), sha256).hex()[:32]
    return f"{tree_id}.{week}.{signature}"
