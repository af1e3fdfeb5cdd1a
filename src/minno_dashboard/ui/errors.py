"""Error responses: a page, or JSON for scripts, with a sentence."""

from __future__ import annotations

import sys

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_noop

_TITLES = {
    400: gettext_noop("This request cannot be read"),
    403: gettext_noop("You don't have permission"),
    404: gettext_noop("Page not found"),
    409: gettext_noop("Someone changed this first"),
    413: gettext_noop("This is too large"),
    422: gettext_noop("This cannot be done"),
    429: gettext_noop("Too many requests"),
    500: gettext_noop("Something went wrong on our side"),
    503: gettext_noop("Not available right now"),
}
_SENTENCES = {
    400: gettext_noop("The request is incomplete or damaged. Go back, reload the page and try again."),
    403: gettext_noop("Your account does not have permission to open this page."),
    404: gettext_noop("There is no page at this address, or it is not shared with you."),
    500: gettext_noop(
        "The error was written to the log of this Dashboard. Nothing you saved before is lost."
    ),
}

DATABASE_FULL = gettext_noop(
    "The disk of this Dashboard is full, so nothing was stored; what was stored before is safe. Tell the administrator, then try again."
)
# SQLite ("database or disk is full", "disk I/O error" where a journal cannot grow) and PostgreSQL (53100).
_FULL = ("disk is full", "disk I/O error", "No space left on device", "could not extend file")


def wants_json(request: HttpRequest) -> bool:
    """Return whether a script sent the request (fetch or htmx)."""
    headers = request.headers
    return (
        "HX-Request" in headers
        or headers.get("X-Requested-With", "").lower() in ("fetch", "xmlhttprequest")
        or headers.get("Accept", "").startswith("application/json")
    )


def answer(
    request: HttpRequest, status: int, sentence: str = "", *, retry_after_seconds: int | None = None
) -> HttpResponse:
    """Return the error page of a status, or `{"error": sentence}` to a script."""
    sentence = sentence or gettext(_SENTENCES.get(status, _SENTENCES[400]))
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse({"error": sentence}, status=status)
    else:
        context = {
            "status": status,
            "title": gettext(_TITLES.get(status, _TITLES[400])),
            "sentence": sentence,
        }
        response = render(request, "ui/error.html", context, status=status)
    if retry_after_seconds is not None:
        response["Retry-After"] = str(retry_after_seconds)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400 (Django's `handler400`), or 503 where a session could not be stored for want of room."""
    if is_full(exception):
        return answer(request, 503, gettext(DATABASE_FULL), retry_after_seconds=60)
    return answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403 (Django's `handler403`)."""
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404 (Django's `handler404`)."""
    return answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 (Django's `handler500`), or 503 where the database cannot grow: a session is saved after all views."""
    if is_full(sys.exc_info()[1]):
        return answer(request, 503, gettext(DATABASE_FULL), retry_after_seconds=60)
    return answer(request, 500)


def is_full(error: BaseException | None) -> bool:
    """Return whether a database error means that its disk is full."""
    while error is not None:
        if isinstance(error, DatabaseError) and any(words in str(error) for words in _FULL):
            return True
        error = error.__cause__ or error.__context__
    return False
