"""How much is sent at once: piece sizes and numbers of lanes that follow the measured speed of the line to Dropbox.

The speeds stand in the link's `learned`: bytes per second of one lane, and of all lanes together.
"""

from __future__ import annotations

from minno_dashboard.mirror.stored import Learned

MIB = 1024 * 1024
MIN_PIECE_BYTES = 4 * MIB
"""Dropbox hashes in blocks of 4 MiB; every piece but the last is a multiple of it."""
MAX_LANES = 8
MAX_UNDER_WAY_BYTES = 64 * MIB
PIECE_SECONDS = 8.0
"""A piece should take one lane about so long: on a far line the way there and back is then little of it."""
ROUND_SECONDS = 10.0
"""All lanes together should need no longer for a piece each: less is then under way when something newer waits."""
BODY_SECONDS = 2.0
MIN_BODY_BYTES, FIRST_BODY_BYTES = 256 * 1024, 2 * MIB
FIRST_LANES, FIRST_BODY_LANES = 2, 3
MIN_MEASURED_BYTES = 128 * 1024
"""Of less the time is that of the call, not of the line."""
WEIGHT = 0.5
"""Of the newest measurement; the rest is what was known."""


def learn(learned: Learned, *, size: int, seconds: float, lanes: int) -> None:
    """Store that one lane, while `lanes` were busy, needed so many seconds for so many bytes."""
    if size < MIN_MEASURED_BYTES:
        return
    rate = size / max(seconds, 0.001)
    learned["lane_rate"] = _mean(learned.get("lane_rate"), rate)
    learned["line_rate"] = _mean(learned.get("line_rate"), rate * lanes)


def _mean(known: int | None, measured: float) -> int:
    return int(measured if known is None else known + WEIGHT * (measured - known))


def is_thin(learned: Learned) -> bool:
    """Return whether a lane needs more than ten seconds for the smallest piece."""
    return learned.get("lane_rate", MIN_PIECE_BYTES) * ROUND_SECONDS < MIN_PIECE_BYTES


def piece_bytes(learned: Learned, most: int) -> int:
    """Return the size of the next piece of a large file, in bytes: at least 4 MiB."""
    of_lane = learned.get("lane_rate", 0) * PIECE_SECONDS
    # Many lanes first, then large pieces.
    of_all_lanes = learned.get("line_rate", 0) * ROUND_SECONDS / MAX_LANES
    blocks = int(min(of_lane, of_all_lanes) / MIN_PIECE_BYTES)
    return min(max(blocks, 1) * MIN_PIECE_BYTES, most)


def piece_lanes(learned: Learned, piece: int) -> int:
    """Return how many pieces may be under way at once: one where one piece takes the line seconds."""
    if "line_rate" not in learned:
        return FIRST_LANES
    wanted = int(learned["line_rate"] * ROUND_SECONDS / piece)
    return max(1, min(wanted, MAX_LANES, MAX_UNDER_WAY_BYTES // piece))


def body_bytes(learned: Learned, most: int) -> int:
    """Return how many bytes of small files are sent in one call."""
    known = learned.get("lane_rate")
    wanted = FIRST_BODY_BYTES if known is None else max(MIN_BODY_BYTES, int(known * BODY_SECONDS))
    return min(wanted, most)


def body_lanes(learned: Learned, body: int, most: int) -> int:
    """Return how many calls with small files may be under way at once."""
    if "line_rate" not in learned:
        return min(FIRST_BODY_LANES, most)
    return max(1, min(int(learned["line_rate"] * ROUND_SECONDS / max(body, 1)), most))
