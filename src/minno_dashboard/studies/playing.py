"""Keys to files for the preview, which stores nothing.

The address of the preview is its own key: signed, good for two hours, for one person and one version or example, or
for one read-only link. No cookie is asked for, so the files can run in an origin of their own, from which nothing of
the Dashboard can be reached.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotFound
from minno_dashboard.studies import access
from minno_dashboard.studies.contents import Files, FilesOfExample, FilesOfVersion
from minno_dashboard.studies.models import ReadOnlyLink, Study, Version
from minno_dashboard.studies.queries import newest_version
from minno_dashboard.studies.starters import Example, get_example

LIFE = timedelta(hours=2)
"""How long a preview's address works; the study page asks for a new one long before."""

_SALT = "minno_dashboard.studies.playing"
_OVER = gettext_noop("This preview has ended. Go back to the study and play it again.")


def make_key(*, user: User, version: Version) -> str:
    """Return the key to a version's files for a person who may read them."""
    return _sign("version", user.pk, version.tree_id, _proof_of(user))


def make_key_of_link(*, study: Study) -> str:
    """Return the key to the newest version's files for holders of the read-only link; it ends with the link."""
    link = ReadOnlyLink.objects.get(study=study)
    return _sign("link", link.pk, newest_version(study).tree_id, _proof_of_link(link))


def make_key_of_example(*, user: User, example: Example) -> str:
    """Return the key to an example's files for a logged-in person."""
    return _sign("example", user.pk, example.slug, _proof_of(user))


def open_key(key: str) -> Files:
    """Return the files that a key opens, if the person it was made for may still read them.

    Raises:
        NotFound: it is forged, too old, or the right, the link or the password it was made with is gone.
    """
    try:
        what, whose, which, proof = signing.loads(key, salt=_SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound(gettext(_OVER)) from error
    found = _OPENERS[what](whose, which, proof)
    if found is None:
        raise NotFound(gettext(_OVER))
    return found


def _open_version(user_id: int, tree_id: int, proof: str) -> Files | None:
    user = _person(user_id, proof)
    version = Version.objects.filter(tree=tree_id).select_related("study", "tree").first()
    if user is None or version is None or not access.may(user, access.Action.READ_FILES, version.study):
        return None
    return FilesOfVersion(version.study.kind, version.tree)


def _open_by_link(link_id: int, tree_id: int, proof: str) -> Files | None:
    link = ReadOnlyLink.objects.filter(pk=link_id).select_related("study").first()
    if link is None or not constant_time_compare(_proof_of_link(link), proof):
        return None
    study = link.study
    version = newest_version(study)
    if version.tree_id != tree_id or not access.standing_by_link(study).may(access.Action.READ_FILES):
        return None
    return FilesOfVersion(study.kind, version.tree)


def _open_example(user_id: int, slug: str, proof: str) -> Files | None:
    return FilesOfExample(get_example(slug)) if _person(user_id, proof) else None


_OPENERS: dict[str, Callable[..., Files | None]] = {
    "version": _open_version,
    "link": _open_by_link,
    "example": _open_example,
}


def _sign(*parts: object) -> str:
    return signing.dumps(parts, salt=_SALT, compress=False)


def _person(user_id: int, proof: str) -> User | None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user if user and constant_time_compare(_proof_of(user), proof) else None


def _proof_of(user: User) -> str:
    """Return a digest that changes with the person's password."""
    return user.get_session_auth_hash()[:16]


def _proof_of_link(link: ReadOnlyLink) -> str:
    """Return a digest that changes with the link and does not reveal it."""
    return salted_hmac(_SALT, link.fingerprint).hexdigest()[:16]
