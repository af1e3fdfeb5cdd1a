"""The first steps of the mirror: the admin's Dropbox app, and each person's Dropbox account."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from minno_dashboard.accounts.access import person
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.ui import first_steps
from minno_dashboard.ui.first_steps import Audience, FirstStep


def contribute() -> None:
    """Register the steps; called once at start."""
    first_steps.contribute(Audience.INSTALLATION, name="dropbox", order=10, read=_app)
    first_steps.contribute(Audience.PERSON, name="dropbox", order=30, read=_account)


def _app(request: HttpRequest) -> FirstStep:
    stored = siteconfig.dropbox()
    return FirstStep(
        "dropbox",
        gettext("Dropbox app"),
        gettext("Enter the key of a Dropbox app, so that everyone can keep a copy in their own Dropbox."),
        is_done=stored.is_enabled and bool(stored.app_key) and stored.has_secret,
        address=f"{reverse('edit_configuration')}#dropbox",
        link=gettext("Set up Dropbox"),
    )


def _account(request: HttpRequest) -> FirstStep | None:
    if not siteconfig.dropbox().is_enabled:
        return None
    return FirstStep(
        "dropbox",
        gettext("Keep a copy in your Dropbox"),
        gettext(
            "Synchronize with your Dropbox Account: each file you save is then copied to your own Dropbox as well."
        ),
        is_done=Link.objects.filter(user=person(request)).exclude(state=Link.State.OFF).exists(),
        address=f"{reverse('settings')}#dropbox",
        link=gettext("Connect your Dropbox"),
    )
