"""The second page of a two-step login."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts import browsers, second_factor, sessions
from minno_dashboard.accounts.access import address_of, login_not_required, safe_next
from minno_dashboard.accounts.forms import CodeForm
from minno_dashboard.accounts.language import remember_language
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.notices import Notice, tell
from minno_dashboard.accounts.views.appearance import remember_theme
from minno_dashboard.core import clock
from minno_dashboard.core.errors import TooMany

SESSION_KEY = "second_step"
TIME_TO_TYPE = timedelta(minutes=10)


def enter(request: HttpRequest, user: User, wanted: str) -> HttpResponse:
    """Log the user in and continue to the requested page."""
    is_known = browsers.known_to(request, user)
    sessions.enter(request, user)
    if not is_known:
        browser = sessions.browser_name(request.headers.get("User-Agent", ""))
        tell(user, Notice.NEW_BROWSER, browser=browser, address=address_of(request))
    response = HttpResponseRedirect(wanted or resolve_url("/studies/"))
    browsers.remember(request, response, user)
    remember_language(response, user)
    return remember_theme(response, user)


def begin(request: HttpRequest, user: User, wanted: str) -> HttpResponse:
    """Store in the session who gave the right password, and ask for the code."""
    request.session.cycle_key()
    request.session[SESSION_KEY] = {
        "user": user.pk,
        "until": (clock.now() + TIME_TO_TYPE).timestamp(),
        "password": user.get_session_auth_hash(),
    }
    address = resolve_url("second_step")
    return HttpResponseRedirect(f"{address}?{urlencode({'next': wanted})}" if wanted else address)


def who(request: HttpRequest) -> User | None:
    """Return the user who just gave the right password, unless it was changed meanwhile."""
    known: dict[str, Any] = request.session.get(SESSION_KEY, {})
    if not known or known["until"] < clock.now().timestamp():
        return None
    user = User.objects.filter(pk=known["user"], is_active=True).first()
    return user if user and user.get_session_auth_hash() == known["password"] else None


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for a code of the app, or a recovery code."""
    wanted = safe_next(request, request.POST.get("next", request.GET.get("next", "")))
    user = who(request)
    if user is None:
        request.session.pop(SESSION_KEY, None)
        return redirect("login")
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                second_factor.check(user=user, code=form.cleaned_data["code"], address=address_of(request))
            except FieldRefused as error:
                form.add_error(error.field, str(error))
            except TooMany as error:
                form.add_error(None, str(error))
                status = error.status
            else:
                request.session.pop(SESSION_KEY, None)
                return enter(request, user, wanted)
    return render(request, "accounts/second_step.html", {"form": form, "next": wanted}, status=status)
