"""Removes nodes of ours that are no longer desired: to the folder of deleted files, or for good.

What was kept long enough among the deleted things goes for good too. Nothing of the user's is removed for good: not
what they added, not what they changed.

Dropbox removes a file only at a given revision, but a folder with whatever is in it. So a folder that goes for good
first moves to the folder of deleted things; there its files are removed one by one, and then the folders, once a look
has shown that nothing else is in them.
"""

from __future__ import annotations

from minno_dashboard.mirror.planner import naming
from minno_dashboard.mirror.planner.draft import Draft
from minno_dashboard.mirror.planner.model import Policy, Remote, Step


def remove(draft: Draft) -> list[Step]:
    """Return the steps that remove our nodes that are not desired and not in the folder of deleted files."""
    for row in _topmost_orphans(draft):
        if draft.policy.keep_deleted:
            draft.move_to_deleted(row.key)
        else:
            _remove_for_good(draft, row)
    for row in _outdated(draft):
        _empty(draft, row)
    return draft.take_steps()


def _outdated(draft: Draft) -> list[Remote]:
    """Return the topmost of our nodes that were deleted too long ago to be kept, by path."""
    remote = draft.remote
    home = remote.deleted_folder()
    if home is None:
        return []
    ours: list[Remote] = []
    ways = [row for row in map(remote.nodes.get, remote.inside(home.key).values()) if row is not None]
    ways = [row for row in ways if is_outdated(row.name, draft.policy)]
    while ways:
        row = ways.pop()
        if row.identity is not None:
            ours.append(row)
        else:
            ways += [remote.nodes[key] for key in remote.inside(row.key).values()]
    return sorted(ours, key=lambda row: remote.path(row.key))


def is_outdated(name: str, policy: Policy) -> bool:
    """Return whether what has this name in the folder of deleted files is too old to be kept, or is being emptied."""
    day = naming.day_of_deletion(name)
    return naming.is_emptied(name) or (bool(day) and day < policy.oldest_kept)


def _topmost_orphans(draft: Draft) -> list[Remote]:
    """Return the orphans that are in no other orphan, by path."""
    remote = draft.remote
    found = [
        row
        for row in remote.nodes.values()
        if draft.is_orphan(row)
        and row != remote.deleted_folder()
        and not remote.is_deleted(row.key)
        and not any(draft.is_orphan(remote.nodes[folder]) for folder in remote.above(row.key))
    ]
    return sorted(found, key=lambda row: remote.path(row.key))


def _remove_for_good(draft: Draft, top: Remote) -> None:
    """Delete a file, or move a folder away to be emptied; where it holds the user's files, all but the folders to them."""
    tree, spared = _tree(draft, top), _spared(draft, top)
    gone: set[str] = set()
    for key in tree:
        row = draft.remote.nodes.get(key)
        if row is None or key in gone:
            continue
        if key in spared:
            if row.identity is not None:
                draft.disown(key)
        elif row.content is not None:
            draft.remove(key)
        else:
            gone.update(draft.remote.below(key))
            draft.move_to_emptied(key)


def _empty(draft: Draft, top: Remote) -> None:
    """Delete our nodes in the folder of deleted files: the files, each at its revision, then the folders."""
    tree, spared, nodes = _tree(draft, top), _spared(draft, top), draft.remote.nodes
    for key in tree:
        if key not in spared and nodes[key].content is not None:
            draft.remove(key)
    for key in tree:
        if key in spared and nodes[key].identity is not None:
            draft.disown(key)
        elif key in nodes and key not in spared:
            draft.remove(key)


def _tree(draft: Draft, top: Remote) -> list[str]:
    """Return the keys of a node and of everything below it, by path."""
    return [top.key, *sorted(draft.remote.below(top.key), key=draft.remote.path)]


def _spared(draft: Draft, top: Remote) -> set[str]:
    """Return the keys of the user's nodes in a tree, and of the folders above them."""
    spared: set[str] = set()
    for key in _tree(draft, top):
        row = draft.remote.nodes[key]
        if row.identity is None or row.is_changed:
            spared.update([key, *draft.remote.above(key)])
    return spared
