"""Changes the remote tree as a step changes the Dropbox: to be recorded once Dropbox has carried it out."""

from __future__ import annotations

from collections.abc import Iterable

from minno_dashboard.core.names import clean
from minno_dashboard.mirror.planner.model import (
    Adopt,
    Content,
    Copy,
    Desired,
    Disown,
    MakeFolder,
    Move,
    Remote,
    Remove,
    Step,
    UploadFile,
)
from minno_dashboard.mirror.planner.tree import DesiredTree, RemoteTree


def apply(
    remote: Iterable[Remote], step: Step, desired: Iterable[Desired] = (), *, rev: str = ""
) -> tuple[Remote, ...]:
    """Return the remote tree after one step. `rev` is Dropbox's answer for the file that was written."""
    tree = RemoteTree(remote)
    perform(tree, step, DesiredTree(desired), rev=rev)
    return tuple(tree.nodes.values())


def perform(tree: RemoteTree, step: Step, desired: DesiredTree, *, rev: str = "") -> str:
    """Change the remote tree as one step does; return the key of the node it is about.

    Folders that Dropbox makes on the way to a new path are ours where the desired tree has a folder at that path
    that is nowhere yet, else nobody's. New nodes get keys that begin with `new:`.
    """
    match step:
        case Adopt(identity=identity, key=key):
            tree.own(key, identity)
        case Disown(key=key):
            tree.own(key, None)
        case Move(key=key):
            folder, name = _way(tree, step.to_path, desired)
            tree.move(key, parent=folder, name=name)
            if step.aside:
                tree.own(key, None)
        case Copy():
            key = _copy(tree, step, desired, rev)
        case UploadFile():
            key = _upload(tree, step, desired, rev)
        case MakeFolder():
            key = _add(tree, step.identity, step.path, None, desired, "")
        case Remove(key=key):
            tree.remove(key)
    return key


def _upload(tree: RemoteTree, step: UploadFile, desired: DesiredTree, rev: str) -> str:
    existing = tree.of(step.identity)
    if existing is None:
        return _add(tree, step.identity, step.path, step.content, desired, rev)
    tree.write(existing.key, content=step.content, rev=rev)
    return existing.key


def _copy(tree: RemoteTree, step: Copy, desired: DesiredTree, rev: str) -> str:
    """Copy a node; nodes below it have no identity, and their revisions are unknown until Dropbox lists them."""
    below = list(tree.below(step.key))
    top = _add(tree, step.identity, step.to_path, tree.nodes[step.key].content, desired, rev)
    twins: dict[str | None, str] = {step.key: top}
    for key in below:
        row = tree.nodes[key]
        twins[key] = tree.fresh_key(f"{top}/{key}")
        tree.add(Remote(key=twins[key], parent=twins[row.parent], name=row.name, content=row.content))
    return top


def _add(
    tree: RemoteTree, identity: str, path: str, content: Content | None, desired: DesiredTree, rev: str
) -> str:
    folder, name = _way(tree, path, desired)
    key = tree.fresh_key(f"new:{identity}")
    tree.add(Remote(key=key, parent=folder, name=name, content=content, rev=rev, identity=identity))
    return key


def _way(tree: RemoteTree, path: str, desired: DesiredTree) -> tuple[str | None, str]:
    """Return the folder of a path, with missing folders added, and the last name of the path."""
    *folders, last = map(clean, path.split("/")[1:])
    here: str | None = None
    wanted: Desired | None = None
    is_desired = True
    for name in folders:
        wanted = desired.child(None if wanted is None else wanted.identity, name) if is_desired else None
        is_desired = wanted is not None
        found = tree.child(here, name)
        if found is None:
            identity = wanted.identity if wanted is not None and tree.of(wanted.identity) is None else None
            key = tree.fresh_key(f"new:{identity or path}")
            found = Remote(key=key, parent=here, name=name, identity=identity)
            tree.add(found)
        here = found.key
    return here, last
