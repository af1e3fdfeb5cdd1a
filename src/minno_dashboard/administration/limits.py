"""The limits an admin set, checked before a file is sent and after anything was written."""

from __future__ import annotations

from django.utils.translation import gettext

from minno_dashboard.accounts.models import User
from minno_dashboard.administration.queries import bytes_of
from minno_dashboard.core.errors import TooLarge
from minno_dashboard.files.models import Tree
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.queries import LimitSettings
from minno_dashboard.ui import words


def before(tree: Tree, size: int) -> None:
    """Refuse a file that is larger than the admin allows, or that has no room any more.

    Raises:
        TooLarge: the file is too large, or the space of the study's owner is full.
    """
    chosen = siteconfig.limits()
    _check_file(chosen, size)
    space = chosen.space_bytes
    owner = None if space is None else _owner_of(tree)
    if space is None or owner is None:
        return
    used = bytes_of(owner)
    if used + size > space:
        raise TooLarge(
            gettext(
                "%(owner)s has used %(used)s of %(space)s, and this would need %(growth)s more. "
                "Delete files or studies, or ask an administrator for more space."
            )
            % {
                "owner": owner,
                "used": words.size(used),
                "space": words.size(space),
                "growth": words.size(size),
            }
        )


def after(tree: Tree, largest: int) -> None:
    """Refuse a change with too large a file, or after which an owner holds more than the admin allows.

    Raises:
        TooLarge: it is so; nothing of the change may stay.
    """
    chosen = siteconfig.limits()
    _check_file(chosen, largest)
    space = chosen.space_bytes
    owner = None if space is None else _owner_of(tree)
    if space is None or owner is None:
        return
    used = bytes_of(owner)
    if used > space:
        raise TooLarge(
            gettext(
                "%(owner)s can use %(space)s, and with this it would be %(used)s. "
                "Delete files or studies, or ask an administrator for more space."
            )
            % {"owner": owner, "space": words.size(space), "used": words.size(used)}
        )


def _check_file(chosen: LimitSettings, size: int) -> None:
    most = chosen.file_bytes
    if most is not None and size > most:
        raise TooLarge(
            gettext(
                "This file has %(size)s, and a file can have at most %(most)s here. "
                "An administrator of this Dashboard can raise this."
            )
            % {"size": words.size(size), "most": words.size(most)}
        )


def _owner_of(tree: Tree) -> User | None:
    return User.objects.filter(studies__versions__tree=tree).first()
