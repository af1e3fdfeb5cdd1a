"""The limits set by admins, checked before bytes are stored and after a change."""

from __future__ import annotations

from django.utils.translation import gettext

from minno_dashboard.accounts.models import User
from minno_dashboard.administration import history_limit
from minno_dashboard.administration.queries import bytes_of, nodes_of, unfinished_bytes_of
from minno_dashboard.core.errors import TooLarge
from minno_dashboard.files.models import Tree
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.queries import LimitSettings
from minno_dashboard.ui import words

MAX_NODES_OF_OWNER = 1_000_000
"""The most files and folders of one owner in all versions, deleted ones included; asked where many come at once."""


def before(tree: Tree, size: int, replaced: int) -> None:
    """Refuse a file that is larger than the limit, or that does not fit into the owner's space.

    What has arrived of unfinished uploads counts. A file that is no larger than the one it replaces has room.

    Raises:
        TooLarge: the file is too large, or the space of the study's owner is full.
    """
    chosen = siteconfig.limits()
    _check_file(chosen, size)
    _check_space(chosen, tree, size, replaced)


def room(tree: Tree, size: int, replaced: int) -> None:
    """Refuse bytes, of one file or many, that do not fit into the owner's space.

    Raises:
        TooLarge: the space of the study's owner is full.
    """
    _check_space(siteconfig.limits(), tree, size, replaced)


def _check_space(chosen: LimitSettings, tree: Tree, size: int, replaced: int) -> None:
    space = chosen.space_bytes
    owner = None if space is None else _owner_of(tree)
    if space is None or owner is None:
        return
    growth = size - replaced
    used = bytes_of(owner) + unfinished_bytes_of(owner)
    if growth > 0 and used + growth > space:
        raise TooLarge(
            gettext(
                "%(owner)s has used %(used)s of %(space)s, and this would need %(growth)s more. "
                "Delete files or studies, or ask an administrator for more space."
            )
            % {
                "owner": owner,
                "used": words.size(used),
                "space": words.size(space),
                "growth": words.size(growth),
            }
        )


def after(tree: Tree, largest: int) -> None:
    """Refuse a change with too large a file, or after which an owner exceeds the limit.

    Raises:
        TooLarge: it is so; nothing of the change may stay.
    """
    chosen = siteconfig.limits()
    _check_file(chosen, largest)
    space = chosen.space_bytes
    owner = None if space is None else _owner_of(tree)
    if space is None or owner is None:
        return
    used = bytes_of(owner) + unfinished_bytes_of(owner)
    if used > space:
        raise TooLarge(
            gettext(
                "%(owner)s can use %(space)s; this would make it %(used)s. Delete files or studies, "
                "or ask an administrator for more space."
            )
            % {"owner": owner, "space": words.size(space), "used": words.size(used)}
        )


def trim(tree: Tree) -> None:
    """Keep as many bytes of history and deleted files as an owner may have of files, the newest of them."""
    space = siteconfig.limits().space_bytes
    owner = None if space is None else _owner_of(tree)
    if space is not None and owner is not None:
        history_limit.trim(owner, space)


def copies(tree: Tree, count: int) -> None:
    """Refuse so many more files and folders of one owner at once.

    Raises:
        TooLarge: the owner of the study would have too many.
    """
    owner = _owner_of(tree)
    if owner is not None and nodes_of(owner) + count > MAX_NODES_OF_OWNER:
        raise TooLarge(
            gettext(
                "With this, %(owner)s would have more than %(most)s files and folders in all "
                "versions. Nothing was copied; delete studies that are no longer needed."
            )
            % {"owner": owner, "most": f"{MAX_NODES_OF_OWNER:,}"}
        )


def _check_file(chosen: LimitSettings, size: int) -> None:
    most = chosen.file_bytes
    if most is not None and size > most:
        raise TooLarge(
            gettext(
                "This file has %(size)s; the limit here is %(most)s. An administrator of this "
                "Dashboard can raise it."
            )
            % {"size": words.size(size), "most": words.size(most)}
        )


def _owner_of(tree: Tree) -> User | None:
    return User.objects.filter(studies__versions__tree=tree).first()
