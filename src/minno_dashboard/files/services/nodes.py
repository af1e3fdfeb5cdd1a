"""Changes of whole folders and files: create, rename, move, copy, delete, restore."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.files import limits, walk
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.files.services import copying
from minno_dashboard.files.services.change import (
    Change,
    Person,
    add,
    changing,
    folder_of,
    living,
    refuse_twin,
    taken_keys,
    way_to,
)

_BURY = " ".join(
    [
        walk.BELOW,
        "UPDATE files_node SET deleted_at = %s, deleted_with_id = %s, revision = %s, changed_at = %s,",
        "changed_by_id = %s WHERE id IN (SELECT id FROM below)",
    ]
)


def make_folder(*, tree: Tree, parent: Node | None, name: str, by: Person) -> Node:
    """Create an empty folder in a folder (None: at the top).

    Raises:
        Invalid: the name is refused or taken, or the path too long.
        Frozen, NotFound: the tree is published; the folder is gone.
    """
    name = names.check(name)
    with changing(tree.pk, by) as change:
        folder = folder_of(change, parent)
        parent_id = folder.pk if folder else None
        refuse_twin(change, parent_id, name)
        names.check_depth([*way_to(parent_id), name])
        return add(change, parent_id, name, None)


def rename(*, node: Node, name: str, by: Person) -> Node:
    """Give a file or folder another name; changing only upper and lower case is possible.

    Raises:
        Invalid: the name is refused or taken, or a path would become too long.
        Frozen, NotFound: the tree is published; the node is deleted.
    """
    name = names.check(name)
    with changing(node.tree_id, by) as change:
        node = living(change, node.pk)
        if node.name == name:
            return node
        refuse_twin(change, node.parent_id, name, but=node.pk)
        _check_fits(way_to(node.parent_id), node, name)
        Node.objects.filter(pk=node.pk).update(name=name, name_key=names.fold(name), **change.stamp())
        node.refresh_from_db()
        return node


def move(*, nodes: Sequence[Node], to: Node | None, by: Person) -> None:
    """Move files and folders of one tree into a folder (None: to the top); what is there already stays.

    Raises:
        Invalid: a folder would go into itself, a name is taken there, or a path would become too long.
        Frozen, NotFound: the tree is published; something is gone.
    """
    if not nodes:
        return
    with changing(nodes[0].tree_id, by) as change:
        folder = folder_of(change, to)
        to_id = folder.pk if folder else None
        moving = [node for node in _living_rows(change.tree.pk, nodes) if node.parent_id != to_id]
        _refuse_into_itself(moving, to_id)
        _refuse_twins(change, moving, to_id)
        above = way_to(to_id)
        for node in moving:
            _check_fits(above, node, node.name)
        if moving:
            _update_many(moving, change, parent_id=to_id)


def copy(
    *, nodes: Sequence[Node], to_tree: Tree, to: Node | None, by: Person, keep_both: bool = False
) -> list[Node]:
    """Copy files and folders of one tree into a folder of the same or another tree; bytes are shared.

    With `keep_both` what has a name that is taken there comes as `name (2)`, instead of being refused.

    Raises:
        Invalid: a folder would go into itself, a name is taken there, or a path would become too long.
        TooLarge: there would be too many files and folders, or the owner's space is full.
        Frozen, NotFound: the target is published; something is gone.
    """
    if not nodes:
        return []
    with transaction.atomic():
        _lock(nodes[0].tree_id, to_tree.pk)
        sources = _living_rows(nodes[0].tree_id, nodes)
        with changing(to_tree.pk, by) as change:
            folder = folder_of(change, to)
            to_id = folder.pk if folder else None
            _refuse_into_itself(sources, to_id)
            if keep_both:
                _make_names_free(change, sources, to_id)
            else:
                _refuse_twins(change, sources, to_id)
            limits.check_copies(change.tree, _count(sources))
            above = way_to(to_id)
            for source in sources:
                _check_fits(above, source, source.name)
            copies = copying.copy_many(change, sources, to_id)
            if sources and sources[0].tree_id != to_tree.pk:
                limits.check_after(change.tree)
            return copies


def duplicate(*, node: Node, by: Person) -> Node:
    """Copy a file or folder beside itself as `name (2)`.

    Raises:
        Invalid: a path would become too long.
        TooLarge: there would be too many files and folders.
        Frozen, NotFound: the tree is published; the node is deleted.
    """
    with changing(node.tree_id, by) as change:
        node = living(change, node.pk)
        limits.check_copies(change.tree, _count([node]))
        name = names.free(taken_keys(change, node.parent_id), node.name)
        _check_fits(way_to(node.parent_id), node, name)
        return copying.copy_one(change, node, node.parent_id, name)


def delete(*, nodes: Sequence[Node], by: Person) -> None:
    """Delete files and folders of one tree with everything in them; each can be restored as a whole.

    What is deleted already is passed over.

    Raises:
        Frozen: the tree is published.
    """
    if not nodes:
        return
    with changing(nodes[0].tree_id, by) as change:
        there = Node.objects.filter(pk__in=[n.pk for n in nodes], tree=change.tree, deleted_at=None)
        doomed = _topmost(list(there))
        if not doomed:
            return
        for folder in (node for node in doomed if node.is_folder):
            _bury_below(change, folder)
        _update_many(doomed, change, deleted_at=change.at, deleted_with_id=F("id"))
        limits.trim_history(change.tree)


def bring_back(*, node: Node, by: Person) -> Node:
    """Restore what was deleted with `node`: to its folder, or the nearest one above that exists.

    Where the name is taken meanwhile, it comes back as `name (2)`.

    Raises:
        Invalid: it is not deleted, it was deleted with a folder above it, or a path would become too long.
        Frozen, NotFound: the tree is published; there is no such node.
    """
    with changing(node.tree_id, by) as change:
        root = Node.objects.filter(pk=node.pk, tree=change.tree).first()
        if root is None:
            raise NotFound(gettext("There is nothing here to bring back."))
        if root.deleted_at is None:
            raise Invalid(gettext("%(name)s is not deleted.") % {"name": names.quoted(root.name)})
        if root.deleted_with_id != root.pk:
            raise Invalid(
                gettext("%(name)s was deleted together with its folder; bring the folder back.")
                % {"name": names.quoted(root.name)}
            )
        parent_id = _nearest_living(root.parent_id)
        name = names.free(taken_keys(change, parent_id), root.name)
        back: dict[str, object] = {"deleted_at": None, "deleted_with": None, **change.stamp()}
        Node.objects.filter(tree=change.tree, deleted_with=root).exclude(pk=root.pk).update(**back)
        Node.objects.filter(pk=root.pk).update(
            parent_id=parent_id, name=name, name_key=names.fold(name), **back
        )
        root.refresh_from_db()
        _check_fits(way_to(parent_id), root, name)
        limits.check_after(change.tree)
        return root


def _count(nodes: Sequence[Node]) -> int:
    """Return how many nodes a copy of these would create."""
    files = sum(not node.is_folder for node in nodes)
    return files + walk.count_below(node.pk for node in nodes if node.is_folder)


def _lock(*tree_ids: int) -> None:
    """Lock trees in the order of their ids, so that two copies in opposite directions cannot wait for each other."""
    list(Tree.objects.select_for_update().filter(pk__in=tree_ids).order_by("pk"))


def _living_rows(tree_id: int, nodes: Sequence[Node]) -> list[Node]:
    """Read the nodes again; those inside another of them are left out."""
    wanted = {node.pk for node in nodes}
    found = list(Node.objects.filter(pk__in=wanted, tree=tree_id, deleted_at=None))
    if len(found) != len(wanted):
        raise NotFound(gettext("Some of these files no longer exist; they may just have been deleted."))
    return _topmost(found)


def _topmost(nodes: list[Node]) -> list[Node]:
    """Leave out nodes that lie below another of them."""
    folders = {node.pk for node in nodes if node.is_folder}
    if not folders:
        return nodes
    parents = {node.parent_id for node in nodes} - {None}
    under = {parent for parent in parents if any(step.id in folders for step in walk.up(parent))}
    return [node for node in nodes if node.parent_id not in under]


def _refuse_into_itself(nodes: Sequence[Node], to_id: int | None) -> None:
    way = {step.id for step in walk.up(to_id)}
    for node in nodes:
        if node.pk in way:
            raise Invalid(gettext("%(name)s cannot be put into itself.") % {"name": names.quoted(node.name)})


def _refuse_twins(change: Change, nodes: Sequence[Node], to_id: int | None) -> None:
    """Check that all names are free in the folder and among themselves."""
    staying = Node.objects.filter(
        tree=change.tree, parent_id=to_id, deleted_at=None, name_key__in={n.name_key for n in nodes}
    )
    there = dict(staying.values_list("name_key", "name"))
    for node in nodes:
        if node.name_key in there:
            raise Invalid(names.twin(node.name, there[node.name_key]))
        there[node.name_key] = node.name


def _make_names_free(change: Change, nodes: Sequence[Node], to_id: int | None) -> None:
    """Give the nodes, which are never saved themselves, names that are free in the folder and among themselves."""
    taken = taken_keys(change, to_id)
    for node in nodes:
        node.name = names.free(taken, node.name)
        node.name_key = names.fold(node.name)
        taken.add(node.name_key)


def _check_fits(above: Sequence[str], node: Node, name: str) -> None:
    if node.is_folder:
        walk.check_fits(above, node.pk, name)
    else:
        names.check_depth([*above, name])


def _update_many(nodes: Sequence[Node], change: Change, **values: object) -> None:
    Node.objects.filter(pk__in=[node.pk for node in nodes]).update(**values, **change.stamp())


def _bury_below(change: Change, folder: Node) -> None:
    """Mark everything living below a folder as deleted with it, in one statement."""
    at = connection.ops.adapt_datetimefield_value(change.at)
    with connection.cursor() as cursor:
        cursor.execute(_BURY, [folder.pk, at, folder.pk, change.revision, at, change.by_id])


def _nearest_living(parent_id: int | None) -> int | None:
    """Return the nearest folder above that is not deleted, None for the top."""
    way = [step.id for step in walk.up(parent_id)]
    alive = set(Node.objects.filter(pk__in=way, deleted_at=None).values_list("pk", flat=True))
    while way and way[-1] not in alive:
        way.pop()
    return way[-1] if way else None
