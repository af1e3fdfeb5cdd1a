"""A person's language (chosen, else the browser's, else English) and theme (light or dark)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request

from minno_dashboard.accounts.models import User

COOKIE = settings.LANGUAGE_COOKIE_NAME
YEAR_SECONDS = 365 * 24 * 3600
KNOWN = frozenset(code for code, _ in settings.LANGUAGES)


def language_of(request: HttpRequest) -> str:
    """Return the language of an answer; pages without a login follow the cookie of the last choice."""
    user = request.user
    chosen = user.language if isinstance(user, User) else ""
    return chosen if chosen in KNOWN else get_language_from_request(request)


def spoken_with(user: User) -> AbstractContextManager[None]:
    """Use this user's language for a while: mails are written in the reader's language."""
    return translation.override(user.language if user.language in KNOWN else settings.LANGUAGE_CODE)


def choose_theme(*, user: User, theme: str) -> None:
    """Store a user's theme: "light", "dark", or "" for the system's."""
    user.theme = theme
    user.save(update_fields=["theme"])


def choose_language(*, user: User, language: str) -> None:
    """Store a user's language: one of the site's, or "" for the browser's."""
    user.language = language
    user.save(update_fields=["language"])


def remember_language(response: HttpResponse, user: User) -> None:
    """Set the cookie with the user's language, for the pages before the login."""
    if user.language:
        response.set_cookie(
            COOKIE, user.language, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")


class LanguageMiddleware:
    """Sets the language of each response. An admin who acts as somebody keeps their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        language = language_of(request)
        with translation.override(language):
            response = self.get_response(request)
        response.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language",))
        return response
