"""The redirect URI, to which Dropbox sends people back; it must be the same character by character on both sides."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse


def uri() -> str:
    """Return the redirect URI of this installation."""
    return f"{settings.SERVER_URL}/dropbox/set"


def webhook() -> str:
    """Return the address to which Dropbox may send notifications of changes."""
    return f"{settings.SERVER_URL}{reverse('dropbox_webhook')}"


def is_accepted_by_dropbox() -> bool:
    """Return whether Dropbox accepts this URI: https anywhere, http only on the same machine."""
    parts = urlsplit(settings.SERVER_URL)
    return parts.scheme == "https" or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
