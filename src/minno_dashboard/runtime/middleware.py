"""The second host serves participants' pages only."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound

_PATHS = ("/launch/", "/test/", "/launch-files/", "/data/", "/assets/javascripts/jatos.js", "/play/player/")


class ParticipantHostMiddleware:
    """Answers 404 to every other address on the second host, before cookies or sessions are read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on participants' addresses, and on the Dashboard's own host every request."""
        if not settings.PARTICIPANT_HOST or request.get_host().lower() != settings.PARTICIPANT_HOST:
            return self.get_response(request)
        if request.path in ("/healthz", "/readyz") or request.path.startswith(_PATHS):
            return self.get_response(request)
        return HttpResponseNotFound("This host serves participants' pages only.", content_type="text/plain")
