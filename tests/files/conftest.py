"""A tree to work on, and short ways to fill it and to see what is in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minno_dashboard.files import queries, services, store
from minno_dashboard.files.models import Blob, Node, Tree

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
    entries = queries.listing(tree)
    blobs = {
        blob.sha256: store.read_verified(blob) for blob in Blob.objects.filter(nodes__tree=tree).distinct()
    }
    return {entry.path: None if entry.is_folder else blobs[entry.sha256] for entry in entries}


def at(tree: Tree, path: str) -> Node:
    """Return the node at a path, which must be there."""
    node = queries.node_at(tree=tree, path=path)
    assert node is not None, path
    return node


def revision(tree: Tree) -> int:
    """Return the tree's revision as the database has it."""
    return Tree.objects.get(pk=tree.pk).revision
