"""Turns the product's own errors into answers."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from minno_dashboard.core import errors
from minno_dashboard.ui.errors import answer


class RefusedMiddleware:
    """Answers `core.errors` that a view let through: a page with the sentence, or JSON to a script."""

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
        if isinstance(exception, RequestDataTooBig):
            return answer(request, 413, gettext("This form holds more than the Dashboard accepts at once."))
        return None
