"""Launch pages, test pages and files of launched studies, in an opaque origin and without cookies."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts.access import login_not_required
from minno_dashboard.collection.ingest.launch_token import BadToken, decode
from minno_dashboard.collection.models import Session
from minno_dashboard.collection.services import StartRefused, token_key
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound, Refused
from minno_dashboard.files import queries as files
from minno_dashboard.runtime import files_key, jatos, kinds, launching, players
from minno_dashboard.runtime.html_page import fill_page
from minno_dashboard.runtime.launching import Launch
from minno_dashboard.studies.contents import FilesOfVersion
from minno_dashboard.studies.models import Experiment, Version
from minno_dashboard.studies.views.file_responses import media_type, sent
from minno_dashboard.studies.views.play import POLICY, type_of

View = Callable[..., HttpResponseBase]

FROZEN_CACHE = "public, max-age=86400"
"""Files of a published version never change: browsers may keep them for a day without asking."""


def is_own_host(request: HttpRequest) -> bool:
    """Return whether the request came to the second host, which serves participants' pages only."""
    return bool(settings.PARTICIPANT_HOST) and request.get_host().lower() == settings.PARTICIPANT_HOST


def for_participants(view: View) -> View:
    """Decorate a view: responses, refusals too, run in an opaque origin, without cookies and referrer."""

    @wraps(view)
    def open_view(request: HttpRequest, **named: Any) -> HttpResponseBase:
        try:
            response = view(request, **named)
        except Refused as refused:
            response = _refusal(refused)
        # On a host of their own, studies get the storage and cookies of that host; there is nothing else on it.
        response["Content-Security-Policy"] = "" if is_own_host(request) else POLICY
        response["Access-Control-Allow-Origin"] = "*"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        response["Cross-Origin-Opener-Policy"] = "unsafe-none"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Content-Type-Options"] = "nosniff"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return csrf_exempt(login_not_required(xframe_options_exempt(open_view)))


@for_participants
@require_http_methods(["GET", "HEAD", "POST"])
def launch(request: HttpRequest, experiment: str, version: str) -> HttpResponseBase:
    """Return the launch page; POST carries the password, where there is one."""
    found, asked = launching.find(experiment, version)
    opened = launching.open_launch(found, asked, launching.read_visit(request.GET.dict()))
    given = request.POST.get("launch_password", "")
    if opened.session is None and not launching.password_fits(found, given):
        return _ask_password(wrong=request.method == "POST")
    return page_of(opened)


@for_participants
@require_http_methods(["GET", "HEAD"])
def test_launch(request: HttpRequest, experiment: str, version: str) -> HttpResponseBase:
    """Return the same page for testing: nothing is stored, and the page says so."""
    found, asked = launching.find(experiment, version)
    return page_of(launching.open_test(found, asked, launching.read_visit(request.GET.dict())))


@for_participants
@require_http_methods(["GET", "HEAD"])
def launch_file(request: HttpRequest, key: str, path: str) -> HttpResponseBase:
    """Return one file of a launched study; a page that is a component of a JATOS study continues its session."""
    tree_id = files_key.tree_of(key, now=clock.now())
    version = Version.objects.filter(tree=tree_id or 0).select_related("study", "tree").first()
    if version is None or version.study.deleted_at is not None or version.study.archived_at is not None:
        raise NotFound(gettext("This study is not available."))
    try:
        content = FilesOfVersion(version.study.kind, version.tree).at(path)
    except NotFound:
        if path.rpartition("/")[2] == "jatos.js":
            return jatos_script(request)
        raise
    if "minno" in request.GET and media_type(content.name) == "text/html":
        return _component(request, version, path)
    response = sent(request, content, type_of(content.name))
    if version.tree.is_frozen:
        response["Cache-Control"] = FROZEN_CACHE
    return response


