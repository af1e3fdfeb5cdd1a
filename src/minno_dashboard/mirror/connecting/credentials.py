"""Opens a user's Dropbox; the only module that unseals a link's tokens."""

from __future__ import annotations

from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api import oauth_calls
from minno_dashboard.mirror.dropbox_api.client import DropboxPort
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.dropbox_api.tokens import Tokens
from minno_dashboard.mirror.errors import NeedsAdmin, NeedsUser
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.sealing import SealBroken, seal, unseal


def store_grant(link: Link, grant: Grant) -> None:
    """Put the tokens of a grant into the row, sealed; does not save the row."""
    link.sealed_access_token = seal(grant.access_token)
    link.access_expires_at = grant.expires_at
    if grant.refresh_token:
        link.sealed_refresh_token = seal(grant.refresh_token)
    if grant.scopes:
        link.scopes = grant.scopes


def open_port(link: Link) -> DropboxPort:
    """Return the port to the linked Dropbox; makes no call.

    Raises:
        NeedsUser: the link has no tokens, or those of another app.
        NeedsAdmin: the Dashboard has no app key and secret, or cannot open what it sealed.
    """
    return DropboxPort(_tokens(link))


def stored_access_token(link: Link) -> str:
    """Return a valid access token of the link, refreshed where needed."""
    return _tokens(link).current()


def _tokens(link: Link) -> Tokens:
    settings = siteconfig.dropbox()
    if link.app_key != settings.app_key:
        raise NeedsUser("other_app_key")
    if not link.sealed_refresh_token:
        raise NeedsUser("reconnect")
    try:
        secret = settings.app_secret()
    except SealBroken as error:
        raise NeedsAdmin("seal_broken") from error
    try:
        refresh_token = unseal(link.sealed_refresh_token)
        access_token = unseal(link.sealed_access_token) if link.sealed_access_token else ""
    except SealBroken as error:
        raise NeedsUser("seal_broken") from error
    grant = Grant(access_token, link.access_expires_at or clock.now()) if access_token else None
    return Tokens(
        lambda: oauth_calls.refresh(app_key=link.app_key, app_secret=secret, refresh_token=refresh_token),
        grant,
    )
