"""Login, logout, links that set a password, the refusal of a forged form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minno_dashboard.accounts import browsers, queries, second_factor, services, sessions, throttle
from minno_dashboard.accounts.access import address_of, login_not_required, person, safe_next
from minno_dashboard.accounts.forms import LogInForm, NewPasswordForm, focus
from minno_dashboard.accounts.middleware import CHANGE_FIRST
from minno_dashboard.accounts.models import AccessCode
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.views import second_step
from minno_dashboard.core.errors import Invalid, NotFound, Refused, TooMany
from minno_dashboard.core.ids import fingerprint
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.ui.errors import answer

SESSION_KEY = "password_link"
CSRF_REFUSED = gettext_noop(
    "Nothing was changed, because this page was opened before you logged in or out, or "
    "your browser blocks cookies. Go back, reload the page and try again."
)


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Show the login form; log the user in and continue to the requested page."""
    wanted = safe_next(request, request.POST.get("next", request.GET.get("next", "")))
    if request.method != "POST":
        if request.user.is_authenticated:
            return HttpResponseRedirect(wanted or resolve_url("/studies/"))
        form = LogInForm(initial={"name": request.session.get("name_to_log_in", "")})
        return _log_in_page(request, form, wanted)
    form = LogInForm(request.POST)
    if not form.is_valid():
        return _log_in_page(request, form, wanted, status=422)
    try:
        name = form.cleaned_data["name"]
        user = services.check_log_in(
            name=name,
            password=form.cleaned_data["password"],
            address=address_of(request),
            browser=browsers.known_to_name(request, name),
        )
    except TooMany as error:
        form.add_error(None, str(error))
        response = _log_in_page(request, form, wanted, status=error.status)
        response["Retry-After"] = str(error.retry_after_seconds)
        return response
    except Invalid as error:
        form.add_error(None, str(error))
        return _log_in_page(request, form, wanted, status=error.status)
    request.session.pop("name_to_log_in", None)
    if second_factor.is_on(user):
        return second_step.begin(request, user, wanted)
    return second_step.enter(request, user, wanted)


def _log_in_page(request: HttpRequest, form: LogInForm, wanted: str, *, status: int = 200) -> HttpResponse:
    if form["name"].value():
        focus(form, "password")
    context = {"form": form, "next": wanted, "is_dropbox_offered": siteconfig.dropbox().is_enabled}
    return render(request, "accounts/log_in.html", context, status=status)


@login_not_required
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session and show the login page."""
    logout(request)
    messages.success(request, gettext("You are logged out."))
    return redirect("login")


@login_not_required
@never_cache
@require_GET
def open_link(request: HttpRequest, code: str, purpose: str) -> HttpResponse:
    """Move a link's code out of the address bar at once; the next page asks for the password."""
    try:
        queries.open_code(purpose=purpose, fingerprint=fingerprint(code))
    except NotFound as error:
        throttle.begin(name="unknown link", address=address_of(request))
        return link_refused(request, error)
    except Refused as error:
        return link_refused(request, error)
    request.session[SESSION_KEY] = {"purpose": purpose, "fingerprint": fingerprint(code)}
    response = redirect("set_password")
    response["Referrer-Policy"] = "no-referrer"
    return response


def link_refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """Show why a link does not work."""
    response = render(request, "accounts/link_refused.html", {"sentence": str(error)}, status=error.status)
    response["Referrer-Policy"] = "no-referrer"
    return response


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def set_password(request: HttpRequest) -> HttpResponse:
    """Ask for the new password of the link's user."""
    link: dict[str, Any] = request.session.get(SESSION_KEY, {})
    purpose, mark = str(link.get("purpose", "")), str(link.get("fingerprint", ""))
    try:
        code = queries.open_code(purpose=purpose, fingerprint=mark)
        form = NewPasswordForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            services.activate(purpose=purpose, code_fingerprint=mark, password=form.cleaned_data["password"])
            return _password_set(request, code)
    except FieldRefused as error:
        form.add_error(error.field, str(error))
    except Refused as error:
        request.session.pop(SESSION_KEY, None)
        return link_refused(request, error)
    context = {
        "form": form,
        "who": code.user,
        "is_first": purpose == AccessCode.Purpose.ACTIVATE,
        "somebody_else": request.user
        if request.user.is_authenticated and request.user != code.user
        else None,
    }
    return render(request, "accounts/set_password.html", context, status=422 if form.errors else 200)


def _password_set(request: HttpRequest, code: AccessCode) -> HttpResponse:
    """Continue to the login page, whoever was logged in before."""
    logout(request)
    request.session["name_to_log_in"] = code.user.username
    messages.success(request, gettext("Your password is set. Log in with it."))
    return redirect("login")


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def replace_password(request: HttpRequest) -> HttpResponse:
    """Ask for a new password instead of a one-time one."""
    user = person(request)
    if not user.must_change_password:
        return redirect("settings")
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.replace_one_time_password(user=user, new_password=form.cleaned_data["password"])
        except FieldRefused as error:
            form.add_error(error.field, str(error))
        else:
            sessions.keep(request, user)
            messages.success(request, gettext("Your new password is set."))
            return HttpResponseRedirect(resolve_url("/studies/"))
    context = {"form": form, "why": gettext(CHANGE_FIRST)}
    return render(request, "accounts/replace_password.html", context, status=422 if form.errors else 200)


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Respond to a form that was not sent from a page of this site (Django's `CSRF_FAILURE_VIEW`)."""
    return answer(request, 403, gettext(CSRF_REFUSED))
