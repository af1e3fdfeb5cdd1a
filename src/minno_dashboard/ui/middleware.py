"""Turns the product's own exceptions into responses."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.utils.translation import gettext

from minno_dashboard.core import errors
from minno_dashboard.ui.errors import DATABASE_FULL, answer, is_full

log = logging.getLogger(__name__)


class RefusedMiddleware:
    """Answers `core.errors` raised by views: a page with the sentence, or JSON for a script."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal; leave everything else to Django."""
        if isinstance(exception, errors.TooMany):
            return answer(request, 429, str(exception), retry_after_seconds=exception.retry_after_seconds)
        if isinstance(exception, errors.Refused):
            return answer(request, exception.status, str(exception))
        if isinstance(exception, errors.Unavailable):
            return answer(request, 503, str(exception), retry_after_seconds=exception.retry_after_seconds)
        if is_full(exception):
            log.exception("the disk of the database is full")
            return answer(request, 503, gettext(DATABASE_FULL), retry_after_seconds=60)
        if isinstance(exception, OperationalError) and _is_passing(exception):
            log.exception("the database did not answer in time")
            sentence = gettext(
                "The database did not answer in time. Nothing was changed; try again in a moment."
            )
            return answer(request, 503, sentence, retry_after_seconds=5)
        if isinstance(exception, RawPostDataException):  # a form, where a script's JSON is expected
            return answer(request, 400)
        if isinstance(exception, RequestDataTooBig):
            return answer(request, 413, gettext("This form is larger than the Dashboard accepts at once."))
        return None


def _is_passing(error: OperationalError) -> bool:
    """Return whether a repetition may succeed; not every operational error of SQLite is temporary."""
    return connection.vendor != "sqlite" or "locked" in str(error)
