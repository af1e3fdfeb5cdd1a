"""The OAuth `state` of a connection: bound to one user and one browser, valid for one answer within ten minutes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock, ids
from minno_dashboard.core.errors import Refused
from minno_dashboard.mirror.oauth_models import OAuthState
from minno_dashboard.siteconfig import sealing

LIFETIME = timedelta(minutes=10)
KEPT = timedelta(days=1)
BEGIN_AGAIN = gettext_noop("Start again with Synchronize with your Dropbox Account.")


def begin_again(sentence: str) -> str:
    """Return the sentence followed by what to do."""
    return f"{sentence} {gettext(BEGIN_AGAIN)}"


@dataclass(frozen=True)
class Begun:
    """A connection that was begun: `state` and `challenge` (PKCE, S256) are sent to Dropbox."""

    state: str
    challenge: str


@dataclass(frozen=True)
class ReturnedState:
    """A state that came back, with what the token exchange needs of it."""

    verifier: str
    app_key: str


def begin(*, user: User, browser: str, app_key: str) -> Begun:
    """Store that `user` goes to Dropbox from the browser that carries the cookie value `browser`."""
    OAuthState.objects.filter(expires_at__lt=clock.now() - KEPT).delete()
    state, verifier = ids.secret_code(), ids.secret_code()
    OAuthState.objects.create(
        fingerprint=ids.fingerprint(state),
        user=user,
        browser=ids.fingerprint(browser),
        verifier=sealing.seal(verifier),
        app_key=app_key,
        expires_at=clock.now() + LIFETIME,
    )
    digest = hashlib.sha256(verifier.encode()).digest()
    return Begun(state=state, challenge=base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def take(*, state: str, user: User, browser: str) -> ReturnedState:
    """Use up a state that Dropbox sent back.

    Raises:
        Refused: it was never given out, was used, is too old, or belongs to another user or browser.
    """
    row = spend(state)
    if row is None:
        raise Refused(
            begin_again(
                gettext("This answer does not belong to a connection started here; nothing was connected.")
            )
        )
    if row.used_at is not None:
        raise Refused(
            gettext("This answer from Dropbox was used before, and works only once; nothing was changed.")
        )
    if row.user_id != user.pk:
        raise Refused(
            begin_again(
                gettext(
                    "This connection was started by another user of this Dashboard; nothing was connected."
                )
            )
        )
    if not hmac.compare_digest(row.browser, ids.fingerprint(browser)):
        raise Refused(
            begin_again(
                gettext(
                    "This connection was started in another browser or before a logout; nothing was "
                    "connected."
                )
            )
        )
    if row.expires_at <= clock.now():
        raise Refused(
            begin_again(gettext("Dropbox answered after more than 10 minutes; nothing was connected."))
        )
    return ReturnedState(verifier=sealing.unseal(row.verifier), app_key=row.app_key)


def spend(state: str) -> OAuthState | None:
    """Mark a state as used and return its row as it was before, or None for an unknown one."""
    fingerprint = ids.fingerprint(state)
    row = OAuthState.objects.filter(fingerprint=fingerprint).first()
    if row is None or not hmac.compare_digest(row.fingerprint, fingerprint):
        return None
    at = clock.now()
    if not OAuthState.objects.filter(pk=row.pk, used_at=None).update(used_at=at) and row.used_at is None:
        row.used_at = at
    return row
