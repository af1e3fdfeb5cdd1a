"""What the read-only link of a study opens, without logging in: its newest version, to read and to download."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from minno_dashboard.accounts.access import login_not_required
from minno_dashboard.core.errors import NotFound, TooLarge
from minno_dashboard.files import queries as files
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.studies.queries import newest_version, study_by_link
from minno_dashboard.studies.views.raw import served, type_of, zipped

View = Callable[..., HttpResponseBase]


def by_link(view: View) -> View:
    """Make a view open to whoever has the link; the address, which is the key, is told to nobody."""

    @wraps(view)
    def open_view(request: HttpRequest, code: str, **more: Any) -> HttpResponseBase:
        response = view(request, code, **more)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return login_not_required(require_GET(open_view))


@by_link
def show(request: HttpRequest, code: str) -> HttpResponseBase:
    """Show the files of the study, and the one that was chosen."""
    study = study_by_link(code)
    version = newest_version(study)
    path = request.GET.get("file", "")
    node = _file(version.tree, path) if path else None
    context: dict[str, object] = {
        "study": study,
        "version": version,
        "code": code,
        "entries": files.listing(version.tree),
        "path": path,
    }
    if node is not None:
        context |= _shown(node)
    return render(request, "studies/by_link.html", context)


def _file(tree: Tree, path: str) -> Node:
    node = files.node_at(tree=tree, path=path)
    if node is None or node.blob is None:
        raise NotFound(gettext("There is no such file in this study any more."))
    return node


def _shown(node: Node) -> dict[str, object]:
    """Return how to show a file: its text, the picture or document it is, or only its size."""
    blob = files.blob_of(node)
    content_type, _ = type_of(node.name)
    found: dict[str, object] = {"node": node, "size": blob.size}
    if content_type.startswith("image/"):
        return found | {"shown_as": "picture"}
    if content_type == "application/pdf":
        return found | {"shown_as": "document"}
    try:
        text = files.read_text(blob).text
    except TooLarge:
        return found
    return found if "\0" in text else found | {"shown_as": "text", "text": text}


@by_link
def raw(request: HttpRequest, code: str, path: str) -> HttpResponseBase:
    """Give one file as it is."""
    node = _file(newest_version(study_by_link(code)).tree, path)
    return served(request, files.blob_of(node), node.name, as_download="download" in request.GET)


@by_link
def download(request: HttpRequest, code: str) -> HttpResponseBase:
    """Give the whole version as a zip."""
    study = study_by_link(code)
    version = newest_version(study)
    return zipped(version.tree, f"{study.name} {version}")
