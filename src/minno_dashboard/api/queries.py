"""Reading tokens."""

from __future__ import annotations

from minno_dashboard.accounts.models import User
from minno_dashboard.api.models import ApiToken
from minno_dashboard.core.ids import fingerprint


def tokens_of(user: User) -> list[ApiToken]:
    """Return a person's tokens, the newest first."""
    return list(ApiToken.objects.filter(user=user).order_by("-created_at", "-pk"))


def token_by_code(code: str) -> ApiToken | None:
    """Return the token of this code with its owner, or None; whether it still counts is asked in `access`."""
    return ApiToken.objects.select_related("user").filter(fingerprint=fingerprint(code)).first()
