"""Where a user finds the copies: the path in the Dropbox, and its address at Dropbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.utils.translation import gettext

from minno_dashboard.mirror.known.rows import names_to
from minno_dashboard.mirror.models import Link, RemoteNode
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.studies.models import Study

APPS = "Apps"
HOME = "https://www.dropbox.com/home/"
DEEPEST = "parent__parent__parent"


@dataclass(frozen=True)
class DropboxPlace:
    """A folder in a Dropbox: its path as a person reads it, and the address that opens it, or the nearest one known."""

    path: str
    address: str


def app_folder() -> DropboxPlace:
    """Return the folder that Dropbox made for the app."""
    return _place([])


def study_folder(link: Link, study: Study) -> DropboxPlace | None:
    """Return the folder of a study as we know it to be in this Dropbox; None while it is not there."""
    known = RemoteNode.objects.filter(link=link, identity=f"study:{study.pk}").select_related(DEEPEST)
    node = known.first()
    return None if node is None else _place(names_to(node))


def _place(below: Sequence[str]) -> DropboxPlace:
    """Name a place; without the app's name Dropbox can be opened only at the folder of all apps."""
    app = siteconfig.dropbox().app_name
    unknown = gettext("your app")
    path = "/".join((APPS, app or f"<{unknown}>", *below))
    return DropboxPlace(path, HOME + (quote(path) if app else APPS))
