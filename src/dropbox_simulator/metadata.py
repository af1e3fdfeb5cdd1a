"""Converts nodes to the official SDK's metadata objects, and encodes them."""

from __future__ import annotations

import datetime
from typing import Any

from dropbox import files, stone_serializers

from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.tree import Gone, Revision, TreeNode

Metadata = Any
"""An instance of one of the SDK's generated classes, which carry no types."""


def moment(seconds: int) -> datetime.datetime:
    """Make the naive UTC time that the SDK's structures hold."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)


def display_path(node: TreeNode, behaviour: Behaviour) -> str:
    """Return the displayed path, with the ancestors' letter case as unreliable as configured."""
    if not behaviour.ancestors_lowercased or node.parent is None:
        return node.path_display()
    return f"{node.parent.path_lower()}/{node.name}"


def metadata_of(node: TreeNode, behaviour: Behaviour) -> Metadata:
    """Describe a node as FileMetadata or FolderMetadata."""
    path_lower, path_display = node.path_lower(), display_path(node, behaviour)
    if node.revision is None:
        return files.FolderMetadata(
            name=node.name, id=node.id, path_lower=path_lower, path_display=path_display
        )
    return file_metadata(node.revision, node.name, path_lower, path_display)


def file_metadata(revision: Revision, name: str, path_lower: str, path_display: str) -> Metadata:
    """Describe one revision of a file."""
    return files.FileMetadata(
        name=name,
        id=revision.node_id,
        client_modified=moment(revision.client_modified),
        server_modified=moment(revision.server_modified),
        rev=revision.rev,
        size=revision.blob.size,
        path_lower=path_lower,
        path_display=path_display,
        is_downloadable=True,
        content_hash=revision.blob.content_hash,
    )


def gone_metadata(gone: Gone, path_lower: str) -> Metadata:
    """Describe a deleted path."""
    return files.DeletedMetadata(name=gone.name, path_lower=path_lower, path_display=gone.path_display)


def decode(validator: Any, value: object) -> Any:
    """Build the SDK's object from JSON as Dropbox encodes it."""
    return stone_serializers.json_compat_obj_decode(validator, value, strict=False)


def encode(validator: Any, value: Any) -> Any:
    """Encode an SDK object as JSON values, the way Dropbox does."""
    return stone_serializers.json_compat_obj_encode(validator, value)
