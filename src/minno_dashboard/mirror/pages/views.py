"""The mirror's pages: connecting, the badge, Settings → Dropbox, Edit configuration → Dropbox."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from minno_dashboard.accounts.access import admin_required, login_not_required, person
from minno_dashboard.accounts.sections import say
from minno_dashboard.accounts.views import configuration as configuration_page
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.core import ids
from minno_dashboard.core.errors import Refused
from minno_dashboard.mirror.connecting import app_settings, installation, oauth, oauth_state, services
from minno_dashboard.mirror.models import link_of
from minno_dashboard.mirror.pages import notices, sections
from minno_dashboard.mirror.pages.forms import DropboxForm, PolicyForm, RemovalAnswerForm
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.studies import queries as studies

BROWSER_MARK = "dropbox_browser"
GO_ON_AT = "dropbox_go_on_at"
LOGGED_OUT = gettext_noop(
    "You were logged out before Dropbox answered; nothing was connected. "
    "Log in, then connect again in Settings."
)


def _see_other(address: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    response["Referrer-Policy"] = "no-referrer"
    return response


def _back_to_settings() -> HttpResponseRedirect:
    return _see_other(f"{resolve_url('settings')}#dropbox")


def _do(request: HttpRequest, change: Callable[[], None], done: str) -> HttpResponse:
    """Run a change of the user's own mirror and show its message, or the reason why it failed."""
    try:
        change()
    except Refused as error:
        notices.say(request, str(error), is_refusal=True)
    else:
        notices.say(request, done)
    return _back_to_settings()


@never_cache
@require_POST
@confirmation_required
def connect(request: HttpRequest) -> HttpResponse:
    """Redirect the user to Dropbox's consent page."""
    request.session.pop(GO_ON_AT, None)
    return to_dropbox(request)


def to_dropbox(request: HttpRequest, *, may_read: bool = False) -> HttpResponse:
    """Redirect the user to Dropbox's consent page, or show why that is impossible."""
    origin = request.headers.get("Origin", "null")
    if origin not in ("null", settings.SERVER_URL):
        notices.say(
            request,
            gettext(
                "Dropbox brings you back to %(server_url)s, and you are logged in at %(origin)s. Open %(server_url)s/settings/ and connect there."
            )
            % {"server_url": settings.SERVER_URL, "origin": origin},
            is_refusal=True,
        )
        return _back_to_settings()
    mark = request.session.setdefault(BROWSER_MARK, ids.secret_code())
    try:
        return _see_other(oauth.begin(user=person(request), browser=mark, may_read=may_read))
    except Refused as error:
        notices.say(request, str(error), is_refusal=True)
        return _back_to_settings()


@login_not_required
@never_cache
@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """Handle Dropbox's redirect; in every case the browser goes on to an address without the code."""
    if not request.user.is_authenticated:
        oauth_state.spend(request.GET.get("state", ""))
        messages.error(request, gettext(LOGGED_OUT))
        return _see_other(f"{resolve_url('login')}?next={resolve_url('settings')}")
    try:
        done = oauth.finish(
            user=person(request),
            browser=request.session.get(BROWSER_MARK, ""),
            answer={name: request.GET.get(name, "") for name in ("code", "error", "state")},
        )
    except Refused as error:
        notices.say(request, str(error), is_refusal=True)
    else:
        notices.say(request, done)
        if next_page := request.session.pop(GO_ON_AT, ""):
            return _see_other(resolve_url(next_page))
    return _back_to_settings()


@never_cache
@require_GET
def badge(request: HttpRequest) -> HttpResponse:
    """Return the badge of the top bar, or 204 where the page shows it already."""
    context = sections.bar_context(person(request))
    if request.GET.get("was") == context["mark"]:
        return HttpResponse(status=204)
    return render(request, "mirror/bar_live.html", context)


@never_cache
@require_GET
def study_badge(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the badge of a study that the visitor may see, or 204 where the page shows it already."""
    user = person(request)
    context = sections.study_context(user, studies.get_study(user, public_id))
    if request.GET.get("was") == context["mark"]:
        return HttpResponse(status=204)
    return render(request, "mirror/study_head.html", context)


@never_cache
@require_GET
def panel(request: HttpRequest) -> HttpResponse:
    """Return the live part of Settings → Dropbox."""
    return render(request, "mirror/panel.html", sections.panel_context(person(request)))


@require_POST
def prove(request: HttpRequest) -> HttpResponse:
    """Make a proof due now."""
    return _do(
        request,
        lambda: services.prove_now(user=person(request)),
        gettext("Comparing with Dropbox's own checksums now."),
    )


@require_POST
@confirmation_required
def policy(request: HttpRequest) -> HttpResponse:
    """Save what happens to deleted files."""
    form = PolicyForm(request.POST)
    if form.is_valid():
        return _do(
            request,
            lambda: services.choose_policy(user=person(request), keep_deleted=form.keeps_deleted),
            gettext("Files that you delete here move to the folder Deleted in your Dropbox.")
            if form.keeps_deleted
            else gettext("Files that you delete here are deleted in your Dropbox too."),
        )
    notices.say(
        request,
        gettext("Choose what happens to the files that you delete. Nothing was changed."),
        is_refusal=True,
    )
    return _back_to_settings()


@require_POST
@confirmation_required
def confirm(request: HttpRequest) -> HttpResponse:
    """Save the user's answer about a mass removal."""
    form = RemovalAnswerForm(request.POST)
    if not form.is_valid():
        notices.say(request, gettext("Choose one of the two buttons. Nothing was changed."), is_refusal=True)
        return _back_to_settings()
    is_accepted = form.cleaned_data["answer"] == "accept"
    link = link_of(person(request))
    refused = (
        gettext("Stopped here. Your files stay in your Dropbox, and the other Dashboard goes on.")
        if link and link.reason in installation.QUESTIONS
        else gettext("Sync stays paused; nothing is changed in your Dropbox.")
    )
    return _do(
        request,
        lambda: services.confirm_removal(user=person(request), accept=is_accepted),
        gettext("Sync resumed.") if is_accepted else refused,
    )


@require_POST
@confirmation_required
def stop(request: HttpRequest) -> HttpResponse:
    """Disconnect the Dropbox account."""
    return _do(
        request,
        lambda: oauth.stop(user=person(request)),
        gettext("Your studies are no longer synchronized. The files that are in your Dropbox stay there."),
    )


@never_cache
@sensitive_post_parameters("app_secret")
@require_POST
@admin_required
@confirmation_required
def save_configuration(request: HttpRequest) -> HttpResponse:
    """Save the section Dropbox of the configuration, or show it again with its errors."""
    stored = siteconfig.dropbox()
    form = DropboxForm(request.POST, has_secret=stored.has_secret, stored_key=stored.app_key)
    if form.is_valid():
        try:
            checked = app_settings.save(
                actor=person(request),
                is_enabled=form.is_enabled,
                app_key=form.cleaned_data["app_key"],
                app_secret=form.cleaned_data["app_secret"],
                app_name=form.cleaned_data["app_name"],
            )
        except app_settings.WrongKey as error:
            form.add_error("app_key", str(error))
        except app_settings.WrongSecret as error:
            form.add_error("app_secret", str(error))
        except Refused as error:
            form.add_error(None, str(error))
        else:
            unchecked = checked is not None and checked.dot != "good"
            say(request, "dropbox", gettext("Saved, but not checked.") if unchecked else gettext("Saved."))
            return _see_other(f"{resolve_url('edit_configuration')}#dropbox")
    setattr(request, sections.FORM_OF_REQUEST, form)
    return configuration_page.page(request, status=422)
