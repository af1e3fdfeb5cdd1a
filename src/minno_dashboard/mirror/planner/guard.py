"""Steps to hold back: mass removals until confirmed, and steps that need a fresh read of the Dropbox."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from minno_dashboard.core.names import fold
from minno_dashboard.mirror.planner.apply import perform
from minno_dashboard.mirror.planner.model import (
    DATA_FILE,
    DELETED,
    Adopt,
    Disown,
    Move,
    Plan,
    Remote,
    Remove,
    Step,
    UploadFile,
)
from minno_dashboard.mirror.planner.naming import is_emptied
from minno_dashboard.mirror.planner.paths import Footprint
from minno_dashboard.mirror.planner.tree import DesiredTree, RemoteTree

MAX_FILES = 200
"""More files than this wait for a confirmation."""

MAX_PERCENT = 30
"""More of all files than this wait for a confirmation."""

MAX_UNGUARDED_FILES = 10
"""So few files never wait: one of three files is a third, and still an everyday deletion."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many of how many files are removed, and whether that needs a confirmation."""

    removed: int
    total: int

    @property
    def must_wait(self) -> bool:
        """Return whether this is a mass removal, which needs a confirmation."""
        if self.removed <= MAX_UNGUARDED_FILES:
            return False
        return self.removed > MAX_FILES or self.removed * 100 > self.total * MAX_PERCENT


def planned_removal(plan: Plan, remote: Iterable[Remote], *, total: int | None = None) -> Verdict:
    """Count the files a plan deletes, or moves to the folder of deleted files.

    `remote` is what the plan was made of. `total` is the number of files of ours in the whole Dropbox, where
    `remote` is a slice.
    """
    tree = RemoteTree(remote)
    before = _files(tree)
    nothing = DesiredTree(())
    for step in plan.steps:
        if isinstance(step, Adopt | Disown | Move | Remove):
            perform(tree, step, nothing)
    kept = {key for key in tree.nodes if not tree.is_deleted(key)}
    return Verdict(removed=len(before - kept), total=len(before) if total is None else total)


def seen_removal(before: Iterable[Remote], after: Iterable[Remote], *, total: int | None = None) -> Verdict:
    """Count the files that vanished from the Dropbox between two reads of it (or of the same slice)."""
    files = _files(RemoteTree(before))
    there = {row.key for row in after}
    return Verdict(removed=len(files - there), total=len(files) if total is None else total)


def _files(tree: RemoteTree) -> set[str]:
    """Return the keys of our files outside the folder of deleted files.

    Files of data do not count: they are written from the database, and go when somebody may no longer read them.
    """
    return {
        key
        for key, row in tree.nodes.items()
        if row.content is not None
        and row.identity is not None
        and not row.identity.startswith(f"{DATA_FILE}:")
        and not tree.is_deleted(key)
    }


def without_blind_steps(steps: Plan) -> Plan:
    """Return the steps that can be carried out without reading the Dropbox in between."""
    return _before_blind_removal(_without_blind_writes(steps))


def right_after_look(steps: Plan) -> Plan:
    """Return the steps allowed after one fresh read: no folder is removed after another call."""
    was_called = was_moved = False
    for at, step in enumerate(steps.steps):
        if isinstance(step, Remove) and (was_moved or (was_called and not step.rev)):
            return Plan(steps.steps[:at])
        was_moved |= isinstance(step, Move)
        was_called |= not isinstance(step, Adopt | Disown) and bool(not isinstance(step, Remove) or step.rev)
    return steps


def _without_blind_writes(steps: Plan) -> Plan:
    """Return the steps without new content for files that move, or lie in a folder that moves.

    A move may give files other revisions, and a file is written only in place of the revision we know: with the old
    one its bytes would be sent for nothing. The next plan knows the new one.
    """
    moved = Footprint()
    for step in steps.steps:
        if isinstance(step, Move):
            moved.add(step.to_path, 1)
    return Plan(tuple(step for step in steps.steps if not _is_blind_write(step, moved)))


def without_steps_inside(steps: Plan, folders: Iterable[str]) -> Plan:
    """Return the steps that touch nothing at or below these folders, whose content is not known yet."""
    unknown = Footprint()
    for path in folders:
        unknown.add(path, 1)
    return Plan(tuple(step for step in steps.steps if not any(map(unknown.level, step.paths))))


def _is_blind_write(step: Step, moved: Footprint) -> bool:
    return isinstance(step, UploadFile) and bool(step.replaces_rev) and moved.level(step.path) > 0


def _before_blind_removal(steps: Plan) -> Plan:
    """Return the steps before the first removal that needs a fresh read.

    Dropbox removes a folder with whatever is in it, and takes no revision for it: what the user put there since we
    looked would go too. What a folder that is to be emptied holds of the user's should not move with it. And a
    move may give files other revisions, so below it they are removed only once those are known.
    """
    moved = Footprint()
    for at, step in enumerate(steps.steps):
        if isinstance(step, Move):
            if is_emptying(step):
                return Plan(steps.steps[:at])
            moved.add(step.to_path, 1)
        elif isinstance(step, Remove) and (not step.rev or moved.level(step.path) > 0):
            return Plan(steps.steps[:at])
    return steps


def is_emptying(step: Move) -> bool:
    """Return whether a step moves a folder to the place where it is emptied."""
    parts = step.to_path.split("/")
    return len(parts) == 3 and fold(parts[1]) == fold(DELETED) and is_emptied(parts[2])
