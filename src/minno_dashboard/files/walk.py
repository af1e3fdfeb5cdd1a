"""Queries up and down a tree, one statement each (recursive SQL for SQLite and PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection

from minno_dashboard.core import names


class Step(NamedTuple):
    """One node on the path, with its distance from the start."""

    id: int
    parent_id: int | None
    name: str
    distance: int


_UP = """
WITH RECURSIVE way(id, parent_id, name, distance) AS (
    SELECT id, parent_id, name, 0 FROM files_node WHERE id = %s
    UNION ALL
    SELECT n.id, n.parent_id, n.name, way.distance + 1 FROM files_node n JOIN way ON n.id = way.parent_id
)
SELECT id, parent_id, name, distance FROM way ORDER BY distance DESC
"""

BELOW = """
WITH RECURSIVE below(id, parent_id, name, distance) AS (
    SELECT id, parent_id, name, 0 FROM files_node WHERE id = %s
    UNION ALL
    SELECT n.id, n.parent_id, n.name, below.distance + 1
    FROM files_node n JOIN below ON n.parent_id = below.id WHERE n.deleted_at IS NULL
)
"""


def up(node_id: int | None) -> list[Step]:
    """Return the way from the top of the tree down to the node, both included; empty for the top itself."""
    if node_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_UP, [node_id])
        return [Step(*row) for row in cursor.fetchall()]


def down(node_id: int) -> list[Step]:
    """Return the node and everything living below it, each folder before what it holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            " ".join([BELOW, "SELECT id, parent_id, name, distance FROM below ORDER BY distance"]), [node_id]
        )
        return [Step(*row) for row in cursor.fetchall()]


def count_below(node_ids: Iterable[int]) -> int:
    """Return how many living nodes there are in these nodes, each of them included."""
    with connection.cursor() as cursor:
        total = 0
        for node_id in node_ids:
            cursor.execute(" ".join([BELOW, "SELECT COUNT(*) FROM below"]), [node_id])
            total += int(cursor.fetchone()[0])
        return total


def check_fits(above: Iterable[str], node_id: int, name: str) -> None:
    """Check that a node, under this name in this folder, keeps everything below it within the path limits.

    Raises:
        Invalid: a path would become too deep or too long.
    """
    start = [*above, name]
    paths: dict[int, list[str]] = {}
    for step in down(node_id):
        path = start if step.distance == 0 else [*paths[step.parent_id or 0], step.name]
        paths[step.id] = path
    worst = max(paths.values(), key=names.path_bytes, default=start)
    deepest = max(paths.values(), key=len, default=start)
    names.check_depth(worst)
    names.check_depth(deepest)
