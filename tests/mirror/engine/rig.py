"""Carry plans out against the model of Dropbox, and judge where they lead."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from dropbox_simulator.lowercase import dropbox_lower
from minno_dashboard.mirror.planner.apply import perform
from minno_dashboard.mirror.planner.model import (
    Adopt,
    Content,
    Copy,
    Desired,
    Disown,
    MakeFolder,
    Move,
    Plan,
    Policy,
    Remote,
    Remove,
    Step,
    UploadFile,
)
from minno_dashboard.mirror.planner.plan import plan
from minno_dashboard.mirror.planner.tree import DesiredTree, RemoteTree
from tests.mirror.engine.dropbox_model import Dropbox, refuse_meeting_paths

TODAY = "2026-11-23"
KEEP = Policy(today=TODAY)
FOR_GOOD = Policy(today=TODAY, keep_deleted=False)


def content(letter: str) -> Content:
    """A file's content, told apart by a letter."""
    return Content(hash=letter * 8, size=len(letter))


class Rig:
    """One Dropbox, what we know of it, and what it should hold."""

    def __init__(self, desired: Iterable[Desired], remote: Iterable[Remote], policy: Policy = KEEP) -> None:
        self.desired = list(desired)
        self.policy = policy
        self.dropbox = Dropbox()
        self.known = RemoteTree(remote)
        self.ids: dict[str, int] = {}
        for key in self.known.below(None):
            row = self.known.nodes[key]
            self.ids[key] = self.dropbox.put(self.known.path(key), row.content).id
        self.note_revisions()
        self.before = RemoteTree(self.known.nodes.values())
        self.rounds = 0
        self.done: list[Step] = []

    def plan(self) -> Plan:
        return plan(self.desired, self.known.nodes.values(), self.policy)

    def run(self, *, chance: random.Random | None = None, may_stop: bool = False) -> list[Step]:
        """Plan and carry out until there is nothing to do; in any order inside a batch, stopping anywhere."""
        while steps := self.plan():
            self.rounds += 1
            assert self.rounds <= 20, f"no end: {steps}"
            stop = chance.randint(0, len(steps.steps)) if chance and may_stop and self.rounds < 12 else None
            self.carry_out(steps.batches, chance=chance, stop=stop)
        return self.done

    def carry_out(
        self,
        batches: Sequence[Sequence[Step]],
        *,
        chance: random.Random | None = None,
        stop: int | None = None,
    ) -> None:
        """Carry batches out, up to so many steps."""
        desired = DesiredTree(self.desired)
        left = stop
        for batch in batches:
            refuse_meeting_paths(path for step in batch for path in step.paths)
            for step in chance.sample(batch, len(batch)) if chance else batch:
                if left is not None:
                    if left == 0:
                        break
                    left -= 1
                perform(self.known, step, desired, rev=self._call(step))
                self.done.append(step)
        self.note_revisions()
        self.check_what_we_know()

    def _call(self, step: Step) -> str:
        match step:
            case Move():
                self.dropbox.move(step.from_path, step.to_path)
            case Copy():
                return self.dropbox.copy(step.from_path, step.to_path).rev
            case UploadFile():
                return self.dropbox.upload(step.path, step.content, replaces_rev=step.replaces_rev).rev
            case MakeFolder():
                self.dropbox.make_folder(step.path)
            case Remove():
                self.dropbox.delete(step.path, rev=step.rev)
            case Adopt() | Disown():
                pass
        return ""

    def note_revisions(self) -> None:
        """Take the revisions over, as a listing brings them."""
        for key, row in list(self.known.nodes.items()):
            entry = self.dropbox.get(self.known.path(key))
            if entry is not None and entry.rev != row.rev:
                self.known.nodes[key] = replace(row, rev=entry.rev)

    def check_what_we_know(self) -> None:
        """What was recorded is what Dropbox holds, to the letter."""
        known = {(self.known.path(key), row.content) for key, row in self.known.nodes.items()}
        assert known == {(entry.path, entry.content) for entry in self.dropbox.listing()}

    def tree(self) -> list[str]:
        """The paths of everything in the Dropbox; folders end with a slash, files with their content's letter."""
        return [
            entry.path + ("/" if entry.content is None else f" {entry.content.hash[0]}")
            for entry in self.dropbox.listing()
        ]

    # What must hold in the end.

    def check_the_end(self) -> None:
        """What is desired is there and ours; nothing of the user's is lost; nothing else of ours is left."""
        self.check_what_we_know()
        self._check_that_ours_is_desired()
        self._check_that_nothing_is_lost()
        self._check_the_uploads()
        assert not self.plan()

    def _check_that_ours_is_desired(self) -> None:
        desired = DesiredTree(self.desired)
        for node in self.desired:
            row = self.known.of(node.identity)
            assert row is not None, f"{node} is missing"
            assert self.known.path(row.key) == desired.path(node.identity)
            assert row.content == node.content
            assert not row.is_changed
        for key, row in self.known.nodes.items():
            if row.identity is not None and row.identity not in desired.nodes:
                is_home = dropbox_lower(self.known.path(key)) == "/deleted"
                assert is_home or dropbox_lower(self.known.path(key)).startswith("/deleted/"), row

    def _check_that_nothing_is_lost(self) -> None:
        still = {entry.id: entry for entry in self.dropbox.listing()}
        kinds = {node.identity: node.content is None for node in self.desired}
        for key, row in self.before.nodes.items():
            is_theirs = row.identity is None or (row.is_changed and row.content is not None)
            has_its_kind = kinds.get(row.identity or "") == (row.content is None)
            if is_theirs:
                assert self.ids[key] in still, f"lost: {row}"
                assert still[self.ids[key]].content == row.content, f"overwritten: {row}"
            elif has_its_kind or (self.policy.keep_deleted and not self._was_kept_long_enough(key)):
                assert self.ids[key] in still, f"not kept: {row}"

    def _was_kept_long_enough(self, key: str) -> bool:
        """Say whether a node lies in something deleted before the oldest day whose deleted things are kept."""
        _, top, *rest = dropbox_lower(self.before.path(key)).split("/")
        is_old = bool(rest) and (rest[0][:10] < self.policy.oldest_kept or rest[0].startswith("emptied "))
        return top == "deleted" and is_old

    def _check_the_uploads(self) -> None:
        """No byte is sent that could have been copied, and no file twice.

        What goes with a node whose identity is now of the other kind is gone before it could be copied; no identity
        of the Dashboard ever changes its kind.
        """
        nodes, kinds = self.before.nodes, {node.identity: node.content is None for node in self.desired}
        flipped = {
            key for key, row in nodes.items() if kinds.get(row.identity or "") == (row.content is not None)
        }
        ours = {
            row.content
            for key, row in nodes.items()
            if row.identity is not None
            and not row.is_changed
            and not flipped & {key, *self.before.above(key)}
        }
        uploads = [step for step in self.done if isinstance(step, UploadFile)]
        assert len({step.identity for step in uploads}) == len(uploads)
        for step in uploads:
            assert step.replaces_rev or step.content not in ours, f"could be copied: {step}"
