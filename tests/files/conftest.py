"""A tree to work on, and short ways to fill it and to see what is in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minno_dashboard.files import queries, services, store
from minno_dashboard.files.models import Node, Tree

Put = Callable[..., Node]


@pytest.fixture
def tree(db: None) -> Tree:
    """An empty tree."""
    return services.create_tree()


@pytest.fixture
def put(tree: Tree) -> Put:
    """Write a file at a path, whatever is there."""

    def write(path: str, content: bytes = b"content") -> Node:
        return services.write_file(
            tree=tree, by=None, path=path, source=content, expected_blob=services.ANYTHING
        )

    return write


def shown(tree: Tree) -> dict[str, bytes | None]:
    """Return all living paths of a tree with the files' content, None for folders."""
    content: dict[str, bytes | None] = {}
    for entry in queries.listing(tree):
        node = queries.get_node(tree=tree, node_id=entry.id)
        content[entry.path] = None if node.blob is None else store.read_verified(node.blob)
    return content


def at(tree: Tree, path: str) -> Node:
    """Return the node at a path, which must be there."""
    node = queries.node_at(tree=tree, path=path)
    assert node is not None, path
    return node


def revision(tree: Tree) -> int:
    """Return the tree's revision as the database has it."""
    return Tree.objects.get(pk=tree.pk).revision
