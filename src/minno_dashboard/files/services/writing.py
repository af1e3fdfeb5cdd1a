"""Writes files: new, saved and restored ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid, TooLarge, Unavailable
from minno_dashboard.files import limits, queries, removal, store
from minno_dashboard.files.models import Blob, FileVersion, Node, Tree
from minno_dashboard.files.services.change import (
    Change,
    Person,
    WriteConflict,
    add,
    changing,
    child,
    folder_of,
    living,
    taken_keys,
    way_to,
)

HELD_AT_ONCE = 1000


class Whatever(Enum):
    """The type of `ANYTHING`."""

    ANYTHING = "anything"


ANYTHING = Whatever.ANYTHING
"""As `expected_blob`: whatever is there now, if anything, is replaced."""

Expected = Blob | str | None | Whatever
"""What the writer started from: a blob or its SHA-256; None for a file that must be new; or ANYTHING."""


class IfThere(Enum):
    """What to do with an uploaded file whose name is taken."""

    NEW = "new"
    OVERWRITE = "overwrite"
    KEEP_BOTH = "keep_both"
    SKIP = "skip"


def split(path: str) -> list[str]:
    """Return the checked names of a path such as `images/cat.jpg`.

    Raises:
        Invalid: a name or the path as a whole is refused.
    """
    return names.check_path(path.removeprefix("/").split("/"))


def write_file(
    *,
    tree: Tree,
    by: Person,
    source: store.Source | Blob,
    expected_blob: Expected,
    path: str = "",
    parent: Node | None = None,
    name: str = "",
    how: str = "saved",
) -> Node:
    """Write a file given by `path`, or by `name` in the folder `parent` (None: the top); missing folders are made.

    The bytes are stored before the transaction. Writing what is there already changes nothing.

    Raises:
        WriteConflict: the file is not what `expected_blob` says; it carries both blobs.
        Invalid: a name is refused, or is that of a folder.
        Frozen, NotFound: the tree is published; the folder is gone.
    """
    parts = split(path) if path else [names.check(name)]
    blob = _stored(source)
    with _dropped_if_refused(blob), changing(tree.pk, by) as change:
        start = folder_of(change, parent)
        folder_id = _folders(change, start.pk if start else None, parts[:-1])
        existing = _file(change, folder_id, parts[-1])
        if _is_expected(existing, blob, expected_blob):
            return _set(change, folder_id, parts[-1], existing, blob, how)
        raise _conflict(parts[-1], blob, existing, expected_blob)


def save_file(*, node: Node, by: Person, source: store.Source | Blob, expected_blob: Expected) -> Node:
    """Save a file that is open in an editor, wherever it was renamed or moved to meanwhile.

    Raises:
        WriteConflict: it was changed (`theirs`) or deleted (`theirs` is None) since; both blobs are kept.
        Frozen: the tree is published.
    """
    blob = _stored(source)
    with _dropped_if_refused(blob), changing(node.tree_id, by) as change:
        existing = Node.objects.filter(pk=node.pk, deleted_at=None).select_related("blob").first()
        if existing is None:
            raise _conflict(node.name, blob, None, expected_blob, node)
        if existing.is_folder:
            raise Invalid(
                gettext("%(name)s is a folder; only a file has content.")
                % {"name": names.quoted(existing.name)}
            )
        if not _is_expected(existing, blob, expected_blob):
            raise _conflict(existing.name, blob, existing, expected_blob)
        return _set(change, existing.parent_id, existing.name, existing, blob, "saved")


def put_upload(
    *,
    tree: Tree,
    by: Person,
    blob: Blob,
    parent: Node | None,
    path: str,
    if_there: IfThere,
    replaces: Expected = ANYTHING,
) -> Node | None:
    """Put an uploaded blob at a path below a folder, by the policy for names already taken; None when skipped.

    With OVERWRITE, `replaces` says which blob may be replaced.

    Raises:
        WriteConflict: the name is taken and the policy is NEW; or it is not `replaces` that would be overwritten.
        Invalid: a name is refused, or a folder has the file's name and the policy is to overwrite.
        Frozen, NotFound: the tree is published; the folder is gone.
    """
    parts = split(path)
    with _dropped_if_refused(blob), changing(tree.pk, by) as change:
        start = folder_of(change, parent)
        folder_id = _folders(change, start.pk if start else None, parts[:-1])
        name = parts[-1]
        there = child(change, folder_id, name)
        if there is not None and if_there is IfThere.SKIP:
            return None
        if there is not None and if_there is IfThere.KEEP_BOTH:
            name, there = names.free(taken_keys(change, folder_id), name), None
        if there is not None and there.is_folder:
            raise Invalid(
                gettext("There is a folder called %(name)s here; a file cannot replace it.")
                % {"name": names.quoted(there.name)}
            )
        if there is not None and not _may_replace(there, name, blob, if_there, replaces):
            raise _upload_conflict(blob, there)
        return _set(change, folder_id, name, there, blob, "uploaded")


def restore_version(*, version: FileVersion, by: Person, expected_blob: Expected = ANYTHING) -> Node:
    """Make an earlier state of a file its present content; later states stay in the history.

    Raises:
        NotFound: the file is deleted; bring it back first.
        WriteConflict: the file is not what `expected_blob` says.
        Frozen: the tree is published.
    """
    with changing(version.node.tree_id, by) as change:
        node = living(change, version.node_id)
        if not _is_expected(node, version.blob, expected_blob):
            raise _conflict(node.name, version.blob, node, expected_blob)
        return _set(change, node.parent_id, node.name, node, version.blob, "restored")


def check_announced(*, tree: Tree, parent: Node | None, path: str, size: int, if_there: IfThere) -> None:
    """Check the limits for a file of `size` bytes before its bytes are stored.

    Raises:
        Invalid: a name of the path is refused.
        TooLarge: the file is too large, or the owner's space is full.
    """
    above = f"{queries.path_of(parent)}/" if parent else ""
    there = queries.node_at(tree=tree, path=above + "/".join(split(path)))
    replaced = there.blob.size if there and there.blob and if_there is IfThere.OVERWRITE else 0
    limits.check_before(tree, size=size, replaced=replaced)


@contextmanager
def _dropped_if_refused(blob: Blob) -> Iterator[None]:
    """Remove bytes that exceed a limit; those of a conflict stay, they are somebody's text."""
    try:
        yield
    except TooLarge:
        removal.drop([blob.pk])
        raise


