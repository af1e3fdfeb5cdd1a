"""Adds many files to a tree or folder at once: a few statements per level, not per file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid
from minno_dashboard.files import limits
from minno_dashboard.files.models import Blob, FileVersion, Node, Tree
from minno_dashboard.files.services.change import (
    Change,
    Person,
    add,
    changing,
    folder_of,
    taken_keys,
    way_to,
)
from minno_dashboard.files.services.writing import hold

Path = tuple[str, ...]


def fill_tree(*, tree: Tree, files: Mapping[Path, Blob], folders: Iterable[Path] = (), by: Person) -> None:
    """Put files, and folders that may be empty, into an empty tree as one change; folders of files are made.

    Raises:
        Invalid: the tree is not empty, a name is refused, or two paths are one for Dropbox.
        Frozen: the tree is published.
    """
    levels = _levels(files, folders)
    with changing(tree.pk, by) as change:
        if Node.objects.filter(tree=tree, deleted_at=None).exists():
            raise Invalid(gettext("There are already files here; only an empty version can be filled."))
        _fill(change, levels, files, None)


def unpack_into(
    *,
    tree: Tree,
    parent: Node | None,
    name: str,
    files: Mapping[Path, Blob],
    folders: Iterable[Path],
    by: Person,
) -> Node | None:
    """Put files and folders into a folder (None: the top) as one change, overwriting nothing.

    They come straight into it where none of their names is taken there, else into a new folder called `name`, with
    a number where that is taken, too. Returns that new folder, or None.

    Raises:
        Invalid: a name is refused, a path becomes too long, or two paths are one for Dropbox.
        Frozen, NotFound: the tree is published; the folder is gone.
        TooLarge: it is more than the owner may have.
    """
    levels = _levels(files, folders)
    with changing(tree.pk, by) as change:
        base = folder_of(change, parent)
        taken = taken_keys(change, base.pk if base else None)
        own = None
        if levels and any(names.fold(path[0]) in taken for path in levels[0]):
            own = names.free(taken, names.check(name))
        above = [*way_to(base.pk if base else None), *([own] if own else [])]
        for path in (path for level in levels for path in level):
            names.check_path((*above, *path))
        folder = add(change, base.pk if base else None, own, None) if own else None
        _fill(change, levels, files, folder or base)
        return folder


def _fill(change: Change, levels: list[list[Path]], files: Mapping[Path, Blob], base: Node | None) -> None:
    """Add all levels below a folder (None: the top), under the limits of the tree's owner."""
    hold(*files.values())
    limits.check_copies(change.tree, sum(map(len, levels)))
    made: dict[Path, Node] = {(): base} if base else {}
    for level in levels:
        nodes = [_node(change, path, files.get(path), made) for path in level]
        Node.objects.bulk_create(nodes)
        made.update(zip(level, nodes, strict=True))
        change.happened = True
    FileVersion.objects.bulk_create(
        FileVersion(node=made[path], blob=blob, at=change.at, by_id=change.by_id, how="imported")
        for path, blob in files.items()
    )
    limits.check_after(change.tree, largest=max((blob.size for blob in files.values()), default=0))


def _levels(files: Mapping[Path, Blob], folders: Iterable[Path]) -> list[list[Path]]:
    """Return all paths by their depth, those of folders above included; each name and path is checked."""
    every: dict[Path, None] = {}
    for path in (*folders, *files):
        names.check_path(path)
        every.update((path[:length], None) for length in range(1, len(path) + 1))
    seen: dict[Path, Path] = {}
    for path in every:
        other = seen.setdefault(tuple(map(names.fold, path)), path)
        if other != path:
            raise Invalid(names.twin(path[-1], other[-1]))
        if len(path) > 1 and path[:-1] in files:
            raise Invalid(
                gettext("%(quoted)s is a file; only a folder can contain others.")
                % {"quoted": names.quoted(path[-2])}
            )
    deepest = max(map(len, every), default=0)
    return [[path for path in every if len(path) == depth] for depth in range(1, deepest + 1)]


def _node(change: Change, path: Path, blob: Blob | None, made: Mapping[Path, Node]) -> Node:
    name = names.clean(path[-1])
    return Node(
        tree=change.tree,
        parent=made.get(path[:-1]),
        name=name,
        name_key=names.fold(name),
        is_folder=blob is None,
        blob=blob,
        revision=change.revision,
        created_at=change.at,
        changed_at=change.at,
        changed_by_id=change.by_id,
    )
