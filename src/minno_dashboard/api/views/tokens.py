"""Settings → API tokens: listed, made, revoked."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from minno_dashboard.accounts.access import address_of, person
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.sections import say
from minno_dashboard.api import queries, services
from minno_dashboard.api.forms import TokenForm
from minno_dashboard.core import clock
from minno_dashboard.core.errors import TooMany


def section(request: HttpRequest) -> str:
    """Render the section."""
    context = {"tokens": queries.tokens_of(person(request)), "now": clock.now()}
    return render_to_string("api/settings_tokens.html", context, request)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def make(request: HttpRequest) -> HttpResponse:
    """Ask what the token is for; then show it, once."""
    form, status = TokenForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                token, code = services.make_token(
                    user=person(request), address=address_of(request), **form.cleaned_data
                )
            except FieldRefused as error:
                form.add_error(error.field, str(error))
            except TooMany as error:
                form.add_error(None, str(error))
                status = error.status
            else:
                return render(request, "api/token_made.html", {"token": token, "code": code})
    return render(request, "api/token_new.html", {"form": form}, status=status)


@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """End a token at once."""
    services.revoke_token(user=person(request), token_id=token_id, by=person(request))
    say(request, "tokens", gettext("Token revoked."))
    return HttpResponseRedirect(f"{resolve_url('settings')}#tokens")
