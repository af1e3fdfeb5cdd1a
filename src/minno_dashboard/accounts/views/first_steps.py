"""Hides the first steps on a person's Studies list."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from minno_dashboard.accounts import first_steps
from minno_dashboard.accounts.access import person


@require_POST
def hide(request: HttpRequest) -> HttpResponse:
    """Hide them for good."""
    first_steps.hide(user=person(request))
    return redirect("studies")
