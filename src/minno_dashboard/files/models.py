"""Blobs, trees, nodes, and the history of every file."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Blob(models.Model):
    """Immutable bytes in the blob store, addressed by their SHA-256 (hexadecimal).

    `dropbox_hash` is Dropbox's content hash of the same bytes, computed once as they were stored.
    `unreferenced_since` is set by the collector when nothing points here any more. `verified_at` is when the stored
    bytes were last read and compared with the SHA-256; `damaged_since` is when they were first found to differ.
    """

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField()
    dropbox_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    unreferenced_since = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    damaged_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["verified_at"], name="oldest_verified_blobs"),
            models.Index(
                fields=["damaged_since"], condition=Q(damaged_since__isnull=False), name="damaged_blobs"
            ),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]


class RemovalPause(models.Model):
    """While a row exists, no stored bytes are removed: a backup is copying them."""

    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"no removals until {self.until:%Y-%m-%d %H:%M:%S}"


class Tree(models.Model):
    """The folders and files of one version.

    `revision` is raised in the transaction of any change. `settled_revision` is the revision up to which everybody
    who follows trees (the mirror) has taken the changes over; this app does not know who follows.
    """

    revision = models.BigIntegerField(default=0)
    settled_revision = models.BigIntegerField(default=0)
    is_frozen = models.BooleanField(default=False)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=~Q(revision=F("settled_revision")), name="unsettled_trees")
        ]

    def __str__(self) -> str:
        return f"tree {self.pk} at revision {self.revision}"


class Node(models.Model):
    """One folder or file of a tree; its id survives renames and moves.

    `revision` is the tree's revision at the node's last change (a folder's own: not that of things inside it).
    A deleted node stays as a tombstone: `deleted_at` is set, and `deleted_with` names the node that was deleted as
    a whole (itself, or the folder above it), so that it can be brought back together. `copied_from` is the id of
    the node whose content this one started with.
    """

    tree = models.ForeignKey(Tree, on_delete=models.CASCADE, related_name="nodes")
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=510)
    is_folder = models.BooleanField(default=False)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, blank=True, related_name="nodes")
    revision = models.BigIntegerField()
    copied_from = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_with = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tree", "parent", "name_key"],
                condition=Q(deleted_at=None, parent__isnull=False),
                name="one_name_in_a_folder",
            ),
            models.UniqueConstraint(
                fields=["tree", "name_key"],
                condition=Q(deleted_at=None, parent__isnull=True),
                name="one_name_at_the_top",
            ),
            models.CheckConstraint(
                condition=Q(is_folder=True, blob=None) | Q(is_folder=False, blob__isnull=False),
                name="a_file_has_bytes_and_a_folder_none",
            ),
        ]
        indexes = [models.Index(fields=["tree", "revision"], name="changes_of_a_tree")]

    def __str__(self) -> str:
        return self.name


class FileVersion(models.Model):
    """One state of a file in its history."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="history")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="history")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    how = models.CharField(max_length=20)

    class Meta:
        indexes = [models.Index(fields=["node", "-at"], name="history_of_a_file")]

    def __str__(self) -> str:
        return f"{self.node_id} at {self.at:%Y-%m-%d %H:%M:%S}"


class Upload(models.Model):
    """A file arriving in pieces, to be stored at `path` below `parent`; the first `received` bytes are on the disk.

    `blob` is set once all bytes are stored, so that finishing can be tried again.
    """

    public_id = models.CharField(max_length=24, unique=True)
    tree = models.ForeignKey(Tree, on_delete=models.CASCADE, related_name="uploads")
    parent = models.ForeignKey(Node, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    path = models.TextField()
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.path}: {self.received} of {self.size} bytes"
