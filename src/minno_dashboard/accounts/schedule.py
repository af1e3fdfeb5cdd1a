"""Daily cleaning of ended sessions, failed logins and links."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session

from minno_dashboard.accounts import sessions, throttle
from minno_dashboard.accounts.models import AccessCode
from minno_dashboard.core import clock
from minno_dashboard.jobs.registry import every

CODES_KEPT_FOR = timedelta(days=90)  # so that an old link can still say why it does not work


@every(timedelta(days=1), "accounts.tidy")
def tidy() -> None:
    """Delete ended sessions, failed logins and links."""
    now = clock.now()
    Session.objects.filter(expire_date__lt=now).delete()
    AccessCode.objects.filter(expires_at__lt=now - CODES_KEPT_FOR).delete()
    throttle.forget_old()
    sessions.forget_ended()
