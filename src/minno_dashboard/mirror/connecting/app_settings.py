"""Saving the section Dropbox of the configuration; the app key and secret are checked with Dropbox first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Min
from django.utils.translation import gettext, ngettext

from minno_dashboard.accounts import audit
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid
from minno_dashboard.mirror import wording
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.dropbox_api import oauth_calls
from minno_dashboard.mirror.errors import MirrorError, NeedsAdmin
from minno_dashboard.mirror.models import Link, Parked
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.models import Section
from minno_dashboard.siteconfig.sealing import SealBroken
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.ui import words

WORKS = "works"
UNCHECKED = "unchecked"
JUST_NOW = timedelta(minutes=1)
DAMAGED = ("damaged_here", "unreadable_here")


class WrongKey(Invalid):
    """Dropbox does not know the app key."""


class WrongSecret(Invalid):
    """Dropbox knows the app key, but the app secret is wrong."""


class WrongPair(Invalid):
    """Dropbox refuses app key and secret, and does not say which is wrong."""


@dataclass(frozen=True)
class Checked:
    """Result of the check of the stored app key and secret, as a dot and a sentence."""

    dot: str
    sentence: str


def save(
    *, actor: User, is_enabled: bool, app_key: str, app_secret: str, app_name: str = ""
) -> Checked | None:
    """Check app key and secret with Dropbox and store them; an empty secret keeps the stored one. Nothing is stored when they are wrong.

    `app_name` is the name of the app's folder at Dropbox, which no call of the API tells; "" where nobody entered it.

    Disabling pauses every mirror and keeps the connections; another app key ends them.

    Raises:
        WrongKey, WrongSecret, WrongPair: Dropbox refuses the pair.
    """
    before = siteconfig.dropbox()
    try:
        secret = app_secret or before.app_secret()
    except SealBroken as error:
        raise WrongSecret(
            gettext(
                "The stored App secret cannot be decrypted, because this Dashboard's secret key was "
                "changed. Nothing was saved. Enter the App secret again."
            )
        ) from error
    verdict = check(app_key=app_key, app_secret=secret) if app_key and secret else ""
    values = {
        "is_enabled": is_enabled,
        "app_key": app_key,
        "app_name": app_name,
        "check": verdict,
        "checked_at": clock.now().isoformat(),
    }
    with transaction.atomic():
        save_section(siteconfig.DROPBOX, values=values, secrets={siteconfig.APP_SECRET: app_secret})
        audit.record(
            actor=actor,
            action=AuditAction.CONFIGURATION_CHANGE,
            target="Dropbox",
            is_enabled=is_enabled,
            app_key=app_key,
            app_name=app_name,
            is_new_secret=bool(app_secret),
            check=verdict,
        )
        services.follow_configuration(app_key=app_key)
    return last_check()


def check(*, app_key: str, app_secret: str) -> str:
    """Check app key and secret with Dropbox: `WORKS`, or `UNCHECKED` where Dropbox cannot be reached.

    Raises:
        WrongKey, WrongSecret, WrongPair: Dropbox refuses the pair.
    """
    try:
        oauth_calls.check_app(app_key=app_key, app_secret=app_secret)
    except NeedsAdmin:
        raise _what_is_wrong(app_key) from None
    except MirrorError:
        return UNCHECKED
    return WORKS


def _what_is_wrong(app_key: str) -> Invalid:
    try:
        is_known = oauth_calls.knows_app(app_key=app_key)
    except MirrorError:
        return WrongPair(
            gettext(
                "Dropbox refuses this pair of app key and app secret. Nothing was saved. Copy both again from the App console."
            )
        )
    if is_known:
        return WrongSecret(
            gettext(
                "Dropbox knows this app key, and the app secret is wrong. Nothing was saved. Copy the App secret again from the App console."
            )
        )
    return WrongKey(
        gettext(
            "Dropbox does not know this app key. Nothing was saved. Copy the App key again from the App console."
        )
    )


def paused() -> list[str]:
    """Return sentences for the admin about what pauses mirrors, or keeps files out of them, until an admin acts."""
    sentences = []
    waiting = Link.objects.filter(state=Link.State.NEEDS_ADMIN)
    for reason, count, at in waiting.values_list("reason").annotate(Count("pk"), Min("reason_at")):
        sentence = wording.PAUSED_FOR_ADMIN.get(reason, wording.PAUSED_FOR_ADMIN_DEFAULT)
        mirrors = ngettext("%(mirrors)s is", "%(mirrors)s are", count) % {
            "mirrors": words.plural(count, "mirror")
        }
        since = f"{at:%H:%M} UTC" if at else gettext("today")
        sentences.append(gettext(sentence).format(at=since, count=mirrors))
    damaged = Parked.objects.filter(reason__in=DAMAGED).count()
    if damaged:
        sentences.append(gettext(wording.DAMAGED_FOR_ADMIN).format(count=words.plural(damaged, "file")))
    return sentences


def last_check() -> Checked | None:
    """Return the result of the check made at saving, or None where no app key is stored."""
    section = Section.objects.filter(name=siteconfig.DROPBOX).first()
    if section is None or not section.values.get("check"):
        return None
    at = datetime.fromisoformat(section.values["checked_at"])
    if section.values["check"] == WORKS:
        when = gettext("just now") if clock.now() - at < JUST_NOW else words.ago(at, now=clock.now())
        return Checked("good", gettext("Checked with Dropbox %(when)s: this pair works.") % {"when": when})
    return Checked(
        "warn",
        gettext("Saved, but not checked: Dropbox could not be reached. Save again later to check."),
    )
