"""What is no longer wanted goes: to the folder of deleted things, or for good.

What was kept long enough among the deleted things goes for good too. Nothing of the user's is removed for good: not
what they added, not what they changed.
"""

from __future__ import annotations

from minno_dashboard.mirror.engine import naming
from minno_dashboard.mirror.engine.draft import Draft
from minno_dashboard.mirror.engine.model import Policy, Remote, Step


def remove(draft: Draft) -> list[Step]:
    """Return the steps that take away what is ours, no longer wanted, and not among the deleted things already."""
    for row in _topmost_orphans(draft):
        if draft.policy.keep_deleted:
            draft.move_to_deleted(row.key)
        else:
            _remove_for_good(draft, row)
    for row in _outdated(draft):
        _remove_for_good(draft, row)
    return draft.take_steps()


def _outdated(draft: Draft) -> list[Remote]:
    """Return what of ours was deleted so long ago that it is kept no more, the topmost of each, by path."""
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
    """Tell whether what has this name in the folder of deleted things was deleted too long ago to be kept."""
    day = naming.day_of_deletion(name)
    return bool(day) and day < policy.oldest_kept


def _topmost_orphans(draft: Draft) -> list[Remote]:
    """Return the orphans that go with no other, by path."""
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
    """Remove a node with everything below it; where that holds the user's work, all but the way to that work."""
    remote = draft.remote
    tree = [top.key, *sorted(remote.below(top.key), key=remote.path)]
    spared: set[str] = set()
    for key in tree:
        row = remote.nodes[key]
        if row.identity is None or row.is_changed:
            spared.update([key, *remote.above(key)])
    for key in tree:
        if key not in remote.nodes:
            continue  # it went with its folder
        if key not in spared:
            draft.remove(key)
        elif remote.nodes[key].identity is not None:
            draft.disown(key)
