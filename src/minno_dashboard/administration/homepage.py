"""The panels of the login page, written by admins: cleaned of everything that could run or load from elsewhere."""

from __future__ import annotations

import re

import nh3
from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import TooLarge
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.services import save_section

MAX_CHARACTERS = 300_000  # room for a logo inside the page
TEXT = {"abbr", "b", "bdi", "br", "code", "em", "i", "small", "span", "strong", "sub", "sup", "u"}
BLOCKS = {"blockquote", "dd", "div", "dl", "dt", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
TAGS = TEXT | BLOCKS | TABLES | {"a", "img"}
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "width", "height"}, "*": {"dir", "lang"}}
# A picture is part of the text itself: nothing is fetched from another host before anybody logged in.
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*\Z")
_LINK = re.compile(r"(https?://|mailto:|/(?!/))", re.IGNORECASE)


def clean(html: str) -> str:
    """Return HTML with text, lists, tables, links and pictures only."""
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer",
    )


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if (tag, attribute) == ("img", "src"):
        return value if _PICTURE.match(value) else None
    if (tag, attribute) == ("a", "href"):
        return value if _LINK.match(value) else None
    return value


@transaction.atomic
def save(*, above: str, beside: str, by: User) -> None:
    """Clean and save both panels.

    Raises:
        TooLarge: one of them is too long.
    """
    if max(len(above), len(beside)) > MAX_CHARACTERS:
        raise TooLarge(
            gettext("A panel can have at most %(most_characters)s characters, including pictures.")
            % {"most_characters": f"{MAX_CHARACTERS:,}"}
        )
    values = {"above": clean(above).strip(), "beside": clean(beside).strip()}
    save_section(siteconfig.HOME_PAGE, values, {})
    record(actor=by, action=AuditAction.CONFIGURATION_CHANGE, target="Home page")
