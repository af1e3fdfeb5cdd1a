"""Moves every node of ours to its desired place, and renames what occupies that place.

Places are settled from the top down, so a place is always reached through folders that are final. A node of ours in
the way goes to its own place first; where nodes wait for each other in a circle (a swap, a/b becoming b/a), one
takes a temporary name.
"""

from __future__ import annotations

from dataclasses import dataclass

from minno_dashboard.core.names import fold
from minno_dashboard.mirror.planner.draft import Draft
from minno_dashboard.mirror.planner.model import DELETED, Desired, Remote, Step
from minno_dashboard.mirror.planner.order import in_layers

MAX_QUEUE_LENGTH = 8
"""The most nodes that wait for each other's places, hence about the most batches of moves in a row: in a longer
queue (a hundred pages, each renamed to the number after it) every eighth takes a temporary name."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An identity that must be settled first, and whether its node occupies the place."""

    identity: str
    is_in_the_way: bool


def arrange(draft: Draft, unusable: list[str]) -> list[Step]:
    """Move every node to its place; return the moves, and the removals needed to free places.

    What loses its identity comes first: what takes the identity over may be a folder that comes with the moves.
    """
    arrangement = _Arrangement(draft)
    deleted = draft.desired.child(None, DELETED)
    if deleted is not None:
        arrangement.settle(deleted)
    for key in unusable:
        arrangement.retire(key)
    retired = in_layers(draft.take_steps())
    for node in draft.order:
        arrangement.settle(node)
    return [*retired, *in_layers(draft.take_steps())]


class _Arrangement:
    """State of `arrange`."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._settled: set[str] = set()

    def settle(self, node: Desired) -> None:
        """Move one node to its place, after all nodes that it depends on."""
        if node.identity in self._settled:
            return
        waiting = [_Waiting(node.identity, is_in_the_way=False)]
        on_the_way = {node.identity}
        while waiting:
            here = self._draft.desired.nodes[waiting[-1].identity]
            obstacle = self._obstacle(here)
            if obstacle is None:
                self._bring(here)
                self._settled.add(here.identity)
                on_the_way.discard(waiting.pop().identity)
            elif obstacle.is_in_the_way and len(waiting) >= MAX_QUEUE_LENGTH:
                self._draft.move_for_now(self._draft.place[obstacle.identity])
            elif obstacle.identity not in on_the_way:
                waiting.append(obstacle)
                on_the_way.add(obstacle.identity)
            else:
                while not obstacle.is_in_the_way:
                    obstacle = waiting.pop()
                    on_the_way.discard(obstacle.identity)
                self._draft.move_for_now(self._draft.place[obstacle.identity])

    def retire(self, key: str) -> None:
        """Remove the identity of a node that the user changed, or that is of the wrong kind."""
        draft, row = self._draft, self._draft.remote.nodes.get(key)
        if row is None or row.identity is None:
            return  # it went with another, or made room for the folder of deleted things
        if draft.remote.is_deleted(key) or row == draft.remote.deleted_folder():
            draft.disown(key)
        elif row.content is not None and row.is_changed:
            if draft.stands_aside(key):
                draft.disown(
                    key
                )  # a rename whose end was not seen: done again, the name would grow without end
            else:
                draft.move_aside(key)
        elif draft.policy.keep_deleted or row.content is None:
            draft.move_to_deleted(key, is_aside=True)
        elif self._is_all_unwanted(row):
            draft.remove(key)
        else:
            draft.move_aside(key)

    def _obstacle(self, node: Desired) -> _Waiting | None:
        """Return what must be settled before a node: its folder, or the node of ours in its place."""
        if node.parent is not None and node.parent not in self._settled:
            return _Waiting(node.parent, is_in_the_way=False)
        occupant = self._draft.occupant(node)
        owner = None if occupant is None else self._draft.stands_for.get(occupant.key)
        if owner is None or owner == node.identity:
            return None
        return _Waiting(owner, is_in_the_way=True)

    def _bring(self, node: Desired) -> None:
        """Move a node, if it exists, to its place, which no desired node of ours occupies."""
        draft = self._draft
        key = draft.place.get(node.identity)
        occupant = draft.occupant(node)
        if occupant is not None and occupant.key != key:
            self._clear(occupant)
        if key is None:
            return
        folder = None if node.parent is None else draft.make_folder(node.parent)
        row = draft.remote.nodes[key]
        if row.parent == folder and row.name == node.name:
            return
        if row.parent == folder and fold(row.name) == fold(node.name):
            draft.move_for_now(key)  # Dropbox takes a change of case alone for no change
        draft.move(key, parent=folder, name=node.name)

    def _clear(self, row: Remote) -> None:
        """Free the place of a node: what occupies it is the user's, or ours and no longer desired."""
        draft = self._draft
        if row.identity is None or row == draft.remote.deleted_folder():
            draft.move_aside(row.key)
        elif draft.policy.keep_deleted:
            draft.move_to_deleted(row.key)
        elif any(each.identity is None or each.is_changed for each in self._tree(row)):
            draft.move_aside(row.key)
        else:
            draft.move_for_now(row.key)  # what is wanted of it moves or is copied first; then it is removed

    def _is_all_unwanted(self, row: Remote) -> bool:
        """Return whether a node and all below it is ours, unchanged, and no longer desired."""
        return all(self._draft.is_orphan(each) and not each.is_changed for each in self._tree(row))

    def _tree(self, row: Remote) -> list[Remote]:
        nodes = self._draft.remote.nodes
        return [row, *(nodes[key] for key in self._draft.remote.below(row.key))]
