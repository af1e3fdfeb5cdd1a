"""Mails that tell people of changes to the security of their account; without mail, only Settings shows them."""

from __future__ import annotations

from enum import Enum

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from minno_dashboard.accounts import emails, mail
from minno_dashboard.accounts.language import spoken_with
from minno_dashboard.accounts.models import User


class Notice(Enum):
    """A kind of notice; some sentences have placeholders, filled by `tell`."""

    NEW_BROWSER = gettext_lazy("Someone logged in with a new browser: %(browser)s, from %(address)s.")
    PASSWORD = gettext_lazy("The password was changed.")
    SECOND_STEP_ON = gettext_lazy("Two-step login was turned on.")
    SECOND_STEP_OFF = gettext_lazy("Two-step login was turned off.")
    RECOVERY_CODES = gettext_lazy("New recovery codes were created; the old ones no longer work.")
    RECOVERY_CODE_USED = gettext_lazy("Someone logged in with a recovery code.")
    PASSKEY_ADDED = gettext_lazy("The passkey “%(name)s” was added.")
    PASSKEY_REMOVED = gettext_lazy("The passkey “%(name)s” was removed.")
    TOKEN = gettext_lazy("The API token “%(name)s” was created. Programs that have it can act as you.")
    ACTING = gettext_lazy(
        "The administrator %(admin)s acts as you in your studies, for at most an hour. Reason given: %(reason)s"
    )
    ROLE = gettext_lazy("The role of the account is now: %(role)s.")
    DROPBOX_ON = gettext_lazy("A Dropbox was connected. Your studies are copied to it.")
    DROPBOX_TAKEN_OVER = gettext_lazy(
        "Another user of this Dashboard has connected the Dropbox account that your studies were copied to. They are no longer copied there; everything is safe here."
    )
    DROPBOX_OFF = gettext_lazy("Synchronization with Dropbox was stopped.")

    @property
    def sentence(self) -> Promise:
        """What happened, with placeholders for details."""
        found: Promise = self.value
        return found


def tell(user: User, notice: Notice, **details: str) -> None:
    """Mail a person a notice about their own account, in the transaction of the change."""
    if not mail.is_enabled() or not user.is_active:
        return
    with spoken_with(user):
        site = emails.site_name()
        letter = emails.letter(
            user,
            user.email,
            gettext("Security notice for %(username)s at %(site_name)s")
            % {"username": user.username, "site_name": site},
            str(notice.sentence) % details,
            gettext("If you know about this, you do not need to do anything."),
            gettext(
                "If not, change your password, log out everywhere under Settings → Security, and "
                "tell the administrator of this Dashboard.\n%(address)s"
            )
            % {"address": f"{settings.SERVER_URL}/settings/#security"},
        )
    mail.post(letter)
