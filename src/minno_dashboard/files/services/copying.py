"""Copies nodes level by level with a few SQL statements, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from minno_dashboard.core import names
from minno_dashboard.files.models import Node
from minno_dashboard.files.services.change import Change

_INSERT = """
    INSERT INTO files_node (tree_id, parent_id, name, name_key, is_folder, blob_id, revision, copied_from,
                            created_at, changed_at, changed_by_id, deleted_at, deleted_with_id)
"""

_TOP = " ".join(
    [
        _INSERT,
        "SELECT %s, NULL, s.name, s.name_key, s.is_folder, s.blob_id, %s, s.id, %s, %s, %s, NULL, NULL",
        "FROM files_node s WHERE s.tree_id = %s AND s.parent_id IS NULL AND s.deleted_at IS NULL ORDER BY s.id",
    ]
)

_NEXT_LEVEL = " ".join(
    [
        _INSERT,
        "SELECT %s, p.id, s.name, s.name_key, s.is_folder, s.blob_id, %s, s.id, %s, %s, %s, NULL, NULL",
        "FROM files_node p JOIN files_node s ON s.parent_id = p.copied_from AND s.deleted_at IS NULL",
        "WHERE p.tree_id = %s AND p.revision = %s AND p.id > %s AND p.is_folder ORDER BY s.id",
    ]
)

_HISTORY = """
    INSERT INTO files_fileversion (node_id, blob_id, at, by_id, how)
    SELECT n.id, n.blob_id, %s, %s, 'copied'
    FROM files_node n WHERE n.tree_id = %s AND n.revision = %s AND n.id > %s AND n.blob_id IS NOT NULL
"""


def copy_all(change: Change, source_tree_id: int) -> None:
    """Copy everything that lives in another tree into the (empty) tree under change."""
    start = _newest()
    if _run(_TOP, [*_head(change), source_tree_id]):
        _copy_below(change, start)
        _record(change, start)


def copy_many(change: Change, sources: Sequence[Node], parent_id: int | None) -> list[Node]:
    """Copy files and folders, with everything living below, into one folder where their names are free."""
    start = _newest()
    Node.objects.bulk_create(
        [_copy_of(change, source, parent_id, source.name, source.name_key) for source in sources]
    )
    _copy_below(change, start)
    _record(change, start)
    made = Node.objects.filter(tree=change.tree, revision=change.revision, parent_id=parent_id, pk__gt=start)
    return list(made.order_by("pk"))


def copy_one(change: Change, source: Node, parent_id: int | None, name: str) -> Node:
    """Copy a file, or a folder with everything below it, under a name that was checked and is free."""
    start = _newest()
    copy = _copy_of(change, source, parent_id, name, names.fold(name))
    copy.save()
    _copy_below(change, start)
    _record(change, start)
    return copy


def _copy_of(change: Change, source: Node, parent_id: int | None, name: str, name_key: str) -> Node:
    return Node(
        tree=change.tree,
        parent_id=parent_id,
        name=name,
        name_key=name_key,
        is_folder=source.is_folder,
        blob_id=source.blob_id,
        revision=change.revision,
        copied_from=source.pk,
        created_at=change.at,
        changed_at=change.at,
        changed_by_id=change.by_id,
    )


def _copy_below(change: Change, start: int) -> None:
    """Copy what lies below the folders copied since `start`, one level at a time until there is no more."""
    while True:
        reached = _newest()
        if not _run(_NEXT_LEVEL, [*_head(change), change.tree.pk, change.revision, start]):
            return
        start = reached


def _record(change: Change, start: int) -> None:
    change.happened = True
    _run(_HISTORY, [_moment(change.at), change.by_id, change.tree.pk, change.revision, start])


def _head(change: Change) -> list[Any]:
    at = _moment(change.at)
    return [change.tree.pk, change.revision, at, at, change.by_id]


def _moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _newest() -> int:
    """Return the highest id so far: rows added by this transaction to its locked tree get higher ones."""
    return Node.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _run(sql: str, values: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
