"""Browsers in which a person logged in before, remembered by a signed cookie for a year.

A known browser is not refused for what strangers guess, and a login from an unknown one is told by mail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import fold
from minno_dashboard.core.ids import secret_code

LIFE = timedelta(days=365)
MAX_USERS = 10
_SALT = "minno_dashboard.accounts.browsers"


def known_to(request: HttpRequest, user: User) -> str:
    """Return the id of this browser if the person logged in with it before, else ""."""
    known = _read(request)
    return str(known["id"]) if user.pk in known["users"] else ""


def known_to_name(request: HttpRequest, name: str) -> str:
    """Return the id of this browser if the person of this typed name logged in with it before, else ""."""
    users = User.objects.filter(pk__in=_read(request)["users"])
    folded = fold(name)
    is_known = any(folded in (user.username, user.email) for user in users)
    return str(_read(request)["id"]) if is_known else ""


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Set the cookie that says that this person logged in with this browser."""
    known = _read(request)
    others = [one for one in known["users"] if one != user.pk]
    value = {"id": known["id"], "users": [*others, user.pk][-MAX_USERS:]}
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        signing.dumps(value, salt=_SALT),
        max_age=int(LIFE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        found: dict[str, Any] = signing.loads(
            request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, ""), salt=_SALT, max_age=LIFE
        )
    except signing.BadSignature:
        return {"id": secret_code()[:16], "users": []}
    return found
