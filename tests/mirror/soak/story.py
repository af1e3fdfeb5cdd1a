"""A story: what happens in one seed, as a list of small things each of which can be left out.

Every beat carries its own seed, so leaving one out changes none of the others.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

IN_DASHBOARD = (
    ("write", 10), ("make_folder", 2), ("rename", 4), ("swap", 2), ("move", 4), ("copy", 2), ("duplicate", 2),
    ("delete", 4), ("bring_back", 3), ("restore", 1), ("fill", 2), ("create_study", 2), ("rename_study", 2),
    ("delete_study", 2), ("bring_back_study", 2), ("duplicate_study", 2), ("new_version", 2), ("roll_back", 1),
    ("archive", 1), ("share", 3), ("unshare", 1), ("transfer", 1), ("choose_policy", 1), ("prove_now", 1),
    ("answer", 2), ("reconnect", 1), ("month", 1),
)  # fmt: skip
"""What people do in the Dashboard, and how often."""

WRITES_ITS_BYTES = frozenset({"write", "fill", "make_folder", "rename", "swap", "move", "rename_study", "archive", "delete", "prove_now", "answer"})  # fmt: skip
"""After these deeds alone, what is sent was written in the story, each byte once."""

IN_DROPBOX = (
    ("edit", 6), ("add", 6), ("rename", 4), ("move", 4), ("delete", 4), ("delete_folder", 2),
    ("delete_everything", 1), ("replace_by_folder", 1), ("write_as_another_dashboard", 1),
)  # fmt: skip
"""What the user does inside Dropbox, and how often."""

FAULTS = (
    ("5xx_before", 3), ("5xx_after", 3), ("reset_before", 2), ("reset_after", 4), ("hang_before", 1),
    ("hang_after", 2), ("truncate", 2), ("throttle", 2), ("throttle_bare", 1), ("throttle_text", 1), ("lock", 2),
    ("lock_409", 2), ("portal", 1), ("slow", 2), ("entries", 4), ("corrupt", 1), ("expire_tokens", 2),
    ("reset_cursors", 1), ("expire_sessions", 2), ("forget_jobs", 1), ("fill_quota", 1), ("suspend", 1),
    ("revoke", 1),
)  # fmt: skip
"""What happens to one call."""

DURING = (
    ("fault", 12), ("kill_before", 2), ("kill_after", 3), ("kill_statement", 4), ("pause_before", 1),
    ("pause_after", 1), ("dropbox", 3), ("dashboard", 3), ("meddle", 4),
)  # fmt: skip
"""What else happens while the mirror works."""


MEDDLES = (("edit", 5), ("add", 4), ("rename", 1))
"""What the user does, in the instant before a call, to the very file or folder that the call is about."""


@dataclass(frozen=True, order=True)
class Beat:
    """One thing that happens: in `chapter`, as a deed before the work (`at` -1) or at its call or statement `at`."""

    chapter: int
    at: int
    order: int
    kind: str
    name: str
    seed: int

    def __str__(self) -> str:
        when = (
            "before the work"
            if self.at < 0
            else f"at {'statement' if 'statement' in self.kind else 'call'} {self.at}"
        )
        return f"chapter {self.chapter}, {when}: {self.kind} {self.name} (#{self.seed})"


@dataclass(frozen=True)
class Story:
    """What happens, and the circumstances."""

    seed: int
    chapters: int
    beats: tuple[Beat, ...]
    behaviour: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    users: int = 1
    patience: int = 2

    @property
    def is_calm(self) -> bool:
        """Say whether nothing happens while the mirror works, and nothing inside Dropbox."""
        return all(beat.kind == "dashboard" and beat.at < 0 for beat in self.beats)

    @property
    def is_economical(self) -> bool:
        """Say whether no byte may be sent but those that somebody wrote."""
        return self.is_calm and all(beat.name in WRITES_ITS_BYTES for beat in self.beats)


def _draw(rng: random.Random, table: tuple[tuple[str, int], ...]) -> str:
    return rng.choices([name for name, _ in table], [weight for _, weight in table])[0]


def tell(seed: int) -> Story:
    """Make the story of a seed; one of eight is long."""
    rng = random.Random(seed)
    is_long = rng.random() < 1 / 8
    users = rng.choice([1, 1, 2]) if is_long else rng.choice([1, 1, 1, 1, 2])
    chapters = rng.randint(1, 4) if is_long else rng.choice([1, 1, 1, 2])
    drift, trouble = rng.choice([0.0, 0.2, 0.5]), rng.choice([0, 1, 2, 4, 7])
    beats: list[Beat] = []
    for chapter in range(chapters):
        for order in range(rng.randint(1, 6 if is_long else 4)):
            kind, table = ("dropbox", IN_DROPBOX) if rng.random() < drift else ("dashboard", IN_DASHBOARD)
            beats.append(Beat(chapter, -1, order, kind, _draw(rng, table), rng.randrange(10**6)))
        for order in range(rng.randint(0, trouble)):
            beats.append(_during(rng, chapter, order, drift))
        for order in range(rng.randint(1, 8) if drift and rng.random() < 0.5 else 0):
            beats.append(_meddling(rng, chapter, trouble + order))
    behaviour, sizes = _behaviour(rng), _sizes(rng)
    patience = rng.choice([0, 1, 3] if is_long else [0, 0, 1])
    if rng.random() < 0.4:
        sizes["uploads.FULL_PAGE"] = 1
    return Story(seed, chapters, tuple(beats), behaviour, sizes, users, patience)


def _during(rng: random.Random, chapter: int, order: int, drift: float) -> Beat:
    kind, name, at = _draw(rng, DURING), "", min(int(rng.expovariate(0.15)), 60)
    if kind in ("dropbox", "meddle") and not drift:
        kind = "fault"
    if kind == "meddle":
        return _meddling(rng, chapter, order)
    if kind == "fault":
        name = _draw(rng, FAULTS)
    elif kind == "kill_statement":
        at = int(rng.expovariate(0.01))
    elif kind in ("dropbox", "dashboard"):
        name = _draw(rng, IN_DROPBOX if kind == "dropbox" else IN_DASHBOARD)
    return Beat(chapter, at, order, kind, name, rng.randrange(10**6))


def _meddling(rng: random.Random, chapter: int, order: int) -> Beat:
    return Beat(chapter, rng.randrange(16), order, "meddle", _draw(rng, MEDDLES), rng.randrange(10**6))


def _behaviour(rng: random.Random) -> dict[str, Any]:
    """Choose among what nobody knows for certain about the real Dropbox."""
    return {
        "case_only_move": rng.choice(["noop", "conflict", "rename"]),
        "move_changes_rev": rng.random() < 0.5,
        "ancestors_lowercased": rng.random() < 0.3,
        "deleted_children_reported": rng.random() < 0.3,
        "app_folder_deleted": rng.choice(["not_found", "empty"]),
        "parent_rev_mismatch": rng.choice(["conflict", "not_found"]),
        "consumed_session": rng.choice(["not_found", "closed"]),
        "delete_forgets_id": rng.random() < 0.7,
        "page_limit": rng.choice([2000, 2000, 3, 7]),
        "job_polls": rng.choice([0, 0, 1, 5]),
        "relocation_batch": rng.choice(["async", "sync"]),
        "create_folder_batch": rng.choice(["async", "sync"]),
        "disabled_routes": frozenset({"files/upload_session/append_batch"} if rng.random() < 0.15 else ()),
        "unknown_route_status": rng.choice([400, 404]),
        "shuffled_entries": rng.random() < 0.3,
        "repeated_entries": rng.choice(["none", "none", "page", "earlier"]),
        **_lag(rng),
    }


def _lag(rng: random.Random) -> dict[str, float]:
    """Choose, in one story of four, by how many seconds listings are behind what was written."""
    if rng.random() < 0.75:
        return {}
    return {name: rng.choice([0.5, 3.0, 20.0]) for name in ("listing_lag_seconds", "cursor_lag_seconds")}


def _sizes(rng: random.Random) -> dict[str, int]:
    """Choose the mirror's own measures so small, now and then, that a handful of files reaches every path."""
    chosen: dict[str, int] = {}
    for name, small in (
        ("uploads.PIECE_BYTES", 600), ("uploads.BUDGET_BYTES", 1200), ("uploads.FIRST_COMMITS", 2),
        ("uploads.MAX_SINGLE_UPLOADS", 0), ("execution.MAX_SINGLE_STEPS", 1), ("packing.BODY_BYTES", 600), ("drift.MAX_ENTRIES_LOOKED_UP", 1),
        ("guard.MAX_UNGUARDED_FILES", 2),
    ):  # fmt: skip
        if rng.random() < 0.4:
            chosen[name] = small
    return chosen
