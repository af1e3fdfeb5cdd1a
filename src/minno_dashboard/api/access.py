"""Who asks: the owner of the token in `Authorization: Bearer …`; a session's cookie counts for nothing here."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from minno_dashboard.accounts import throttle
from minno_dashboard.accounts.access import address_of
from minno_dashboard.accounts.audit import made_through
from minno_dashboard.accounts.middleware import CHANGE_FIRST
from minno_dashboard.accounts.models import User
from minno_dashboard.api import queries, services
from minno_dashboard.api.models import ApiToken
from minno_dashboard.api.problems import NotAuthenticated, ScopeMissing
from minno_dashboard.api.scopes import Scope
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotAllowed
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.models import Study, Version
from minno_dashboard.studies.queries import get_study, get_version

NO_TOKEN = "Send a token of yours as “Authorization: Bearer …”. Settings → API tokens makes one."  # noqa: S105
UNKNOWN = "This token is not known here. It may have been revoked, or copied only in part."


class ByToken:
    """Lets in whoever sends a token that counts and was made for one of these scopes."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    def __call__(self, request: HttpRequest) -> ApiToken:
        """Return the token of the request.

        Raises:
            NotAuthenticated, ScopeMissing, NotAllowed, TooMany: nobody comes in by it.
        """
        scheme, _, code = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not code.strip():
            raise NotAuthenticated(NO_TOKEN)
        return self._find(request, code.strip())

    def _find(self, request: HttpRequest, code: str) -> ApiToken:
        """Return the token of this code; a code that is not known counts as a failed login of its address."""
        found = queries.token_by_code(code)
        if found is None:
            address = address_of(request)
            throttle.begin(name=f"tokens from {address}", address=address)
            raise NotAuthenticated(UNKNOWN)
        self._check(found)
        services.note_use(token=found)
        made_through.set(found.name)
        return found

    def _check(self, token: ApiToken) -> None:
        if token.expires_at <= clock.now():
            raise NotAuthenticated(
                f"This token ended on {token.expires_at:%d %B %Y}. Make a new one in Settings."
            )
        if not token.user.is_active:
            raise NotAuthenticated("The account of this token is deactivated.")
        if token.user.must_change_password:
            raise NotAllowed(CHANGE_FIRST)
        if not any(str(scope) in token.scopes for scope in self.scopes):
            names = " or ".join(str(scope) for scope in self.scopes)
            raise ScopeMissing(f"This token was not made for this; that takes the scope {names}.")


def token_of(request: HttpRequest) -> ApiToken:
    """Return the token by which a request came in."""
    token = getattr(request, "auth", None)
    if not isinstance(token, ApiToken):
        raise NotAuthenticated(NO_TOKEN)
    return token


@dataclass(frozen=True)
class RequestedVersion:
    """Who asks, and for which version of which study."""

    user: User
    study: Study
    version: Version


def asked(request: HttpRequest, action: Action, study: str, number: int | None = None) -> RequestedVersion:
    """Find what is asked for, if the person may do this to it (`studies.access`)."""
    user = token_of(request).user
    found = get_study(user, study, action)
    return RequestedVersion(user, found, get_version(found, number))
