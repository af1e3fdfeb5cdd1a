"""Whole trees: create, copy, freeze, remove."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.core.errors import NotFound
from minno_dashboard.files.models import FileVersion, Tree, Upload
from minno_dashboard.files.services import copying
from minno_dashboard.files.services.change import Person, changing
from minno_dashboard.files.services.uploads import abandon_upload


def create_tree() -> Tree:
    """Create an empty tree."""
    return Tree.objects.create()


def copy_tree(*, source: Tree, by: Person) -> Tree:
    """Make a new, changeable tree with all that lives in `source`: rows are copied, never bytes.

    Each node remembers by `copied_from` whose content it started with.
    """
    with transaction.atomic():
        if not Tree.objects.select_for_update().filter(pk=source.pk).exists():
            raise NotFound(gettext("These files no longer exist."))
        tree = create_tree()
        with changing(tree.pk, by) as change:
            copying.copy_all(change, source.pk)
    return change.tree


def freeze(*, tree: Tree) -> None:
    """Lock a tree permanently; freezing it again changes nothing."""
    with transaction.atomic():
        Tree.objects.select_for_update().get(pk=tree.pk)
        Tree.objects.filter(pk=tree.pk).update(is_frozen=True)
    tree.is_frozen = True


def remove_tree(*, tree: Tree) -> None:
    """Delete a tree with its history permanently; its bytes are removed 30 days later."""
    for upload in Upload.objects.filter(tree=tree):
        abandon_upload(upload=upload)
    with transaction.atomic():
        FileVersion.objects.filter(node__tree=tree).delete()
        tree.delete()
