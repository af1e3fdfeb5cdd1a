"""This app's parts of other apps' pages."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from minno_dashboard.accounts import audit
from minno_dashboard.accounts.models import User
from minno_dashboard.administration import queries
from minno_dashboard.administration.homepage import clean
from minno_dashboard.administration.queries import Stored
from minno_dashboard.administration.views import site
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.ui import slots, words

_STORED_OF_REQUEST = "administration_stored"


def contribute() -> None:
    """Register the parts; called once at start."""
    slots.contribute("users.row", name="space", title=gettext_lazy("Space"), order=10, render=space)
    slots.contribute("banner", name="acting", title=gettext_lazy("Acting as"), order=10, render=banner)
    slots.contribute("admin.menu", name="administration", title=gettext_lazy("Menu"), order=10, render=menu)
    slots.contribute(
        "configuration.sections",
        name="limits",
        title=gettext_lazy("Limits"),
        order=40,
        render=site.limits_section,
    )
    slots.contribute("log_in.above", name="home", title=gettext_lazy("Home page"), order=10, render=above)
    slots.contribute("log_in.beside", name="home", title=gettext_lazy("Home page"), order=10, render=beside)


def banner(request: HttpRequest) -> str:
    """Render the banner on every page while an admin acts as a user."""
    if audit.admin_acting.get() is None:
        return ""
    return render_to_string("administration/banner.html", {"who": request.user}, request)


def menu(request: HttpRequest) -> str:
    """Render this app's lines of the menu Admin."""
    return render_to_string("administration/menu.html", request=request)


def above(request: HttpRequest) -> str:
    """Render the panel above the login form."""
    return _panel(siteconfig.home_page().above)


def beside(request: HttpRequest) -> str:
    """Render the panel after the login form."""
    return _panel(siteconfig.home_page().beside)


def _panel(html: str) -> str:
    # Cleaned again: what was saved by an earlier version, or restored from elsewhere, may have been cleaned less.
    return format_html('<div class="home-panel" dir="auto">{}</div>', mark_safe(clean(html))) if html else ""  # noqa: S308


def space(request: HttpRequest) -> str:
    """Render what one user of the list stores; the whole list takes three queries."""
    user = getattr(request, "slot_subject", None)
    if not isinstance(user, User):
        return ""
    found: dict[int, Stored] | None = getattr(request, _STORED_OF_REQUEST, None)
    if found is None:
        found = queries.stored_by_owner()
        setattr(request, _STORED_OF_REQUEST, found)
    stored = found.get(user.pk, Stored())
    if not stored.studies:
        return ""
    return format_html(
        "<div>{} · {}</div>", words.plural(stored.studies, "study", "studies"), words.size(stored.bytes)
    )
