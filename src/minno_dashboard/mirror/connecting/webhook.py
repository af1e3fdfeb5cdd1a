"""The webhook that Dropbox calls about changes in linked accounts; it only makes a mirror due for a proof.

Nothing depends on it: without it, proofs come by the schedule. Dropbox also tells of what we write ourselves, so a
mirror that was proven within the last minute is looked at a minute later, and however often it is told, only once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts.access import login_not_required
from minno_dashboard.core import clock
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.sealing import SealBroken

MAX_BODY_BYTES = 256 * 1024
MAX_CHALLENGE_LENGTH = 1000
MAX_ACCOUNTS = 5000
AT_ONCE = 500
CALM = timedelta(minutes=1)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest) -> HttpResponse:
    """Answer Dropbox's challenge, or accept its notification of changed accounts."""
    if request.method != "POST":
        return _plain(200, request.GET.get("challenge", "")[:MAX_CHALLENGE_LENGTH])
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        return _plain(413, "too large")
    body = request.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        return _plain(413, "too large")
    if not _is_signed(body, request.headers.get("X-Dropbox-Signature", "")):
        return _plain(403, "wrong signature")
    try:
        accounts = _accounts(body)
    except ValueError:
        return _plain(400, "not understood")
    make_due(accounts)
    return _plain(200, "")


def make_due(accounts: list[str]) -> int:
    """Make the mirrors of accounts due for a proof: now, or in a minute where they were just proven or a run is under way."""
    at = clock.now()
    count = 0
    for begin in range(0, len(accounts), AT_ONCE):
        portion = accounts[begin : begin + AT_ONCE]
        links = Link.objects.filter(backoff.IS_WORKING, account_id__in=portion)
        busy = Q(proven_at__gt=at - CALM) | Q(lease_until__gt=at)
        for which, due_at in ((busy, at + CALM), (~busy, at)):
            later = Q(next_proof_at=None) | Q(next_proof_at__gt=due_at)
            count += links.filter(which).filter(later).update(next_proof_at=due_at)
    return count


def _is_signed(body: bytes, signature: str) -> bool:
    """Return whether the body is signed with the app secret."""
    settings = siteconfig.dropbox()
    if not settings.is_enabled or not settings.has_secret:
        return False
    try:
        secret = settings.app_secret()
    except SealBroken:
        return False
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def _accounts(body: bytes) -> list[str]:
    """Return the account ids that a notification names.

    Raises:
        ValueError: it is none.
    """
    found = json.loads(body)
    named = found.get("list_folder") if isinstance(found, dict) else None
    accounts = named.get("accounts") if isinstance(named, dict) else None
    if not isinstance(accounts, list):
        raise ValueError("no accounts")
    return list(dict.fromkeys(_texts(accounts)))[:MAX_ACCOUNTS]


def _texts(values: list[object]) -> Iterator[str]:
    return (one for one in values if isinstance(one, str))


def _plain(status: int, text: str) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    return response
