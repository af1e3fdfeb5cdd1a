"""Every answer of the API that is not what was asked for: `{"error": {"code", "message"}}`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from minno_dashboard.core.errors import NotAllowed, Refused, TooMany, Unavailable
from minno_dashboard.files.services import WriteConflict
from minno_dashboard.ui.errors import DATABASE_FULL, is_full

log = logging.getLogger(__name__)

CODES = {
    400: "unreadable",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "too_many",
    500: "broken",
    503: "unavailable",
}
NOTHING_HERE = "There is nothing at this address of the API. Its reference lists what there is."
UNREADABLE = "The body of this request is not the JSON that was announced. Nothing was changed."
BROKEN = "The error was written to the log of this Dashboard. Nothing that was saved before is lost."


class NotAuthenticated(Refused):
    """There is no token, or it counts no more."""

    status = 401


class ScopeMissing(NotAllowed):
    """The token was not made for this."""


def problem(
    status: int, message: str, *, code: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> HttpResponse:
    """Return the answer of a status with a sentence."""
    error = {"code": code or CODES.get(status, "refused"), "message": message, **more}
    return JsonResponse({"error": error}, status=status, headers=headers)


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    if isinstance(error, NotAuthenticated):
        return problem(401, str(error), headers={"WWW-Authenticate": 'Bearer realm="minno-dashboard"'})
    if isinstance(error, ScopeMissing):
        return problem(403, str(error), code="scope_missing")
    if isinstance(error, TooMany):
        return problem(429, str(error), headers={"Retry-After": str(error.retry_after_seconds)})
    if isinstance(error, WriteConflict):
        return problem(409, str(error), current=error.theirs.sha256 if error.theirs else None)
    return problem(error.status, str(error))


def _unavailable(request: HttpRequest, error: Unavailable) -> HttpResponse:
    return problem(503, str(error), headers={"Retry-After": str(error.retry_after_seconds)})


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [f"{_place(one)}: {one['msg']}" for one in error.errors[:5]]
    return problem(422, f"This is not what the reference asks for. {'; '.join(wrong)}.")


def _place(one: Mapping[str, Any]) -> str:
    named = [str(part) for part in one.get("loc", ())]
    return ".".join(named[2:] or named[1:] or named) or "body"


def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, UNREADABLE if error.status_code == 400 else str(error))


def _too_big(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(413, "This request holds more than the Dashboard accepts at once.")


def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    if is_full(error):
        log.error("the disk of the database is full", exc_info=error)
        return problem(503, str(DATABASE_FULL), headers={"Retry-After": "60"})
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, BROKEN)


_HANDLERS: dict[type[Exception], Callable[..., HttpResponse]] = {
    Refused: _refused,
    Unavailable: _unavailable,
    ValidationError: _invalid,
    HttpError: _unreadable,
    RequestDataTooBig: _too_big,
    Exception: _broken,
}


def handle(api: NinjaAPI) -> None:
    """Let every error of the API be answered so."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)
