"""The examples that come with the product: to read, to play and to copy."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from minno_dashboard.accounts.access import person
from minno_dashboard.studies import players, playing
from minno_dashboard.studies.contents import FilesOfExample
from minno_dashboard.studies.starters import EXAMPLES, get_example
from minno_dashboard.studies.views.play import told
from minno_dashboard.studies.views.raw import served
from minno_dashboard.studies.views.viewing import viewed


@require_GET
def show_list(request: HttpRequest) -> HttpResponse:
    """Show the examples, each with a button that creates a study from it."""
    return render(
        request, "studies/examples.html", {"examples": EXAMPLES, "has_player": players.is_installed()}
    )


@require_GET
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the files of an example, and the one that was chosen."""
    example = get_example(slug)
    context = {
        "example": example,
        **viewed(request, FilesOfExample(example), base=reverse("example", args=[slug])),
    }
    return render(request, "studies/example.html", context)


@require_GET
def raw(request: HttpRequest, slug: str, path: str) -> HttpResponseBase:
    """Return one file of an example as it is."""
    return served(request, FilesOfExample(get_example(slug)).at(path))


@require_GET
def play(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Return the address of the preview, and how long it is valid."""
    return told(playing.make_key_of_example(user=person(request), example=get_example(slug)))
