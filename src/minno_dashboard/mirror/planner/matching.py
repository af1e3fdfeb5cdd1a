"""Matching: which remote node is, or can become, each desired node.

1. The node that carries the identity is it, wherever it lies and whatever it is called.
2. It is not when the user changed the file to something else (their work), or when one is a file and one a folder.
3. An identity without a node takes over what already lies in its place and is as good as its own:
   a folder or an equal file of the user's, an equal file of ours that is no longer wanted, and, where deleted
   things are not kept, any folder or file of ours that is no longer wanted.
"""

from __future__ import annotations

from minno_dashboard.mirror.planner.draft import Draft
from minno_dashboard.mirror.planner.model import Adopt, Desired, Remote, Step


def recognise(draft: Draft) -> tuple[list[Step], list[str]]:
    """Match nodes; return the bookkeeping steps (no calls) and the keys of nodes that must lose their identity."""
    adopted: list[Step] = []
    unusable: list[str] = []
    for node in draft.order:
        row = draft.remote.of(node.identity)
        if row is not None and _is_usable(row, node):
            if row.is_changed:
                draft.remote.own(row.key, node.identity)
                adopted.append(Adopt(node.identity, row.key))
            draft.settle(node.identity, row.key)
            continue
        occupant = draft.occupant(node)
        if occupant is not None and _can_become(draft, occupant, node):
            if row is not None and row.key != occupant.key:
                draft.disown(row.key)
            if occupant.identity in draft.desired.nodes:
                draft.disown(occupant.key)
            draft.remote.own(occupant.key, node.identity)
            adopted.append(Adopt(node.identity, occupant.key))
            draft.settle(node.identity, occupant.key)
        elif row is not None:
            unusable.append(row.key)
    still = [key for key in unusable if draft.is_orphan(draft.remote.nodes[key])]
    return [*draft.take_steps(), *adopted], still


def _is_usable(row: Remote, node: Desired) -> bool:
    """Return whether the node that carries an identity still fits it."""
    if (row.content is None) != (node.content is None):
        return False
    return not row.is_changed or row.content == node.content


def _can_become(draft: Draft, row: Remote, node: Desired) -> bool:
    """Return whether the node in the place of a desired one may be adopted for it."""
    if (row.content is None) != (node.content is None):
        return False
    if row.identity is None:
        return row.content == node.content
    owner = draft.desired.nodes.get(row.identity)
    if owner is not None and _is_usable(row, owner):
        return False
    if node.content is not None and row.content == node.content:
        return True
    return owner is None and not draft.policy.keep_deleted and not row.is_changed
