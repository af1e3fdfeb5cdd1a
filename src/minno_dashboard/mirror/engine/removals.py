"""What is no longer wanted goes: to the folder of deleted things, or for good.

Nothing of the user's is removed for good: not what they added, not what they changed.
"""

from __future__ import annotations

from minno_dashboard.mirror.engine.draft import Draft
from minno_dashboard.mirror.engine.model import Remote, Step


def remove(draft: Draft) -> list[Step]:
    """Return the steps that take away what is ours, no longer wanted, and not among the deleted things already."""
    for row in _topmost_orphans(draft):
        if draft.policy.keep_deleted:
            draft.move_to_deleted(row.key)
        else:
            _remove_for_good(draft, row)
    return draft.take_steps()


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
