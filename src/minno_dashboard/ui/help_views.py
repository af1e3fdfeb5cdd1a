"""Help: the manual for whoever is logged in."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from minno_dashboard.ui import manual


@require_GET
def show(request: HttpRequest, name: str = manual.START) -> HttpResponse:
    """Show a chapter, first of all the one that lists the others."""
    chapter = manual.chapter(name)
    if chapter is None:
        raise Http404
    chapters = [
        {"title": title, "address": manual.address_of(one), "is_here": one == name}
        for one, title in manual.contents()
    ]
    return render(request, "ui/help.html", {"chapter": chapter, "chapters": chapters})


@require_GET
def image(request: HttpRequest, name: str) -> FileResponse:
    """Answer a picture of the manual."""
    path = manual.image(name)
    if path is None:
        raise Http404
    response = FileResponse(path.open("rb"), content_type="image/png")
    response["Cache-Control"] = "private, max-age=3600"
    return response
