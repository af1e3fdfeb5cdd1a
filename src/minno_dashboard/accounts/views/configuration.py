"""Admin → Edit configuration: the frame for the sections of other apps."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from minno_dashboard.accounts.access import admin_required
from minno_dashboard.accounts.sections import contributed, with_notes

SLOT = "configuration.sections"


@never_cache
@require_GET
@admin_required
def show(request: HttpRequest) -> HttpResponse:
    """Show all sections, each with its own form and Save changes."""
    return page(request)


def page(request: HttpRequest, *, status: int = 200) -> HttpResponse:
    """Show the page; an app whose form was refused stores it on the request for its `render`, and calls this."""
    context = with_notes(request, contributed(SLOT, request))
    return render(request, "accounts/configuration.html", context, status=status)
