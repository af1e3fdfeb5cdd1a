"""Translation of sentences made by packages without Django; the site sets Django's functions (`ui.apps`)."""

from __future__ import annotations

from collections.abc import Callable

Gettext = Callable[[str], str]
NGettext = Callable[[str, str, int], str]

_gettext: Gettext | None = None
_ngettext: NGettext | None = None


def translate_with(one: Gettext, many: NGettext) -> None:
    """Use these functions from now on; without any, everything stays English."""
    global _gettext, _ngettext
    _gettext, _ngettext = one, many


def gettext(message: str) -> str:
    """Return a sentence in the reader's language."""
    return _gettext(message) if _gettext else message


def ngettext(one: str, many: str, count: int) -> str:
    """Return a sentence in the reader's language, in the form for the number."""
    if _ngettext:
        return _ngettext(one, many, count)
    return one if count == 1 else many
