"""The limits an admin set, checked as files are written."""

from __future__ import annotations

from django.utils.translation import gettext

from minno_dashboard.accounts.models import User
from minno_dashboard.administration.queries import bytes_of
from minno_dashboard.core.errors import TooLarge
from minno_dashboard.files.models import Tree
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.ui import words


def check(tree: Tree, growth: int, largest: int) -> None:
    """Refuse what is larger than the admin allows; what makes a file smaller is never refused.

    Raises:
        TooLarge: a file is too large, or the space of the study's owner is full.
    """
    chosen = siteconfig.limits()
    if growth <= 0:
        return
    if chosen.file_bytes is not None and largest > chosen.file_bytes:
        raise TooLarge(
            gettext(
                "This file has %(size)s, and a file can have at most %(most)s here. "
                "An administrator of this Dashboard can raise this."
            )
            % {"size": words.size(largest), "most": words.size(chosen.file_bytes)}
        )
    if chosen.space_bytes is None:
        return
    owner = User.objects.filter(studies__versions__tree=tree).first()
    if owner is None:
        return
    used = bytes_of(owner)
    if used + growth > chosen.space_bytes:
        raise TooLarge(
            gettext(
                "%(owner)s has used %(used)s of %(space)s, and this would need %(growth)s more. "
                "Delete files or studies, or ask an administrator for more space."
            )
            % {
                "owner": owner,
                "used": words.size(used),
                "space": words.size(chosen.space_bytes),
                "growth": words.size(growth),
            }
        )
