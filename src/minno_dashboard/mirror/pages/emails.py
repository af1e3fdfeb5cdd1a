"""Mails of the mirror: one for each state that has waited for its user, or for the admins, for more than a day."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext

from minno_dashboard.accounts import mail
from minno_dashboard.accounts.emails import site_name
from minno_dashboard.accounts.language import spoken_with
from minno_dashboard.accounts.mail import Letter
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.mirror import wording
from minno_dashboard.mirror.models import Link

AFTER = timedelta(days=1)
"""What heals within a day is nobody's trouble."""


def tell_of_what_waits() -> int:
    """Mail the person for whom a mirror has waited too long, once for each state; return how many mails were queued."""
    if not mail.is_enabled():
        return 0
    waiting = Link.objects.filter(reason_at__lte=clock.now() - AFTER).select_related("user").order_by("pk")
    posted = 0
    for link in waiting.filter(state=Link.State.NEEDS_USER, user__is_active=True):
        posted += _tell(link, [link.user])
    paused = waiting.filter(state=Link.State.NEEDS_ADMIN)
    told = {(one.app_key, one.told_of) for one in paused}
    for link in paused:
        is_told = (link.app_key, _state(link)) in told
        posted += _tell(link, [] if is_told else _admins())
        told.add((link.app_key, _state(link)))
    return posted


def _state(link: Link) -> str:
    """Return a name of a state: its reason and since when it lasts."""
    return f"{link.reason} {link.reason_at:%Y-%m-%dT%H:%M:%S}"


def _tell(link: Link, people: list[User]) -> int:
    if link.told_of == _state(link):
        return 0
    with transaction.atomic():
        Link.objects.filter(pk=link.pk).update(told_of=_state(link))
        for user in people:
            with spoken_with(user):
                mail.post(_letter(link, user))
    return len(people)


def _admins() -> list[User]:
    return list(User.objects.filter(role=User.Role.ADMIN, is_active=True).order_by("pk"))


def _letter(link: Link, user: User) -> Letter:
    since = {"at": f"{link.reason_at:%Y-%m-%d %H:%M} UTC"}
    if link.state == Link.State.NEEDS_USER:
        trouble = wording.NEEDS_USER.get(link.reason, wording.NEEDS_USER_DEFAULT)
        subject = gettext("The copy of your studies in Dropbox needs your attention")
        said = gettext(trouble.full).replace("{at}", "")
        place, page = gettext("Open Settings after logging in:"), reverse("settings")
    else:
        subject = gettext("The copies in Dropbox need an administrator")
        said = gettext("Dropbox refuses this Dashboard's app, so no study is copied to anybody's Dropbox.")
        place, page = (
            gettext("Open Edit configuration after logging in:"),
            reverse("edit_configuration"),
        )
    paragraphs = [
        gettext("Hello %(user)s,") % {"user": user},
        said,
        gettext("This has been the case since %(at)s.") % since,
        f"{place}\n{settings.SERVER_URL}{page}",
        f"{site_name()}\n{settings.SERVER_URL}/",
    ]
    return Letter(to=user.email, subject=subject, body="\n\n".join(paragraphs) + "\n")
