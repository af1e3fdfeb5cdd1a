"""Saving the section Dropbox of the configuration, checked with Dropbox as it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from minno_dashboard.accounts import audit
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid
from minno_dashboard.mirror import dropbox, services
from minno_dashboard.mirror.errors import MirrorError, NeedsAdmin
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.models import Section
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.ui import words

WORKS = "works"
UNCHECKED = "unchecked"
JUST_NOW = timedelta(minutes=1)


class WrongKey(Invalid):
    """Dropbox does not know the app key."""


class WrongSecret(Invalid):
    """Dropbox knows the app key, and the secret is not its secret."""


class WrongPair(Invalid):
    """Dropbox refuses the pair, and does not say which of the two is wrong."""


@dataclass(frozen=True)
class Checked:
    """What Dropbox said about the stored pair, as a dot and a sentence."""

    dot: str
    sentence: str


def save(*, actor: User, is_enabled: bool, app_key: str, app_secret: str) -> Checked | None:
    """Check the pair with Dropbox and store it; an empty secret keeps the stored one. Nothing is stored when it is wrong.

    Disabling pauses every mirror and keeps the connections; another app key ends them.

    Raises:
        WrongKey, WrongSecret, WrongPair: Dropbox refuses the pair.
    """
    before = siteconfig.dropbox()
    secret = app_secret or before.app_secret()
    verdict = check(app_key=app_key, app_secret=secret) if app_key and secret else ""
    values = {
        "is_enabled": is_enabled,
        "app_key": app_key,
        "check": verdict,
        "checked_at": clock.now().isoformat(),
    }
    with transaction.atomic():
        save_section(siteconfig.DROPBOX, values=values, secrets={siteconfig.APP_SECRET: app_secret})
        audit.record(
            actor=actor,
            verb="changed the configuration",
            target="Dropbox",
            is_enabled=is_enabled,
            app_key=app_key,
            is_new_secret=bool(app_secret),
            check=verdict,
        )
        services.follow_configuration(app_key=app_key)
    return last_check()


def check(*, app_key: str, app_secret: str) -> str:
    """Ask Dropbox about a pair: `WORKS`, or `UNCHECKED` where Dropbox cannot be reached.

    Raises:
        WrongKey, WrongSecret, WrongPair: Dropbox refuses the pair.
    """
    try:
        dropbox.check_app(app_key=app_key, app_secret=app_secret)
    except NeedsAdmin:
        raise _what_is_wrong(app_key) from None
    except MirrorError:
        return UNCHECKED
    return WORKS


def _what_is_wrong(app_key: str) -> Invalid:
    try:
        is_known = dropbox.knows_app(app_key=app_key)
    except MirrorError:
        return WrongPair(
            "Dropbox refuses this pair of app key and app secret. Nothing was saved. "
            "Copy both again from the App console."
        )
    if is_known:
        return WrongSecret(
            "Dropbox knows this app key, and the app secret is wrong. Nothing was saved. "
            "Copy the App secret again from the App console."
        )
    return WrongKey(
        "Dropbox does not know this app key. Nothing was saved. Copy the App key again from the App console."
    )


def last_check() -> Checked | None:
    """Return what Dropbox said when the pair was saved, or None where there is no pair."""
    section = Section.objects.filter(name=siteconfig.DROPBOX).first()
    if section is None or not section.values.get("check"):
        return None
    at = datetime.fromisoformat(section.values["checked_at"])
    if section.values["check"] == WORKS:
        when = "just now" if clock.now() - at < JUST_NOW else words.ago(at, now=clock.now())
        return Checked("good", f"Checked with Dropbox {when}: this pair works.")
    return Checked(
        "warn",
        "Saved, but not checked: Dropbox could not be reached. Save again when it can be.",
    )