def jatos_script(request: HttpRequest) -> HttpResponseBase:
    """Return our `jatos.js` for studies made for JATOS."""
    response = HttpResponse(players.built_script("jatos.js"), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


jatos_asset = for_participants(require_http_methods(["GET", "HEAD"])(jatos_script))


def page_of(launch: Launch) -> HttpResponse:
    """Return the first page of a launched study."""
    kind = kinds.kind_of(launch.node, launch.experiment.kind)
    if kind == Experiment.Kind.MINNOJS:
        return _fresh(_minnojs(launch))
    if kind == Experiment.Kind.JATOS:
        study = kinds.jatos_study_at(launch.version.tree, launch.node, launch.path)
        return _jatos_page(launch, study, launch.session.component if launch.session else 0)
    return _html(launch, launch.path)


def _minnojs(launch: Launch) -> HttpResponse:
    context = {
        "base": _files_address(launch.version.tree_id),
        "task": f"{_files_address(launch.version.tree_id)}{launch.path}",
        "settings": json.dumps(
            launch.settings(
                kind="minnojs", debug=launch.version.state == Version.State.DEVELOP or launch.is_test
            )
        ),
        "player": players.minnojs(),
        "name": launch.experiment.name,
    }
    return HttpResponse(render_to_string("runtime/minnojs.html", context))


def _html(launch: Launch, path: str, **more: object) -> HttpResponse:
    version = launch.version
    content = FilesOfVersion(version.study.kind, version.tree).at(path)
    if media_type(content.name) != "text/html" or content.size > files.MAX_EDITOR_BYTES:
        raise NotFound(gettext("This file is not a page that can be launched. Please tell the researcher."))
    top = _files_address(version.tree_id)
    session = render_to_string(
        "runtime/session.html", {"settings": json.dumps(launch.settings(kind="html", **more))}
    )
    page = fill_page(
        content.whole(),
        marked_base=_base_tag(top),
        own_base=_base_tag(f"{top}{path[: -len(content.name)]}"),
        session=session.strip().encode(),
    )
    return _fresh(HttpResponse(page, content_type=type_of(content.name)))


def _jatos_page(launch: Launch, study: jatos.JatosStudy, position: int) -> HttpResponse:
    if not study.components:
        raise NotFound(gettext("This JATOS study has no component whose page is there."))
    position = min(position, len(study.components) - 1)
    here = study.components[position]
    top = _files_address(launch.version.tree_id)
    described = {
        "title": study.title,
        "uuid": study.uuid,
        "jsonInput": study.json_input,
        "position": position,
        "components": [
            {"title": one.title, "uuid": one.uuid, "address": f"{top}{one.path}", "jsonInput": one.json_input}
            for one in study.components
        ],
        "studyState": launch.session.study_state if launch.session else "",
    }
    return _html(launch, here.path, jatos=described)


def _component(request: HttpRequest, version: Version, path: str) -> HttpResponse:
    """Return a later component of a JATOS study, in the session whose token the address carries."""
    try:
        token = decode(request.GET["minno"], token_key(), now=clock.now().timestamp())
    except BadToken as error:
        raise NotFound(gettext("This page is too old. Please open the link of the study again.")) from error
    experiment = Experiment.objects.filter(pk=token.experiment).select_related("study").first()
    if experiment is None or token.version != version.pk:
        raise NotFound(gettext("This study is not available."))
    node = files.node_at(tree=version.tree, path=path)
    session = Session.objects.filter(pk=token.session_id).first()
    if node is None:
        raise NotFound(gettext("This study is not available."))
    launch = Launch(experiment, version, node, path, token, session)
    study = kinds.jatos_study_at(version.tree, node, path)
    paths = [one.path for one in study.components]
    asked = request.GET.get("component", "")
    position = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if position >= len(paths) or paths[position] != path:
        position = paths.index(path) if path in paths else 0
    return _jatos_page(launch, study, position)


def _refusal(refused: Refused) -> HttpResponse:
    completion = refused.completion if isinstance(refused, StartRefused) else None
    context = {"sentence": str(refused), "completion": completion}
    return _fresh(HttpResponse(render_to_string("runtime/refused.html", context), status=refused.status))


def _ask_password(*, wrong: bool) -> HttpResponse:
    page = render_to_string("runtime/password.html", {"wrong": wrong})
    return _fresh(HttpResponse(page, status=403 if wrong else 200))


def _files_address(tree_id: int) -> str:
    key = files_key.make_key(tree_id, now=clock.now())
    return reverse("launch_file", args=[key, "-"]).removesuffix("-")


def _base_tag(address: str) -> bytes:
    return render_to_string("runtime/base_tag.html", {"address": address}).strip().encode()


def _fresh(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
