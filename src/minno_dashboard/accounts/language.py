"""How a person reads the site: in a language (chosen, else as the browser has it, else English), light or dark."""

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
    """Speak this user's language for a while: what is written to somebody is written in the reader's language."""
    return translation.override(user.language if user.language in KNOWN else settings.LANGUAGE_CODE)


def choose_theme(*, user: User, theme: str) -> None:
    """Remember a user's theme: "light", "dark", or "" as the system has it."""
    user.theme = theme
    user.save(update_fields=["theme"])


def choose_language(*, user: User, language: str) -> None:
    """Remember a user's language: one of the site's, or "" as the browser has it."""
    user.language = language
    user.save(update_fields=["language"])


def remember_language(response: HttpResponse, user: User) -> None:
    """Tell the browser the user's language in a cookie, for the pages before the login."""
    if user.language:
        response.set_cookie(
            COOKIE, user.language, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")


class LanguageMiddleware:
    """Answers each request in its reader's language. An admin who acts as somebody goes on reading their own."""

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
