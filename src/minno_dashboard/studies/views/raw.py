"""A study's bytes as they are: views in a sandbox, downloads, zips."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.files import queries as files
from minno_dashboard.files.models import Tree
from minno_dashboard.files.zips import zip_stream
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.contents import FileContent, content_of
from minno_dashboard.studies.views.file_responses import media_type, sent
from minno_dashboard.studies.views.json_requests import asked

_SHOWN = {
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
    "image/vnd.microsoft.icon",
    "image/webp",
    "image/x-icon",
    "image/x-ms-bmp",
    "application/pdf",
}
_TEXTS = {"application/json", "application/javascript", "application/xml"}
# Researchers' files never run on the Dashboard's own address: an opaque origin, no scripts, nothing fetched.
_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
# Chromium shows no PDF inside a sandbox; a PDF has no origin's rights in any browser's viewer.
_PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@require_GET
def raw(request: HttpRequest, public_id: str, path: str) -> HttpResponseBase:
    """Return one file as it is: pictures, PDFs and texts to view, everything else as a download."""
    what = asked(request, Action.READ_FILES, public_id, whole_number(request.GET.get("v", "")))
    node = files.node_at(tree=what.tree, path=path)
    if node is None or node.blob is None:
        raise NotFound(gettext("There is no such file in this version."))
    return served(request, content_of(node.blob, name=node.name))


def served(request: HttpRequest, content: FileContent) -> HttpResponseBase:
    """Respond with a file's bytes under a CSP that keeps them from acting in the Dashboard's name."""
    content_type, is_shown = type_of(content.name)
    response = sent(request, content, content_type)
    as_download = "download" in request.GET or not is_shown
    if header := content_disposition_header(as_download, content.name):
        response["Content-Disposition"] = header
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Content-Security-Policy"] = _PDF_POLICY if content_type == "application/pdf" else _POLICY
    return response


def type_of(name: str) -> tuple[str, bool]:
    """Return the media type to send, and whether it is shown rather than downloaded; no text is sent as HTML."""
    found = media_type(name)
    if found in _SHOWN or found.startswith(("audio/", "video/")):
        return found, True
    if found.startswith("text/") or found in _TEXTS:
        return "text/plain; charset=utf-8", True
    return found, False


@require_GET
def download(request: HttpRequest, public_id: str, number: int | None = None) -> HttpResponseBase:
    """Return chosen files and folders, or the whole version (the newest), as a zip made while it is sent."""
    what = asked(request, Action.READ_FILES, public_id, number)
    only, name = None, f"{what.study.name} {what.version}"
    if given := request.GET.get("ids", ""):
        ids = [pk for one in given.split(",") if (pk := whole_number(one)) is not None]
        if len(ids) != given.count(",") + 1:
            raise Invalid(gettext("This address is damaged. Go back and choose the files again."))
        nodes = files.get_nodes(tree=what.tree, node_ids=ids)
        only = [node.pk for node in nodes]
        name = nodes[0].name if len(nodes) == 1 else name
    return zipped(what.tree, name, only)


def zipped(tree: Tree, name: str, only: list[int] | None = None) -> HttpResponseBase:
    """Respond with the chosen nodes of a tree, or all of it, as a zip."""
    response = StreamingHttpResponse(zip_stream(tree=tree, only=only), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.zip") or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response
