"""The mails that accounts send, in plain text; where mail is not configured, nothing is sent."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from minno_dashboard.accounts import mail
from minno_dashboard.accounts.mail import Letter
from minno_dashboard.accounts.models import User
from minno_dashboard.core.ids import fingerprint


def site_name() -> str:
    """Return how mails call this Dashboard."""
    return f"Minno at {urlsplit(settings.SERVER_URL).netloc}"


def _letter(user: User, to: str, subject: str, *paragraphs: str) -> Letter:
    body = "\n\n".join([f"Hello {user},", *paragraphs, f"{site_name()}\n{settings.SERVER_URL}/"])
    return Letter(to=to, subject=subject, body=f"{body}\n")


def _fingerprint_in(link: str) -> str:
    return fingerprint(link.rstrip("/").rpartition("/")[2])


def send_activation(*, user: User, link: str) -> bool:
    """Send the link that sets the first password; answer whether mail is configured."""
    if not mail.is_enabled():
        return False
    letter = _letter(
        user,
        user.email,
        f"Your account at {site_name()}",
        f"An account was made for you. Your user name is {user.username}.",
        f"Set your password with this link. It works once, and ends in 14 days:\n{link}",
        "If you expected no account, do nothing; without the link nobody can use it.",
    )
    mail.post(letter, only_while_open=_fingerprint_in(link))
    return True


def send_reset(*, user: User, link: str) -> bool:
    """Send the link that sets another password; answer whether mail is configured."""
    if not mail.is_enabled():
        return False
    letter = _letter(
        user,
        user.email,
        f"A new password at {site_name()}",
        f"Set a new password for {user.username} with this link. It works once, and ends in 24 hours:\n{link}",
        "If you did not ask for it, do nothing; your password stays as it is.",
    )
    mail.post(letter, only_while_open=_fingerprint_in(link))
    return True


def send_email_confirmation(*, user: User, email: str, link: str) -> None:
    """Send the link that confirms a new address, to that address."""
    letter = _letter(
        user,
        email,
        f"Confirm your e-mail address at {site_name()}",
        f"The account {user.username} is to have this e-mail address. Confirm it with this link, within 24 hours:\n{link}",
        "If this is not your account, do nothing; the address is not used.",
    )
    mail.post(letter, only_while_open=_fingerprint_in(link))


def tell_former_address(*, user: User, email: str) -> None:
    """Tell the address from before that it is replaced."""
    if not mail.is_enabled():
        return
    letter = _letter(
        user,
        email,
        f"Your e-mail address at {site_name()} was changed",
        f"The account {user.username} now has the address {user.email}.",
        "If it was not you, tell the administrator of this Dashboard at once.",
    )
    mail.post(letter)


def send_test(*, user: User) -> None:
    """Send a test mail now and wait for the mail server.

    Raises:
        MailNotSent: it was not taken.
    """
    mail.send(_letter(user, user.email, f"Test mail of {site_name()}", "Mail works."))
