"""State of a plan being made: both trees, the identity of each remote node, and the remote tree after the steps so far."""

from __future__ import annotations

from collections.abc import Iterable

from minno_dashboard.core.names import fold
from minno_dashboard.mirror.planner import naming
from minno_dashboard.mirror.planner.model import DELETED, Desired, Disown, Move, Policy, Remote, Remove, Step
from minno_dashboard.mirror.planner.tree import DesiredTree, RemoteTree


class Draft:
    """State that the phases of planning share.

    `place` maps an identity to the key of the remote node that is, or will be, it; `stands_for` is its inverse.
    A node that carries an identity and stands for none is an orphan: ours, and no longer wanted where it is.
    """

    def __init__(self, desired: Iterable[Desired], remote: Iterable[Remote], policy: Policy) -> None:
        """Index the two trees; raises BrokenTree where they are no trees."""
        self.desired = DesiredTree(desired)
        self.remote = RemoteTree(remote)
        self.policy = policy
        self.order = self.desired.downwards()
        self.place: dict[str, str] = {}
        self.stands_for: dict[str, str] = {}
        self.steps: list[Step] = []

    def take_steps(self) -> list[Step]:
        """Return the steps of the phase that ends here, and begin the next one."""
        steps, self.steps = self.steps, []
        return steps

    def settle(self, identity: str, key: str) -> None:
        """Record that a remote node is what an identity should be."""
        self.place[identity] = key
        self.stands_for[key] = identity

    def is_orphan(self, row: Remote) -> bool:
        """Return whether a node is ours and no longer desired."""
        return row.identity is not None and row.key not in self.stands_for

    def occupant(self, node: Desired) -> Remote | None:
        """Return the remote node in the place of a desired one; it may be the right one."""
        if node.parent is None:
            return self.remote.child(None, node.name)
        folder = self.place.get(node.parent)
        return None if folder is None else self.remote.child(folder, node.name)

    def make_folder(self, identity: str) -> str:
        """Return the key of a desired folder; missing folders, also above it, are added."""
        missing: list[str] = []
        here: str | None = identity
        while here is not None and here not in self.place:
            missing.append(here)
            here = self.desired.nodes[here].parent
        folder = None if here is None else self.place[here]
        for each in reversed(missing):
            key = self.remote.fresh_key(f"new:{each}")
            name = self.desired.nodes[each].name
            self.remote.add(Remote(key=key, parent=folder, name=name, identity=each))
            self.settle(each, key)
            folder = key
        return self.place[identity]

    def move(self, key: str, *, parent: str | None, name: str, is_aside: bool = False) -> None:
        """Move a node to a free name in a folder; with `aside` it becomes the user's."""
        from_path = self.remote.path(key)
        self.remote.move(key, parent=parent, name=name)
        if is_aside:
            self.remote.own(key, None)
        self.steps.append(Move(key, from_path, self.remote.path(key), aside=is_aside))

    def disown(self, key: str) -> None:
        """Make a node the user's, without moving it."""
        self.remote.own(key, None)
        self.steps.append(Disown(key))

    def remove(self, key: str) -> None:
        """Delete a node, with everything below it."""
        path, rev = self.remote.path(key), self.remote.nodes[key].rev
        self.remote.remove(key)
        self.steps.append(Remove(key, path, rev))

    def move_aside(self, key: str) -> None:
        """Rename a node that occupies a place and is, or becomes, the user's; the new name says why."""
        row = self.remote.nodes[key]
        is_folder, today = row.content is None, self.policy.today
        name = naming.aside(
            row.name, is_folder=is_folder, today=today, is_taken=lambda name: self._is_taken(row.parent, name)
        )
        self.move(key, parent=row.parent, name=name, is_aside=True)

    def stands_aside(self, key: str) -> bool:
        """Return whether a file of the user's was renamed aside before and is in no place of ours."""
        row = self.remote.nodes[key]
        folder = None if row.parent is None else self.stands_for.get(row.parent)
        is_wanted = (row.parent is None or folder is not None) and fold(row.name) in self.desired.inside(
            folder
        )
        return naming.is_aside(row.name) and not is_wanted

    def move_for_now(self, key: str) -> None:
        """Give a node a temporary name, until its place is free."""
        row = self.remote.nodes[key]
        name = naming.temporary(key, is_taken=lambda name: self._is_taken(row.parent, name))
        self.move(key, parent=row.parent, name=name)

    def move_to_deleted(self, key: str, *, is_aside: bool = False) -> None:
        """Move a node, with everything below it, to the folder of deleted files."""
        row = self.remote.nodes[key]
        home = self._deleted_home()
        name = naming.deleted(
            row.name,
            is_folder=row.content is None,
            today=self.policy.today,
            is_taken=lambda name: name in self.remote.inside(home),
        )
        self.move(key, parent=home, name=name, is_aside=is_aside)

    def move_to_emptied(self, key: str) -> None:
        """Move a folder to the folder of deleted files, where our files in it will be deleted."""
        row, home = self.remote.nodes[key], self._deleted_home()
        name = naming.emptied(
            row.name, today=self.policy.today, is_taken=lambda name: name in self.remote.inside(home)
        )
        self.move(key, parent=home, name=name)

    def _is_taken(self, folder: str | None, folded: str) -> bool:
        """Return whether a name in a remote folder is used, or will be."""
        wanted = None if folder is None else self.stands_for.get(folder)
        is_wanted = (folder is None or wanted is not None) and folded in self.desired.inside(wanted)
        is_deleted = folder is None and folded == fold(DELETED)
        return is_deleted or is_wanted or folded in self.remote.inside(folder)

    def _deleted_home(self) -> str:
        """Return the key of the folder of deleted files; anything else of that name is renamed."""
        wanted = self.desired.child(None, DELETED)
        occupant = self.remote.child(None, DELETED)
        if occupant is not None:
            owner = self.stands_for.get(occupant.key)
            if occupant.content is None and (owner is None or (wanted and owner == wanted.identity)):
                return occupant.key
            if occupant.identity is None:
                self.move_aside(occupant.key)
            else:
                self.move_for_now(occupant.key)
        if wanted is not None:
            return self.make_folder(wanted.identity)
        key = self.remote.fresh_key("new:deleted")
        self.remote.add(Remote(key=key, parent=None, name=DELETED))
        return key
