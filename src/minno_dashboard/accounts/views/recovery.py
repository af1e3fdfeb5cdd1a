"""Pages for people without a login: a lost password, the confirmation of an email address."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts import mail, queries, recovery
from minno_dashboard.accounts.access import address_of, login_not_required, person
from minno_dashboard.accounts.forms import LostPasswordForm
from minno_dashboard.accounts.models import AccessCode
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.views.login import link_refused
from minno_dashboard.core.errors import NotAllowed, Refused, TooMany
from minno_dashboard.core.ids import fingerprint


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def lost_password(request: HttpRequest) -> HttpResponse:
    """Ask for a name, and give the same answer whether or not the account exists."""
    form = LostPasswordForm(request.POST or None)
    context: dict[str, object] = {"form": form, "by_mail": mail.is_enabled()}
    if request.method == "POST" and form.is_valid():
        try:
            recovery.ask_for_password(name=form.cleaned_data["name"], address=address_of(request))
        except TooMany as error:
            form.add_error(None, str(error))
            response = render(request, "accounts/lost_password.html", context, status=error.status)
            response["Retry-After"] = str(error.retry_after_seconds)
            return response
        context["asked"] = form.cleaned_data["name"]
    return render(request, "accounts/lost_password.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_email(request: HttpRequest, code: str) -> HttpResponse:
    """Show which address a link confirms; confirm it on POST only, since mail scanners open links too."""
    mark, refused = fingerprint(code), ""
    try:
        link = queries.open_code(purpose=AccessCode.Purpose.EMAIL, fingerprint=mark)
        if link.user != person(request):
            raise NotAllowed(
                gettext("This link is for %(username)s. Log out, log in as %(username)s and open it again.")
                % {"username": link.user.username}
            )
        if request.method == "POST":
            user = recovery.confirm_email(code_fingerprint=mark)
            messages.success(
                request,
                gettext("%(email)s is now the address of %(username)s.")
                % {"email": user.email, "username": user.username},
            )
            return redirect("settings")
    except FieldRefused as error:
        refused = str(error)
    except Refused as error:
        return link_refused(request, error)
    context = {"who": link.user, "email": link.new_email, "refused": refused}
    response = render(request, "accounts/confirm_email.html", context, status=422 if refused else 200)
    response["Referrer-Policy"] = "same-origin"
    return response
