"""Refuses a write from a page that was rendered for another user than the logged-in one.

Scripts name that user in a header, forms in a hidden field that the page's script fills in. Without scripts the
token against forged requests does the same: it changes with each login and each begin or end of acting as somebody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext

from minno_dashboard.accounts.access import is_open_to_all
from minno_dashboard.accounts.models import User
from minno_dashboard.ui.errors import wants_json

HEADER = "X-Rendered-For"
FIELD = "rendered_for"
_UNSHOWN = ("csrfmiddlewaretoken", FIELD)
_SECRET = ("password", "again", "secret", "token", "code", "key")


class RenderedForMiddleware:
    """Compares the user that a write names with the user of the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse a write from a page of another user; show what was typed into its form."""
        user = request.user
        if request.method in ("GET", "HEAD", "OPTIONS") or not isinstance(user, User) or is_open_to_all(view):
            return None
        named = request.headers.get(HEADER, "") or request.POST.get(FIELD, "")
        if not named or named == str(user.pk):
            return None
        sentence = gettext(
            "This page was opened by another user, but this browser is now logged in as "
            "%(name)s. Nothing was saved."
        ) % {"name": user}
        if wants_json(request):
            return JsonResponse({"error": sentence, "reason": "other_user", "name": str(user)}, status=403)
        context = {"status": 403, "sentence": sentence, "name": user, "typed": _typed(request)}
        return render(request, "accounts/not_saved.html", context, status=403)


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields of a form with the typed values, without secrets."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in _UNSHOWN and not any(word in name.lower() for word in _SECRET)
        for value in values
        if isinstance(value, str) and value.strip()
    ]
