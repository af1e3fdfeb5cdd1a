"""Mails about accounts, in plain text; where mail is not configured, nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext

from minno_dashboard.accounts import mail
from minno_dashboard.accounts.language import spoken_with
from minno_dashboard.accounts.mail import Letter
from minno_dashboard.accounts.models import User
from minno_dashboard.core.ids import fingerprint

P = ParamSpec("P")
R = TypeVar("R")


def _in_the_readers_language(write: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that writes to its `user`: run it in that user's language."""

    @wraps(write)
    def spoken(*args: P.args, **kwargs: P.kwargs) -> R:
        with spoken_with(cast(User, kwargs["user"])):
            return write(*args, **kwargs)

    return spoken


def site_name() -> str:
    """Return the name of this Dashboard in mails."""
    return gettext("Minno at %(netloc)s") % {"netloc": urlsplit(settings.SERVER_URL).netloc}


def letter(user: User, to: str, subject: str, *paragraphs: str) -> Letter:
    """Return a mail to a person, with greeting and signature."""
    body = "\n\n".join(
        [gettext("Hello %(user)s,") % {"user": user}, *paragraphs, f"{site_name()}\n{settings.SERVER_URL}/"]
    )
    return Letter(to=to, subject=subject, body=f"{body}\n")


def _fingerprint_in(link: str) -> str:
    return fingerprint(link.rstrip("/").rpartition("/")[2])


@_in_the_readers_language
def send_activation(*, user: User, link: str) -> bool:
    """Send the link that sets the first password; return whether mail is configured."""
    if not mail.is_enabled():
        return False
    written = letter(
        user,
        user.email,
        gettext("Your account at %(site_name)s") % {"site_name": site_name()},
        gettext("An account was created for you. Your user name is %(username)s.")
        % {"username": user.username},
        gettext("Set your password with this link. It works once and expires in 14 days:\n%(link)s")
        % {"link": link},
        gettext("If you did not expect an account, ignore this email: without the link nobody can use it."),
    )
    mail.post(written, only_while_open=_fingerprint_in(link))
    return True


@_in_the_readers_language
def send_reset(*, user: User, link: str) -> bool:
    """Send the link that sets another password; return whether mail is configured."""
    if not mail.is_enabled():
        return False
    written = letter(
        user,
        user.email,
        gettext("A new password at %(site_name)s") % {"site_name": site_name()},
        gettext(
            "Set a new password for %(username)s with this link. It works once and expires in 24 "
            "hours:\n%(link)s"
        )
        % {"username": user.username, "link": link},
        gettext("If you did not ask for it, ignore this email; your password stays the same."),
    )
    mail.post(written, only_while_open=_fingerprint_in(link))
    return True


@_in_the_readers_language
def send_email_confirmation(*, user: User, email: str, link: str) -> None:
    """Send the link that confirms a new address, to that address."""
    written = letter(
        user,
        email,
        gettext("Confirm your email address at %(site_name)s") % {"site_name": site_name()},
        gettext(
            "Confirm with this link that the account %(username)s should use this email address. "
            "The link expires in 24 hours:\n%(link)s"
        )
        % {"username": user.username, "link": link},
        gettext("If this is not your account, ignore this email; the address will not be used."),
    )
    mail.post(written, only_while_open=_fingerprint_in(link))


@_in_the_readers_language
def tell_former_address(*, user: User, email: str) -> None:
    """Mail the former address that it was replaced."""
    if not mail.is_enabled():
        return
    written = letter(
        user,
        email,
        gettext("Your email address at %(site_name)s was changed") % {"site_name": site_name()},
        gettext("The account %(username)s now has the address %(email)s.")
        % {"username": user.username, "email": user.email},
        gettext("If this was not you, tell the administrator of this Dashboard immediately."),
    )
    mail.post(written)


def send_test(*, user: User) -> None:
    """Send a test mail now and wait for the mail server.

    Raises:
        MailNotSent: it was not taken.
    """
    mail.send(
        letter(
            user,
            user.email,
            gettext("Test email from %(site_name)s") % {"site_name": site_name()},
            gettext("Email works."),
        )
    )
