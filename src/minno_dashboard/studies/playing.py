"""Playing a version's files in a preview that stores nothing.

The address of the preview is its own key: signed, good for two hours, for one person and one tree. No cookie is
asked for, so the files can run in an origin of their own, from which nothing of the Dashboard can be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotFound
from minno_dashboard.files.models import Tree
from minno_dashboard.studies import access
from minno_dashboard.studies.models import Study, Version

LIFE = timedelta(hours=2)
"""How long a preview's address works; the study page asks for a new one long before."""

_SALT = "minno_dashboard.studies.playing"
_OVER = gettext_noop("This preview is over. Go back to the study and play it again.")


@dataclass(frozen=True, slots=True)
class Playing:
    """What a key opens: the files of one version, to one person."""

    user: User
    study: Study
    tree: Tree


def make_key(*, user: User, version: Version) -> str:
    """Return the key to a version's files for somebody who was found to have the right to read them."""
    return signing.dumps([user.pk, version.tree_id, _proof(user)], salt=_SALT, compress=False)


def open_key(key: str) -> Playing:
    """Return what a key opens, if its person may still read the files.

    Raises:
        NotFound: it is forged, too old, or the person lost the right or changed the password.
    """
    try:
        user_id, tree_id, proof = signing.loads(key, salt=_SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound(gettext(_OVER)) from error
    user = User.objects.filter(pk=user_id, is_active=True).first()
    version = Version.objects.filter(tree=tree_id).select_related("study", "tree").first()
    if user is None or version is None or not constant_time_compare(_proof(user), proof):
        raise NotFound(gettext(_OVER))
    if not access.may(user, access.Action.READ_FILES, version.study):
        raise NotFound(gettext(_OVER))
    return Playing(user, version.study, version.tree)


def _proof(user: User) -> str:
    """Return what changes when the person's password does."""
    return user.get_session_auth_hash()[:16]
