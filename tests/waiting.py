"""Waiting for something in another process: the one place where tests sleep."""

from __future__ import annotations

import time
from collections.abc import Callable

import requests

PATIENCE_SECONDS = 300.0
"""A machine may be slow; nothing fails for that before."""
_LOOK_AGAIN_SECONDS = 0.05


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until a callable returns something true; fail with what was waited for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS:.0f} s for: {what}"
        time.sleep(_LOOK_AGAIN_SECONDS)


def serves(url: str) -> bool:
    """Say whether the Dashboard at an address answers; on a busy machine a slow answer is none yet."""
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False
