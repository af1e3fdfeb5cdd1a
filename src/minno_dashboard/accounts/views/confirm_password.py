"""The page that asks for the password before a sensitive action, and continues with the action."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.debug import sensitive_post_parameters

from minno_dashboard.accounts import confirmation, sessions
from minno_dashboard.accounts.access import address_of, person
from minno_dashboard.accounts.audit import admin_acting
from minno_dashboard.accounts.forms import ConfirmForm
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.core.errors import TooMany
from minno_dashboard.ui.errors import answer, wants_json

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
FIELD = ConfirmForm.NAME
ONLY_SHOWN = "confirm_then_show"
SCRIPT = gettext_noop("Confirm your password first: reload this page and try again. Nothing was changed.")


def confirmation_required(view: View[P], *, to_see: bool = False) -> View[P]:
    """Require a password confirmation within the last 15 minutes for POST; `to_see` also for GET.

    A form that was sent without it comes back as a page that asks for the password and holds what was filled in.
    """

    @wraps(view)
    @sensitive_post_parameters(FIELD)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if admin_acting.get() is not None or confirmation.is_recent(request.session):
            return view(request, *args, **kwargs)
        if request.method in ("GET", "HEAD", "OPTIONS") and not to_see:
            return view(request, *args, **kwargs)
        if wants_json(request) or request.content_type == "application/json":
            return answer(request, 403, gettext(SCRIPT))
        form = ConfirmForm(request.POST if FIELD in request.POST else None)
        status = 403
        if form.is_bound and form.is_valid():
            try:
                _confirm(request, form.cleaned_data[FIELD])
            except FieldRefused as error:
                form.add_error(FIELD, str(error))
            except TooMany as error:
                form.add_error(None, str(error))
                status = error.status
            else:
                if ONLY_SHOWN in request.POST:
                    return HttpResponseRedirect(request.get_full_path())
                return view(request, *args, **kwargs)
        return _ask(request, form, status)

    return checked


def confirmation_required_to_see(view: View[P]) -> View[P]:
    """Require a password confirmation already for showing a page."""
    return confirmation_required(view, to_see=True)


def _confirm(request: HttpRequest, password: str) -> None:
    user = person(request)
    confirmation.check_password(user=user, password=password, address=address_of(request), field=FIELD)
    sessions.keep(request, user)


def _ask(request: HttpRequest, form: ConfirmForm, status: int) -> HttpResponse:
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in ("csrfmiddlewaretoken", FIELD)
    ]
    if request.method == "GET":
        kept = [(ONLY_SHOWN, "yes")]
    response = render(request, "accounts/confirm.html", {"form": form, "kept": kept}, status=status)
    add_never_cache_headers(response)
    return response
