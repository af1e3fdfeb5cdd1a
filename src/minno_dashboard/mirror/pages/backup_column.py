"""The column Backup in the list of users: whether a backup needs attention, and nothing else about a Dropbox."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig import queries as siteconfig

MAX_UNPROVEN = timedelta(days=1)
"""A mirror is proven every hour; one that was not for so long is looked at by somebody."""
OK, OFF, ATTENTION = "ok", "off", "attention"
DOTS = {OK: "good", OFF: "off", ATTENTION: "bad"}
STATES_OF_REQUEST = "mirror_backup_states"


def states() -> dict[int, str]:
    """Return by user id whether each backup is `OK` or needs `ATTENTION`; users without a backup are left out.

    Two queries, however many users there are.
    """
    is_enabled = siteconfig.dropbox().is_enabled
    since = clock.now() - MAX_UNPROVEN
    links = Link.objects.exclude(state=Link.State.OFF).annotate(good_at=Coalesce("proven_at", "linked_at"))
    return {
        user: OK if is_enabled and state == Link.State.ACTIVE and good_at >= since else ATTENTION
        for user, state, good_at in links.values_list("user_id", "state", "good_at")
    }


def cell(request: HttpRequest) -> str:
    """Render the Backup cell of one user."""
    user = getattr(request, "slot_subject", None)
    if not isinstance(user, User):
        return ""
    known: dict[int, str] | None = getattr(request, STATES_OF_REQUEST, None)
    if known is None:
        known = states()
        setattr(request, STATES_OF_REQUEST, known)
    state = known.get(user.pk, OFF)
    sentences = {
        OK: gettext("Backup: OK"),
        OFF: gettext("Backup: off"),
        ATTENTION: gettext("Backup: needs attention"),
    }
    return format_html(
        '<span class="badge-state" data-backup="{}"><span class="dot dot-{}" aria-hidden="true"></span>{}</span>',
        state,
        DOTS[state],
        sentences[state],
    )
