"""OAuth: to Dropbox's consent page and back; each possible ending has a sentence of its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress

from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts import audit
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.notices import Notice, tell
from minno_dashboard.core.errors import Invalid, Refused
from minno_dashboard.mirror.connecting import credentials, installation, oauth_state, redirect, services
from minno_dashboard.mirror.dropbox_api import oauth_calls
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.errors import MirrorError, NeedsAdmin, NeedsUser
from minno_dashboard.mirror.models import READ_SCOPE, TAKEN_OVER, Link
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.sealing import SealBroken

log = logging.getLogger(__name__)

NOT_ENABLED = gettext_noop("The administrator of this Dashboard has not enabled Dropbox synchronization.")


def begin(*, user: User, browser: str, may_read: bool = False) -> str:
    """Return the address of Dropbox's consent page for a new connection of `user`.

    Somebody who is or was connected is asked again at Dropbox, and can take another account there. With `may_read` they
    are also asked to let the Dashboard read what the files hold, which only restoring needs.

    Raises:
        Refused: the feature is off.
    """
    settings = siteconfig.dropbox()
    if not settings.is_enabled or not settings.app_key:
        raise Refused(gettext(NOT_ENABLED))
    begun = oauth_state.begin(user=user, browser=browser, app_key=settings.app_key)
    return oauth_calls.authorize_url(
        app_key=settings.app_key,
        redirect_uri=redirect.uri(),
        state=begun.state,
        challenge=begun.challenge,
        scopes=(*oauth_calls.SCOPES, READ_SCOPE) if may_read else oauth_calls.SCOPES,
        force_reapprove=Link.objects.filter(user=user).exists(),
    )


def finish(*, user: User, browser: str, answer: Mapping[str, str]) -> str:
    """Exchange the code of the redirect, connect the account, and return the sentence of success.

    Raises:
        Refused: nothing was connected; the sentence says why and what to do.
    """
    code, error, state = answer.get("code", ""), answer.get("error", ""), answer.get("state", "")
    taken = oauth_state.take(state=state, user=user, browser=browser)
    if error == "access_denied":
        raise Refused(gettext("You chose not to connect; nothing was changed."))
    if error:
        log.warning("Dropbox ended a connection with an error of %d characters", len(error))
        raise Refused(
            gettext("Dropbox ended the connection with “%(value)s”; nothing was connected.")
            % {"value": error[:80]}
        )
    if not code:
        raise Refused(
            oauth_state.begin_again(gettext("Dropbox's answer was incomplete; nothing was connected."))
        )
    settings = siteconfig.dropbox()
    if not settings.is_enabled or settings.app_key != taken.app_key:
        raise Refused(
            gettext("The administrator changed the Dropbox configuration meanwhile; nothing was connected.")
            + " "
            + gettext(oauth_state.BEGIN_AGAIN if settings.is_enabled else NOT_ENABLED)
        )
    try:
        grant = oauth_calls.exchange_code(
            app_key=settings.app_key,
            app_secret=settings.app_secret(),
            code=code,
            redirect_uri=redirect.uri(),
            verifier=taken.verifier,
        )
        return _link(user, grant, settings.app_key)
    except MirrorError as refusal:
        raise Refused(sentence(refusal)) from None


def sentence(refusal: MirrorError) -> str:
    """Return why a connection could not be finished."""
    reason = refusal.reason
    if isinstance(refusal, NeedsAdmin) and reason == "redirect_uri":
        return gettext(
            "Dropbox refuses this Dashboard's return address; nothing was connected. Ask the administrator to add %(uri)s to the app's redirect URIs at Dropbox."
        ) % {"uri": redirect.uri()}
    if isinstance(refusal, NeedsAdmin):
        return gettext(
            "Dropbox refuses this Dashboard's app key or app secret; nothing was connected. Ask the administrator to correct them in Admin → Edit configuration."
        )
    if isinstance(refusal, NeedsUser) and reason == "missing_scope":
        return missing_permissions(oauth_calls.SCOPES)
    if isinstance(refusal, NeedsUser):
        return oauth_state.begin_again(
            gettext("Dropbox no longer accepts the answer it gave; nothing was connected.")
        )
    return gettext(
        "Dropbox cannot be reached at the moment; nothing was connected. Try again in a few minutes."
    )


def missing_permissions(scopes: tuple[str, ...]) -> str:
    """Return which permissions Dropbox did not grant."""
    return gettext(
        "Dropbox did not grant everything the mirror needs (%(scopes)s); nothing was connected. Ask the administrator to tick these permissions of the app at Dropbox, then connect again."
    ) % {"scopes": ", ".join(scopes)}


def _link(user: User, grant: Grant, app_key: str) -> str:
    missing = tuple(scope for scope in oauth_calls.SCOPES if scope not in grant.scopes.split())
    if missing:
        raise Refused(missing_permissions(missing))
    if not grant.refresh_token or not grant.account_id:
        raise Invalid(
            oauth_state.begin_again(gettext("Dropbox's answer was incomplete; nothing was connected."))
        )
    others = Link.objects.filter(account_id=grant.account_id).exclude(user=user)
    live = others.exclude(state=Link.State.OFF).exclude(reason=TAKEN_OVER)
    is_taken_over = live.exclude(services.is_dead()).exists()
    known = Link.objects.filter(user=user, account_id=grant.account_id, state=Link.State.ACTIVE).first()
    former = Link.objects.filter(user=user).exclude(account_id=grant.account_id).first()
    former_token = _token_of(former) if former else ""
    link = services.link(user=user, grant=grant, app_key=app_key)
    audit.record(actor=user, action=AuditAction.DROPBOX_CONNECT)  # whose it is, is no admin's business
    tell(user, Notice.DROPBOX_ON)
    if former_token:
        with suppress(MirrorError):
            oauth_calls.revoke(access_token=former_token)
    if known and not known.may_read and link.may_read:
        return gettext("The Dashboard may now read its folder in your Dropbox. Choose a study to restore.")
    whose = link.account_email or link.account_name or gettext("your account")
    if is_taken_over:
        return gettext(
            "Connected with the Dropbox of %(whose)s. Another user of this Dashboard used this account; their files stay in it, are no longer updated, and they are told."
        ) % {"whose": whose}
    return gettext("Connected to the Dropbox of %(whose)s.") % {"whose": whose}


def _token_of(link: Link) -> str:
    """Return an access token of the account that is being disconnected, to revoke it; "" where none can be had."""
    if not installation.is_here(link):
        return ""
    with suppress(SealBroken, MirrorError):
        return credentials.stored_access_token(link)
    return ""


def stop(*, user: User) -> None:
    """Disconnect: delete the stored tokens, and revoke them where Dropbox can be reached."""
    services.unlink(user=user)
    audit.record(actor=user, action=AuditAction.DROPBOX_DISCONNECT)
    tell(user, Notice.DROPBOX_OFF)
