"""What a slice must contain, as the runner reads it: the reference for `docs/mirror-planner.md`."""

from __future__ import annotations

from collections.abc import Iterable

from minno_dashboard.mirror.planner.model import DELETED, Desired, Remote
from minno_dashboard.mirror.planner.tree import DesiredTree, RemoteTree


def cut(
    changed: Iterable[str], desired: DesiredTree, remote: RemoteTree
) -> tuple[list[Desired], list[Remote]]:
    """Cut both trees to what identities that changed (made, edited, renamed, moved, deleted) need."""
    wanted: set[str] = set()
    keys: set[str] = set()
    deleted = remote.child(None, DELETED)
    if deleted is not None:
        keys.update([deleted.key, *remote.inside(deleted.key).values()])
    more = set(changed)
    while more:
        for identity in more:
            wanted.add(identity)
            if identity in desired.nodes:
                wanted.update(desired.above(identity))
            keys.update(_rows_of(identity, desired, remote))
        for key in list(keys):
            keys.update(remote.above(key))
        more = {remote.nodes[key].identity or "" for key in keys} - wanted - {""}
    return (
        [desired.nodes[identity] for identity in wanted if identity in desired.nodes],
        [remote.nodes[key] for key in keys],
    )


def _rows_of(identity: str, desired: DesiredTree, remote: RemoteTree) -> set[str]:
    """Its own row; what lies in its place; all beside what steps aside, all below what goes or is copied."""
    row, node = remote.of(identity), desired.nodes.get(identity)
    keys = set() if row is None else {row.key}
    if row is not None and (node is None or (node.content is None) != (row.content is None)):
        keys.update(remote.below(row.key))
    if row is not None and row.is_changed:
        keys.update(remote.inside(row.parent).values())
    if node is None:
        return keys
    folder = remote.of(node.parent) if node.parent else None
    if folder is not None or node.parent is None:
        here = None if folder is None else folder.key
        occupant = remote.child(here, node.name)
        if occupant is not None and occupant != row:
            keys.update([occupant.key, *remote.below(occupant.key)])
            keys.update(remote.inside(here).values())
    origin = remote.of(node.origin) if node.origin else None
    if origin is not None and row is None:
        keys.update([origin.key, *remote.below(origin.key)])
    return keys
