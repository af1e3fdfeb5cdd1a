"""The first steps of this app: the address, email and users of a new installation."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from minno_dashboard.accounts import mail
from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.models import User
from minno_dashboard.ui import first_steps, manual
from minno_dashboard.ui.first_steps import Audience, FirstStep


def contribute() -> None:
    """Register the steps; called once at start."""
    installation = Audience.INSTALLATION
    first_steps.contribute(installation, name="mail", order=20, read=_mail)
    first_steps.contribute(installation, name="users", order=30, read=_users)
    first_steps.contribute(installation, name="address", order=50, read=_address)


def hide(*, user: User) -> None:
    """Show this person no first steps any more."""
    user.hides_first_steps = True
    user.save(update_fields=["hides_first_steps"])


def _mail(request: HttpRequest) -> FirstStep:
    return FirstStep(
        "mail",
        gettext("Email"),
        gettext(
            "Let the Dashboard send activation links and notices. Without it you hand links over yourself."
        ),
        is_done=mail.is_enabled(),
        address=f"{reverse('edit_configuration')}#mail",
        link=gettext("Set up email"),
    )


def _users(request: HttpRequest) -> FirstStep:
    return FirstStep(
        "users",
        gettext("Users"),
        gettext("Create an account for each researcher, one by one or from a CSV file."),
        is_done=User.objects.exclude(pk=person(request).pk).exists(),
        address=reverse("user_management"),
        link=gettext("Create users"),
    )


def _address(request: HttpRequest) -> FirstStep:
    return FirstStep(
        "address",
        gettext("A public https address"),
        gettext(
            "Dropbox and participants reach the Dashboard at MINNO_SERVER_URL. Now this is %(address)s; only an "
            "https address works from other computers."
        )
        % {"address": settings.SERVER_URL},
        is_done=settings.SERVER_URL.startswith("https://"),
        address=manual.address_of("operator#behind-a-web-server-with-https"),
        link=gettext("How to set it up"),
    )
