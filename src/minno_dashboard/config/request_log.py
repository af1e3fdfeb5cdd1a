"""Gives every request an id, counts it, and logs it: by the name of its page, never by its address or its content."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from minno_dashboard.accounts.access import is_trusted_proxy
from minno_dashboard.config.logs import request_id
from minno_dashboard.core import clock, measures

HEADER = "X-Request-ID"
_VALID = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = logging.getLogger(__name__)


class RequestLogMiddleware:
    """Stands before all other middleware, so that their refusals are counted and logged too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on; answer its id in a header."""
        began = clock.monotonic_seconds()
        given = _given_id(request) or secrets.token_hex(8)
        # Not reset at the end: Django logs refused requests after all middleware. The thread's next request sets its own.
        request_id.set(given)
        response = self.get_response(request)
        seconds = clock.monotonic_seconds() - began
        page = (request.resolver_match.url_name if request.resolver_match else None) or "none"
        measures.REQUESTS.labels(page, str(response.status_code)).inc()
        measures.REQUEST_SECONDS.observe(seconds)
        fields = {
            "method": request.method if request.method in _METHODS else "other",
            "page": page,
            "status": response.status_code,
            "milliseconds": round(seconds * 1000),
        }
        log.info("%(method)s %(page)s %(status)d", fields, extra={"fields": fields})
        response[HEADER] = given
        return response


_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


def _given_id(request: HttpRequest) -> str:
    """Return the id that a trusted proxy gave to the request, or ""."""
    given = request.headers.get(HEADER, "")
    is_taken = is_trusted_proxy(str(request.META.get("REMOTE_ADDR", ""))) and _VALID.fullmatch(given)
    return given if is_taken else ""
