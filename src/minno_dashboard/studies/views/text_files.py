"""JSON addresses of the editor: read, save, history, restore."""

from __future__ import annotations

from typing import Any, cast, get_args

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext

from minno_dashboard.core.errors import Invalid, TooLarge
from minno_dashboard.files import queries as files
from minno_dashboard.files import services
from minno_dashboard.files.models import Blob, Node
from minno_dashboard.files.text_format import Newline, encode_text
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.views.json_requests import MAX_TEXT_JSON_BYTES, JsonRequest, api, done

_NEWLINES = get_args(Newline)


def encoded(what: JsonRequest) -> bytes:
    """Return the bytes of the JSON's `text` under the conventions `bom` and `newline`."""
    newline = what.text("newline")
    if newline not in _NEWLINES:
        raise Invalid(gettext("This kind of line ending is not known."))
    try:
        content = encode_text(
            what.text("text"), bom=what.body.get("bom") is True, newline=cast("Newline", newline)
        )
    except UnicodeEncodeError as error:
        raise Invalid(
            gettext(
                "Character %(value)s of this text is half of a character, which no file can hold. Remove it."
            )
            % {"value": error.start + 1}
        ) from error
    if len(content) > files.MAX_EDITOR_BYTES:
        raise TooLarge(
            gettext("The editor saves texts up to %(value)s MB. Upload this as a file instead.")
            % {"value": files.MAX_EDITOR_BYTES // 1024**2}
        )
    return content


def content_json(blob: Blob) -> dict[str, Any]:
    """Return a blob for the editor; `text` is None where there is no text to show, and `why` says why."""
    common = {"blob": blob.sha256, "size": blob.size}
    try:
        read = files.read_text(blob)
    except TooLarge as error:
        return {**common, "text": None, "why": str(error), "is_utf8": False, "bom": False, "newline": "mixed"}
    return {
        **common,
        "text": None if "\0" in read.text else read.text,
        "is_utf8": read.is_utf8,
        "bom": read.bom,
        "newline": read.newline,
    }


@api("GET", Action.READ_FILES)
def read(request: HttpRequest, what: JsonRequest, node_id: int) -> HttpResponseBase:
    """Return a file for the editor."""
    node = files.get_node(tree=what.tree, node_id=node_id)
    return JsonResponse({"file": content_json(files.blob_of(node))})


@api("GET", Action.READ_HISTORY)
def read_base(request: HttpRequest, what: JsonRequest, node_id: int, sha256: str) -> HttpResponseBase:
    """Return the text that an edit started from, to merge it with what was saved meanwhile."""
    node = files.get_node(tree=what.tree, node_id=node_id)
    return JsonResponse({"file": content_json(files.blob_in_history(node=node, sha256=sha256))})


@api("POST", Action.EDIT_FILES, MAX_TEXT_JSON_BYTES)
def save(request: HttpRequest, what: JsonRequest, node_id: int) -> HttpResponseBase:
    """Save a text that started from `blob`; a conflict answers 409 with the present text."""
    # Deleted nodes are found too: saving one is a conflict, not a mistake.
    node = Node.objects.filter(pk=node_id, tree=what.tree, is_folder=False).select_related("blob").first()
    if node is None:
        node = files.get_node(tree=what.tree, node_id=node_id)
    _refuse_other_bytes(node, what.text("blob"))
    try:
        saved = services.save_file(
            node=node, by=what.user, source=encoded(what), expected_blob=what.text("blob")
        )
    except services.WriteConflict as conflict:
        theirs = content_json(conflict.theirs) if conflict.theirs else None
        return JsonResponse({"error": str(conflict), "theirs": theirs}, status=409)
    return done(what, file={"blob": files.blob_of(saved).sha256})


def _refuse_other_bytes(node: Node, sha256: str) -> None:
    """Refuse to overwrite bytes that the editor could only show with replacement characters."""
    # Only these can be written over: a text that started from others is a conflict.
    if node.blob and node.blob.sha256 == sha256 and not files.read_text(node.blob).is_utf8:
        raise Invalid(
            gettext("The bytes of this file are not UTF-8 text, so the editor does not overwrite them.")
        )


@api("GET", Action.READ_HISTORY)
def history(request: HttpRequest, what: JsonRequest, node_id: int) -> HttpResponseBase:
    """List the states of a file, the newest first."""
    node = files.get_node(tree=what.tree, node_id=node_id)
    rows = [
        {
            "id": version.pk,
            "at": version.at.isoformat(),
            "by": str(version.by) if version.by else "",
            "how": version.how,
            "size": version.blob.size,
            "is_current": index == 0 and version.blob_id == node.blob_id,
        }
        for index, version in enumerate(files.history(node)[:500])
    ]
    return JsonResponse({"versions": rows})


@api("GET", Action.READ_HISTORY)
def read_version(request: HttpRequest, what: JsonRequest, node_id: int, version_id: int) -> HttpResponseBase:
    """Return an earlier state of a file for the comparison."""
    node = files.get_node(tree=what.tree, node_id=node_id)
    return JsonResponse({"file": content_json(files.version_of(node=node, version_id=version_id).blob)})


@api("POST", Action.EDIT_FILES)
def restore(request: HttpRequest, what: JsonRequest, node_id: int, version_id: int) -> HttpResponseBase:
    """Make an earlier state of a file its present content, if nobody changed the file meanwhile."""
    node = files.get_node(tree=what.tree, node_id=node_id)
    version = files.version_of(node=node, version_id=version_id)
    restored = services.restore_version(version=version, by=what.user, expected_blob=what.text("blob"))
    return done(what, node=restored.pk)
