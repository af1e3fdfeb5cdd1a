"""The `Authorization` header of a request."""

from __future__ import annotations

import base64
import binascii

from dropbox_simulator.wire import Request


def basic_pair(request: Request) -> tuple[str, str] | None:
    """Read the two halves of HTTP Basic authorisation."""
    value = request.headers.get("authorization", "")
    if not value.startswith("Basic "):
        return None
    try:
        key, mark, secret = base64.b64decode(value[6:], validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (key, secret) if mark else None
