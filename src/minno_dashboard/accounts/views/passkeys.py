"""Passkeys: Settings → Passkeys, and the button on the login pages."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from minno_dashboard.accounts import passkeys
from minno_dashboard.accounts.access import address_of, login_not_required, person, safe_next
from minno_dashboard.accounts.sections import say
from minno_dashboard.accounts.views import second_step
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid
from minno_dashboard.ui import slots

SESSION_KEY = "passkey_challenge"
SECONDS_TO_ANSWER = 300
MAX_JSON_BYTES = 64 * 1024
TOO_LATE = gettext_noop("This took too long or was already answered. Start again.")
UNREADABLE = gettext_noop("The page sent something the Dashboard cannot read. Reload the page and try again.")


def contribute() -> None:
    """Register the parts of pages; called once, from `AppConfig.ready`."""
    slots.contribute(
        "settings.sections", name="passkeys", title=gettext_lazy("Passkeys"), order=22, render=section
    )
    slots.contribute("log_in.beside", name="passkey", title="", order=10, render=button)
    slots.contribute("second_step.beside", name="passkey", title="", order=10, render=button)


def section(request: HttpRequest) -> str:
    """Render the section of the Settings page."""
    context = {"passkeys": passkeys.passkeys_of(person(request)), "why_not": passkeys.place().why_not}
    return render_to_string("accounts/settings_passkeys.html", context, request)


def button(request: HttpRequest) -> str:
    """Render the button of the login pages, where passkeys are available."""
    if passkeys.place().why_not:
        return ""
    wanted = safe_next(request, request.POST.get("next", request.GET.get("next", "")))
    return render_to_string("accounts/passkey_button.html", {"next": wanted}, request)


@never_cache
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Ask for a name and the password; the page's script then asks the device."""
    if passkeys.place().why_not:
        return HttpResponseRedirect(f"{resolve_url('settings')}#passkeys")
    return render(request, "accounts/passkey_new.html")


@never_cache
@require_POST
@sensitive_variables("body")
def begin_adding(request: HttpRequest) -> HttpResponse:
    """Check the password; return the options for the device."""
    body = _json(request)
    options, challenge = passkeys.options_to_add(
        user=person(request), password=_text(body, "password"), address=address_of(request)
    )
    return _asked(request, options, challenge, "add")


@never_cache
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Store the passkey that the device created."""
    body = _json(request)
    made = passkeys.add(
        user=person(request),
        name=_text(body, "name"),
        challenge=_challenge(request, "add"),
        credential=body.get("credential"),
    )
    say(
        request,
        "passkeys",
        gettext("The passkey “%(name)s” is added. You can log in with it.") % {"name": made.name},
    )
    return JsonResponse({"next": f"{resolve_url('settings')}#passkeys"})


@require_POST
@confirmation_required
def remove(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Delete a passkey."""
    passkeys.remove(user=person(request), passkey_id=passkey_id)
    say(
        request,
        "passkeys",
        gettext("The passkey no longer works. You can also delete it from your device."),
    )
    return HttpResponseRedirect(f"{resolve_url('settings')}#passkeys")


@login_not_required
@never_cache
@require_POST
def begin_log_in(request: HttpRequest) -> HttpResponse:
    """Return the options for the device; after a password, only that user's own passkeys count."""
    options, challenge = passkeys.options_to_log_in(user=second_step.who(request))
    return _asked(request, options, challenge, "log in")


@login_not_required
@never_cache
@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    """Log in the owner of the passkey that signed the challenge, and return where to continue."""
    body = _json(request)
    user = passkeys.check_log_in(
        challenge=_challenge(request, "log in"),
        credential=body.get("credential"),
        address=address_of(request),
        user=second_step.who(request),
    )
    request.session.pop(second_step.SESSION_KEY, None)
    wanted = safe_next(request, _text(body, "next"))
    entered = second_step.enter(request, user, wanted)
    response = JsonResponse({"next": entered["Location"]})
    response.cookies = entered.cookies
    return response


def _asked(request: HttpRequest, options: str, challenge: str, purpose: str) -> HttpResponse:
    """Store the challenge in the session and return the options."""
    until = clock.now().timestamp() + SECONDS_TO_ANSWER
    request.session[SESSION_KEY] = {"challenge": challenge, "purpose": purpose, "until": until}
    return JsonResponse({"options": json.loads(options)})


def _challenge(request: HttpRequest, purpose: str) -> str:
    """Take the challenge out of the session: it works once, and only for its purpose."""
    known: dict[str, Any] = request.session.pop(SESSION_KEY, {})
    if known.get("purpose") != purpose or known["until"] < clock.now().timestamp():
        raise Invalid(gettext(TOO_LATE))
    return str(known["challenge"])


def _json(request: HttpRequest) -> dict[str, Any]:
    if request.content_type != "application/json" or len(request.body) > MAX_JSON_BYTES:
        raise Invalid(gettext(UNREADABLE))
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Invalid(gettext(UNREADABLE)) from error
    if not isinstance(body, dict):
        raise Invalid(gettext(UNREADABLE))
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise Invalid(gettext(UNREADABLE))
    return value
