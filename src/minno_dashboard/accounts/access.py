"""Who may open a page: every logged-in user, unless a view is marked otherwise here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotAllowed

__all__ = [
    "address_of",
    "admin_required",
    "is_open_to_all",
    "is_trusted_proxy",
    "login_not_required",
    "person",
    "safe_next",
]

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], Answer]


def person(request: HttpRequest) -> User:
    """Return the logged-in user.

    Raises:
        NotAllowed: nobody is; a view behind the login never sees this.
    """
    if not isinstance(request.user, User):
        raise NotAllowed(gettext("Log in first."))
    return request.user


def admin_required(view: View[P, Answer]) -> View[P, Answer]:
    """Let only admins open a view; researchers get a sentence, anonymous visitors the login page."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        if not person(request).is_admin:
            raise NotAllowed(gettext("Only admins can do this. Ask an admin of this Dashboard."))
        return view(request, *args, **kwargs)

    return checked


def is_open_to_all(view: Callable[..., object]) -> bool:
    """Return whether a view is marked as open without login."""
    return not getattr(view, "login_required", True)


def is_trusted_proxy(address: str) -> bool:
    """Return whether this address is one of `MINNO_TRUSTED_PROXIES`."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found.version == network.version and found in network for network in settings.TRUSTED_PROXIES)


def address_of(request: HttpRequest) -> str:
    """Return the visitor's network address.

    The word of a trusted proxy is taken, from the right, as far as it names trusted proxies; what stands further left
    the visitor may have made up.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    while forwarded and is_trusted_proxy(address):
        try:
            address = str(ip_address(forwarded.pop().strip()))
        except ValueError:
            break
    return address


def safe_next(request: HttpRequest, address: str) -> str:
    """Return the address to continue at after login if it is one of this site, else ""."""
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else ""
