"""Times, sizes and counts in the words people use, in the reader's language."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, ngettext_lazy, pgettext

_NOUNS = {
    "call": ngettext_lazy("%(count)s call", "%(count)s calls", "number"),
    "change": ngettext_lazy("%(count)s change", "%(count)s changes", "number"),
    "entry": ngettext_lazy("%(count)s entry", "%(count)s entries", "number"),
    "file": ngettext_lazy("%(count)s file", "%(count)s files", "number"),
    "invitation": ngettext_lazy("%(count)s invitation", "%(count)s invitations", "number"),
    "mail": ngettext_lazy("%(count)s email", "%(count)s emails", "number"),
    "mirror": ngettext_lazy("%(count)s mirror", "%(count)s mirrors", "number"),
    "more difference": ngettext_lazy("%(count)s more difference", "%(count)s more differences", "number"),
    "recovery code": ngettext_lazy("%(count)s recovery code", "%(count)s recovery codes", "number"),
    "study": ngettext_lazy("%(count)s study", "%(count)s studies", "number"),
    "user": ngettext_lazy("%(count)s user", "%(count)s users", "number"),
    "version": ngettext_lazy("%(count)s version", "%(count)s versions", "number"),
}
"""What is counted; a noun that is not here stays English."""


def date(moment: datetime) -> str:
    """Return the day, as short as the language has it."""
    return date_format(moment, pgettext("date format", "Y-m-d"), use_l10n=False)


def date_and_time(moment: datetime) -> str:
    """Return day, hour and minute, as short as the language has it."""
    return date_format(moment, pgettext("date format", "Y-m-d H:i"), use_l10n=False)


def ago(moment: datetime, *, now: datetime) -> str:
    """Return how long ago a moment was; the date itself when that was more than 30 days ago."""
    seconds = int((now - moment).total_seconds())
    if seconds < -60:
        return date_and_time(moment)
    if seconds < 10:
        return gettext("just now")
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days > 30:
        return date(moment)
    if seconds < 60:
        said, count = ngettext("%(count)s s ago", "%(count)s s ago", seconds), seconds
    elif minutes < 60:
        said, count = ngettext("%(count)s min ago", "%(count)s min ago", minutes), minutes
    elif hours < 24:
        said, count = ngettext("%(count)s h ago", "%(count)s h ago", hours), hours
    elif days == 1:
        return gettext("yesterday")
    else:
        said, count = ngettext("%(count)s day ago", "%(count)s days ago", days), days
    return said % {"count": count}


def size(count: int) -> str:
    """Return a number of bytes with its unit; 1 KB is 1,024 bytes, as file managers and Dropbox count."""
    if count < 1024:
        return ngettext("%(count)s byte", "%(count)s bytes", count) % {"count": count}
    units = (gettext("%(size)s KB"), gettext("%(size)s MB"), gettext("%(size)s GB"), gettext("%(size)s TB"))
    amount = count / 1024
    for unit in units:
        if amount < 1024 or unit == units[-1]:
            shown = f"{amount:.0f}" if amount >= 100 else f"{amount:.1f}".removesuffix(".0")
            return unit % {"size": shown}
        amount /= 1024
    raise AssertionError("the last unit takes every size")


def plural(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 file", "1,204 files"."""
    if one in _NOUNS:
        return str(_NOUNS[one] % {"number": count, "count": f"{count:,}"})
    return f"{count:,} {one if count == 1 else many or one + 's'}"
