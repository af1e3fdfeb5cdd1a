"""Settings → Appearance."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.forms import AppearanceForm
from minno_dashboard.accounts.language import choose_language, choose_theme, language_of, remember_language
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.sections import say

COOKIE = "theme"
YEAR_SECONDS = 365 * 24 * 3600


def remember_theme(response: HttpResponse, user: User) -> HttpResponse:
    """Set the cookie with the user's theme, read by pages without login and by error pages."""
    if user.theme:
        response.set_cookie(
            COOKIE, user.theme, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response


def section(request: HttpRequest) -> str:
    """Render the section."""
    user = person(request)
    form = AppearanceForm(initial={"theme": user.theme or "system", "language": user.language or "browser"})
    return render_to_string("accounts/settings_appearance.html", {"form": form}, request)


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Save theme and language."""
    form, user = AppearanceForm(request.POST), person(request)
    if form.is_valid():
        choose_theme(user=user, theme=form.cleaned_data["theme"].replace("system", ""))
        if language := form.cleaned_data["language"]:
            choose_language(user=user, language=language.replace("browser", ""))
        with translation.override(language_of(request)):
            say(request, "appearance", gettext("Your choice is saved for every browser in which you log in."))
    else:
        say(
            request,
            "appearance",
            gettext("Choose one of the three options. Nothing was changed."),
            level=messages.ERROR,
        )
    response = HttpResponseRedirect(f"{resolve_url('settings')}#appearance")
    remember_language(response, user)
    return remember_theme(response, user)
