"""Settings → Security: two-step login, and the list of login sessions."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from minno_dashboard.accounts import queries, second_factor, sessions
from minno_dashboard.accounts.access import address_of, admin_required, person
from minno_dashboard.accounts.forms import CodeForm, PasswordForm
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.sections import say
from minno_dashboard.accounts.session_store import stored_key
from minno_dashboard.accounts.views.confirm_password import (
    confirmation_required,
    confirmation_required_to_see,
)
from minno_dashboard.core.errors import Refused


def section(request: HttpRequest) -> str:
    """Render the section."""
    user = person(request)
    context = {
        "is_on": second_factor.is_on(user),
        "codes_left": second_factor.codes_left(user),
        "sign_ins": sessions.of(user),
        "events": queries.security_events(user),
        "this_key": stored_key(request.session.session_key or ""),
    }
    return render_to_string("accounts/settings_security.html", context, request)


def _back() -> HttpResponse:
    return HttpResponseRedirect(f"{resolve_url('settings')}#security")


@never_cache
@require_http_methods(["GET", "POST"])
@confirmation_required_to_see
def turn_on(request: HttpRequest) -> HttpResponse:
    """Show the QR code and ask for a first code; then show the recovery codes, once."""
    user, form = person(request), CodeForm(request.POST or None)
    form.fields["code"].help_text = ""  # there are no recovery codes yet
    if second_factor.is_on(user):
        return _back()
    if request.method == "POST" and form.is_valid():
        try:
            codes = second_factor.confirm(user=user, code=form.cleaned_data["code"])
        except FieldRefused as error:
            form.add_error(error.field, str(error))
        else:
            return render(request, "accounts/recovery_codes.html", {"codes": codes, "is_new": True})
    context = {"form": form, "setup": second_factor.begin(user=user)}
    return render(request, "accounts/two_step.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def turn_off(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then turn two-step login off."""

    def done(password: str) -> HttpResponse:
        second_factor.turn_off(user=person(request), password=password, address=address_of(request))
        say(request, "security", gettext("Two-step login is off. You now log in with your password alone."))
        return _back()

    return _with_password(request, gettext("Turn off two-step login"), done)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def new_codes(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then show new recovery codes, once."""

    def done(password: str) -> HttpResponse:
        codes = second_factor.new_recovery_codes(
            user=person(request), password=password, address=address_of(request)
        )
        return render(request, "accounts/recovery_codes.html", {"codes": codes})

    return _with_password(request, gettext("Create new recovery codes"), done)


def _with_password(request: HttpRequest, verb: str, done: Callable[[str], HttpResponse]) -> HttpResponse:
    if not second_factor.is_on(person(request)):
        return _back()
    form, status = PasswordForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return done(form.cleaned_data["password"])
            except FieldRefused as error:
                form.add_error(error.field, str(error))
            except Refused as error:
                form.add_error(None, str(error))
                status = error.status
    return render(request, "accounts/confirm_password.html", {"form": form, "verb": verb}, status=status)


@require_POST
def end_session(request: HttpRequest, sign_in_id: int) -> HttpResponse:
    """End one session."""
    sessions.end(user=person(request), sign_in_id=sign_in_id)
    say(request, "security", gettext("The session was ended."))
    return _back()


@require_POST
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session but this one."""
    user = person(request)
    sessions.end_all(user=user, end_tokens="end_tokens" in request.POST)
    sessions.keep(request, user)
    say(request, "security", gettext("You are logged out everywhere else."))
    return _back()


@require_POST
@admin_required
@confirmation_required
def remove_for(request: HttpRequest, user_id: int) -> HttpResponse:
    """Turn off two-step login of somebody who lost the phone and the recovery codes."""
    user = queries.user_by_id(user_id)
    second_factor.remove(user=user, by=person(request))
    messages.success(
        request, gettext("%(username)s now logs in with the password alone.") % {"username": user.username}
    )
    return HttpResponseRedirect(resolve_url("user_management"))
