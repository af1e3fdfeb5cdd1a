"""The preview: a version's files as a participant's browser would get them, in an origin of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from minno_dashboard.accounts.access import login_not_required
from minno_dashboard.core.errors import NotFound, Refused
from minno_dashboard.files.queries import MAX_EDITOR_BYTES
from minno_dashboard.studies import players, playing
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.contents import FileContent
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.views.file_responses import media_type, sent
from minno_dashboard.studies.views.json_requests import JsonRequest, api

# Without allow-same-origin whatever runs here is nobody: no cookies, no storage, no way to read the Dashboard.
# Without allow-top-navigation it cannot lead the study page away.
POLICY = "sandbox allow-scripts allow-forms allow-modals allow-downloads allow-popups allow-pointer-lock"
BASE_MARK, VARS_MARK = b"<!-- os:base -->", b"<!-- os:vars -->"

_TEXTS = ("text/", "application/json", "image/svg+xml")

View = Callable[..., HttpResponseBase]


def type_of(name: str) -> str:
    """Return the media type that a participant's browser needs, the same on every machine."""
    found = media_type(name)
    return f"{found}; charset=utf-8" if found.startswith(_TEXTS) else found


def of_nobody(view: View) -> View:
    """Decorate a view: responses, refusals too, run in an opaque origin, without cookies and referrer."""

    @wraps(view)
    def open_view(request: HttpRequest, **named: Any) -> HttpResponseBase:
        try:
            response = view(request, **named)
        except Refused as refused:
            page = render_to_string("studies/play_refused.html", {"sentence": str(refused)})
            response = HttpResponse(page, status=refused.status)
        response["Content-Security-Policy"] = POLICY
        response["Access-Control-Allow-Origin"] = "*"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        response["Cross-Origin-Opener-Policy"] = "unsafe-none"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Content-Type-Options"] = "nosniff"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return login_not_required(xframe_options_exempt(open_view))


@api("GET", Action.READ_FILES)
def play(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Return the address of the preview, and how long it is valid."""
    return told(playing.make_key(user=what.user, version=what.version))


def told(key: str) -> HttpResponse:
    """Respond with the address of the files to play, and how long it is valid."""
    response = JsonResponse(
        {
            "files": _top(key),
            "seconds": int(playing.LIFE.total_seconds()),
            "player": players.is_installed(),
        }
    )
    response["Cache-Control"] = "no-store"  # the address is a key
    return response


def _top(key: str) -> str:
    return reverse("play_file", args=[key, "-"]).removesuffix("-")


@of_nobody
@require_GET
def play_file(request: HttpRequest, key: str, path: str) -> HttpResponseBase:
    """Return one file to the preview: a page with its placeholders filled in, a MinnoJS task in its page, else the bytes."""
    given = playing.open_key(key)
    content = given.at(path)
    if "play" in request.GET and given.kind == Study.Kind.MINNOJS and content.name.endswith(".js"):
        return _task(key, path)
    if media_type(content.name) == "text/html" and content.size <= MAX_EDITOR_BYTES:
        return _page(key, content)
    return sent(request, content, type_of(content.name))


def _settings(key: str) -> dict[str, object]:
    """Return the session values for a study's page; a preview stores nothing."""
    named = {"sessionId": -1, "studyId": "preview", "versionId": "preview"}
    return {
        "dataUrl": reverse("play_data", args=[key]),
        "$meta": named,
        "$postOnce": {**named, "descriptiveId": "preview", "state": gettext("Develop")},
    }


def _task(key: str, path: str) -> HttpResponse:
    if not players.is_installed():
        raise NotFound(
            gettext(
                "MinnoJS tasks need the MinnoJS player, which is not installed here. An "
                "administrator can install it with one command: minno-dashboard install-player "
                "FOLDER."
            )
        )
    context = {
        "base": _top(key),
        "task": f"{_top(key)}{path}",
        "settings": json.dumps(_settings(key)),
        "script": reverse("play_player", args=[players.SCRIPT]),
        "style": reverse("play_player", args=[players.STYLE]),
    }
    response = HttpResponse(render_to_string("studies/play_task.html", context))
    response["Cache-Control"] = "no-store"
    return response


def _page(key: str, page: FileContent) -> HttpResponse:
    """Fill in the two placeholders of a page; nothing else of it is changed."""
    content = page.whole()
    if BASE_MARK in content:
        content = content.replace(BASE_MARK, f'<base href="{_top(key)}">'.encode())
    if VARS_MARK in content:
        marks = render_to_string("studies/play_vars.html", {"settings": json.dumps(_settings(key))})
        content = content.replace(VARS_MARK, marks.strip().encode())
    response = HttpResponse(content, content_type=type_of(page.name))
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
@of_nobody
@require_http_methods(["PUT", "POST", "OPTIONS"])
def play_data(request: HttpRequest, key: str) -> HttpResponseBase:
    """Answer what a participant's page would post, and store nothing of it."""
    playing.open_key(key)
    response = JsonResponse({"stored": False})
    response["Access-Control-Allow-Methods"] = "PUT, POST"
    response["Access-Control-Allow-Headers"] = "content-type"
    return response


@of_nobody
@require_GET
def play_player(request: HttpRequest, path: str) -> HttpResponseBase:
    """Return a file of the installed MinnoJS player."""
    file = players.file_at(path)
    response = HttpResponse(file.read_bytes(), content_type=type_of(file.name))
    response["Cache-Control"] = "private, max-age=300"
    return response
