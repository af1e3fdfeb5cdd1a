"""Middleware: login by default, forced change of a one-time password, the time last seen, trusted proxies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts import sessions
from minno_dashboard.accounts.access import is_open_to_all, is_trusted_proxy, safe_next
from minno_dashboard.accounts.audit import admin_acting
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.ui.errors import answer, wants_json

SEEN_EVERY = timedelta(minutes=1)
LOGGED_OUT = gettext_noop("You are logged out. Log in again to continue.")
NOT_SAVED = gettext_noop(
    "Nothing was saved, because you are logged out. What you typed is still here: log in "
    "in another tab, then try again."
)
CHANGE_FIRST = gettext_noop("Choose a new password first: your current password was set by someone else.")


class TrustedProxyMiddleware:
    """Ignores `X-Forwarded-*` headers of untrusted peers: only a trusted proxy knows whether the visitor used https."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        if not is_trusted_proxy(str(request.META.get("REMOTE_ADDR", ""))):
            for name in ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"):
                if request.META.pop(name, None) is not None:
                    request.META["minno.untrusted_proxy"] = True
        return self.get_response(request)


class LogInRequiredMiddleware(LoginRequiredMiddleware):
    """Redirects anonymous visitors to the login page and back; answers scripts 401, so that typed text is kept."""

    def handle_no_permission(  # type: ignore[override] # the stubs know only Django's own redirect
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """Respond to a request without a login."""
        login = resolve_url("login")
        if wants_json(request):
            sentence = LOGGED_OUT if request.method in ("GET", "HEAD") else NOT_SAVED
            return JsonResponse({"error": gettext(sentence), "login": login}, status=401)
        back = _way_back(request)
        return HttpResponseRedirect(f"{login}?{urlencode({'next': back})}" if back else login)


def _way_back(request: HttpRequest) -> str:
    """Return the page to return to: this one, or, for an address that takes only POST, the one with the form."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    referer = safe_next(request, request.headers.get("Referer", ""))
    parts = urlsplit(referer)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class PasswordChangeMiddleware:
    """Lets a person with a one-time password open only the page to change it, and log out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Redirect to the page to change the password."""
        if is_open_to_all(view) or admin_acting.get() is not None:
            return None
        user = request.user
        here = reverse("replace_password")
        if not isinstance(user, User) or not user.must_change_password or request.path == here:
            return None
        if wants_json(request):
            return answer(request, 403, gettext(CHANGE_FIRST))
        return HttpResponseRedirect(here)


class LastSeenMiddleware:
    """Stores when a person was last seen, and extends the session of regular visitors."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Write the time at most once a minute; renew the session once a day."""
        # Who was not here was not seen: an admin acting as somebody leaves no trace of that person.
        if is_open_to_all(view) or not isinstance(request.user, User) or admin_acting.get() is not None:
            return
        now, before = clock.now(), request.user.last_seen_at
        if before is not None and now - before < SEEN_EVERY:
            return
        User.objects.filter(pk=request.user.pk).update(last_seen_at=now)
        sessions.seen(request, request.user)
        request.user.last_seen_at = now
        if before is not None and before.date() != now.date():
            request.session.modified = True
