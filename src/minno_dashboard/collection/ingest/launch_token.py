"""Launch tokens: signed data of a launch page's session, so that loading the page stores nothing.

A token is `<base64url of compact JSON>.<base64url of HMAC-SHA256>`, both without padding. It stands in the address to
which the page posts (`/data/<token>`), so it holds no secret: only what the participant's browser knows anyway.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

MAX_TOKEN_CHARACTERS = 6000
"""Longer texts are refused unread; proxies commonly take addresses of 8,000 characters."""

_LABEL = b"minno-dashboard launch token v1"


class BadToken(Exception):
    """The token is forged or expired: `reason` is "forged" or "expired"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class LaunchToken:
    """One load of a launch page.

    `experiment`, `version` and `link` are ids of database rows, `experiment_id` and `version_id` the public ids that
    data name as `studyId` and `versionId`. `session_id` is the 52-bit number that becomes the session's id, or that of
    the session which the page resumes; negative for a test page, whose posts are answered and not stored.
    `participant_key` tells two sessions of one participant ("" where nobody knows). Times are seconds since 1970, UTC.
    """

    experiment: int
    version: int
    experiment_id: str
    version_id: str
    session_id: int
    issued_at: int
    expires_at: int
    link: int | None = None
    participant_key: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_test(self) -> bool:
        """Return whether the page is a test page: nothing of it is stored."""
        return self.session_id < 0


def derive_key(secret: str) -> bytes:
    """Return the 32-byte key that signs launch tokens, derived from the site's secret key."""
    return hmac.digest(secret.encode(), _LABEL, sha256)


def encode(token: LaunchToken, key: bytes) -> str:
    """Return the token as text for an address."""
    content = [
        token.experiment,
        token.version,
        token.experiment_id,
        token.version_id,
        token.session_id,
        token.issued_at,
        token.expires_at,
        token.link,
        token.participant_key,
        dict(token.params),
    ]
    text = _to_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())
    return f"{text}.{_signature(text, key)}"


def decode(text: str, key: bytes, *, now: float) -> LaunchToken:
    """Return the token in a text; `now` is the current time in seconds since 1970.

    Raises:
        BadToken: it was not signed with this key ("forged"), or its time is over ("expired").
    """
    content, _, signature = text.partition(".")
    if len(text) > MAX_TOKEN_CHARACTERS or not text.isascii():
        raise BadToken("forged")
    if not hmac.compare_digest(signature, _signature(content, key)):
        raise BadToken("forged")
    try:
        token = LaunchToken(*json.loads(_from_text(content)))
    except (ValueError, TypeError, binascii.Error) as error:  # signed by another version of this program
        raise BadToken("forged") from error
    if token.expires_at <= now:
        raise BadToken("expired")
    return token


def _signature(text: str, key: bytes) -> str:
    return _to_text(hmac.digest(key, text.encode(), sha256))


def _to_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
