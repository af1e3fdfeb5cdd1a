"""The examples that come with the product, for everybody to make their own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from minno_dashboard.studies import players
from minno_dashboard.studies.starters import EXAMPLES


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Show the examples, each with a button that makes a study of it."""
    return render(
        request, "studies/examples.html", {"examples": EXAMPLES, "has_player": players.is_installed()}
    )