def hold(*blobs: Blob) -> None:
    """Keep blobs from being removed until this transaction ends, in which something will point to them.

    Raises:
        Unavailable: one was dropped a moment ago; sent again, the file is stored anew.
    """
    wanted = sorted({blob.pk for blob in blobs})
    for start in range(0, len(wanted), HELD_AT_ONCE):
        portion = wanted[start : start + HELD_AT_ONCE]
        held = Blob.objects.select_for_update().filter(pk__in=portion).order_by("pk")
        if len(held) != len(portion):
            raise Unavailable(
                gettext("The same file was removed at this very moment. Nothing was changed; try again."),
                retry_after_seconds=1,
            )


def _stored(source: store.Source | Blob) -> Blob:
    return source if isinstance(source, Blob) else store.put(source)


def _is_expected(existing: Node | None, blob: Blob, expected: Expected) -> bool:
    """Return whether a write is allowed; writing the present content always is."""
    if expected is ANYTHING or (existing is not None and existing.blob_id == blob.pk):
        return True
    if expected is None or existing is None:
        return expected is None and existing is None
    sha256 = expected.sha256 if isinstance(expected, Blob) else expected
    return existing.blob is not None and existing.blob.sha256 == sha256


def _conflict(
    name: str, mine: Blob, existing: Node | None, expected: Expected, gone: Node | None = None
) -> WriteConflict:
    shown = names.quoted(name)
    if existing is None:
        sentence = gettext(
            "%(shown)s was deleted or moved while you worked on it. Your text is kept: save it as a new file."
        ) % {"shown": shown}
    elif expected is None:
        sentence = gettext("There is a %(name)s here already; it was not overwritten.") % {
            "name": names.quoted(existing.name)
        }
    else:
        sentence = gettext(
            "%(shown)s was changed by somebody else while you worked on it. Nothing was overwritten."
        ) % {"shown": shown}
    theirs = existing.blob if existing else None
    return WriteConflict(sentence, mine=mine, theirs=theirs, node=existing or gone)


def _may_replace(there: Node, name: str, blob: Blob, if_there: IfThere, replaces: Expected) -> bool:
    """Return whether an upload may replace a taken name; a repeated upload after a lost answer may."""
    if if_there is IfThere.NEW:
        return there.blob_id == blob.pk and there.name == name
    return _is_expected(there, blob, replaces)


def _upload_conflict(mine: Blob, there: Node) -> WriteConflict:
    sentence = gettext(
        "%(name)s already exists here, but is not the file that you chose to replace. It was not overwritten."
    ) % {"name": names.quoted(there.name)}
    return WriteConflict(sentence, mine=mine, theirs=there.blob, node=there)


def _file(change: Change, folder_id: int | None, name: str) -> Node | None:
    existing = child(change, folder_id, name)
    if existing is not None and existing.is_folder:
        raise Invalid(
            gettext("There is a folder called %(name)s here; a file cannot replace it.")
            % {"name": names.quoted(existing.name)}
        )
    return existing


def _set(
    change: Change, folder_id: int | None, name: str, existing: Node | None, blob: Blob, how: str
) -> Node:
    """Give a file this content and a history entry, unless it has the content already."""
    before = existing.blob.size if existing and existing.blob else -1
    if existing is None:
        names.check_depth([*way_to(folder_id), name])
        hold(blob)
        existing = add(change, folder_id, name, blob)
    elif existing.blob_id == blob.pk:
        return existing
    else:
        hold(blob)
        Node.objects.filter(pk=existing.pk).update(blob=blob, **change.stamp())
        existing.refresh_from_db()
    change.record(existing, how)
    if blob.size >= before:  # what makes a file smaller is never refused
        limits.check_after(change.tree, largest=blob.size)
    limits.trim_history(change.tree)
    return existing


def _folders(change: Change, start: int | None, parts: Sequence[str]) -> int | None:
    """Return the folder at a path below `start`, created where it is missing."""
    here = start
    for part in parts:
        there = child(change, here, part)
        if there is None:
            there = add(change, here, part, None)
        elif not there.is_folder:
            raise Invalid(
                gettext("%(name)s is a file; only a folder can contain others.")
                % {"name": names.quoted(there.name)}
            )
        here = there.pk
    return here
