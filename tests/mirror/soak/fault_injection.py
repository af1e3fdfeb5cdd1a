"""Each fault of a story, as an effect on one call of the simulated Dropbox."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from dropbox_simulator import faults
from dropbox_simulator.calls import stone_route
from dropbox_simulator.catalogue import BATCHES, ERROR_PAGE, WRITES
from dropbox_simulator.faults import Effect
from dropbox_simulator.wire import Response

ACTIONS = (
    "expire_tokens",
    "reset_cursors",
    "expire_sessions",
    "forget_jobs",
    "fill_quota",
    "suspend",
    "revoke",
)
BROKEN_ENTRIES: tuple[dict[str, Any], ...] = (
    {".tag": "too_many_write_operations"},
    {".tag": "internal_error"},
    {".tag": "path", "path": {".tag": "conflict", "conflict": {".tag": "file"}}},
    {".tag": "path", "path": {".tag": "insufficient_space"}},
)


def effect(name: str, route: str, rng: random.Random) -> Effect | None:
    """Return what a fault does to a call of this route; None where it does not apply to such a call."""
    if name in ACTIONS:
        return faults.control_action(name)
    if name in _PLAIN:
        return _PLAIN[name](rng)
    if stone_route(route) is None:
        return None
    return _of_route(name, route, rng)


def _of_route(name: str, route: str, rng: random.Random) -> Effect | None:
    if name == "lock" and re.fullmatch(WRITES, route):
        return faults.throttle("too_many_write_operations", rng.choice([None, 2, 20]))
    if name == "lock_409" and re.fullmatch(WRITES, route):
        return faults.json_error(409, {".tag": "path", "path": {".tag": "too_many_write_operations"}})
    if name == "entries" and re.fullmatch(BATCHES, route):
        broken = rng.choice(BROKEN_ENTRIES)
        return faults.entry_failures(broken, *rng.choice([(), (0,), (0, 2)]))
    if name == "corrupt" and "upload" in route:
        return faults.corrupt_stored_byte()
    return None


_PLAIN: dict[str, Callable[[random.Random], Effect]] = {
    "5xx_before": lambda rng: faults.status(rng.choice([500, 502, 503, 504]), ERROR_PAGE),
    "5xx_after": lambda rng: faults.status(rng.choice([500, 502, 503, 504]), ERROR_PAGE, when="after"),
    "reset_before": lambda rng: faults.reset(),
    "reset_after": lambda rng: faults.reset(when="after"),
    "hang_before": lambda rng: faults.hang(),
    "hang_after": lambda rng: faults.hang(when="after"),
    "truncate": lambda rng: faults.truncate(),
    "throttle": lambda rng: faults.throttle("too_many_requests", rng.choice([1, 15, 300])),
    "throttle_bare": lambda rng: faults.throttle("too_many_requests", None),
    "throttle_text": lambda rng: faults.plain_throttle(rng.choice([5, 300])),
    "portal": lambda rng: Effect(
        response=Response(200, {"Content-Type": "text/html"}, b"<html>Sign in</html>")
    ),
    "slow": lambda rng: faults.delay(rng.choice([5, 60, 250])),
}
