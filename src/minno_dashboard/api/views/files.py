"""The files of a version: listed, read, written, and moved about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from ninja import Header, Query
from ninja.responses import Status

from minno_dashboard.api.access import RequestedVersion, asked
from minno_dashboard.api.schemas import (
    FileOut,
    FolderIn,
    PathsIn,
    RenameIn,
    TreeOut,
    node_out,
)
from minno_dashboard.api.scopes import READ, WRITE
from minno_dashboard.api.timestamps import Moment
from minno_dashboard.api.views.routing import Number, Study, address, router
from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.core.system_files import is_litter
from minno_dashboard.files import queries as files
from minno_dashboard.files import services, store
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.files.services.writing import Expected
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.views.raw import zipped

tree_and_files = router("Files")
VERSION = "/studies/{str:study}/versions/{int:number}"
BINARY = {"schema": {"type": "string", "format": "binary"}}
IfMatch = Annotated[str, Header(alias="If-Match", max_length=200)]
IfNoneMatch = Annotated[str, Header(alias="If-None-Match", max_length=200)]


def _bytes_of(media_type: str, *headers: str) -> dict[str, Any]:
    """Return how the reference describes an answer that is not JSON."""
    shown = {name: {"schema": {"type": "string"}} for name in headers}
    return {"responses": {200: {"content": {media_type: BINARY}, "headers": shown}}}


@tree_and_files.get(f"{VERSION}/tree", summary="List files", **address(READ, {200: TreeOut}))
def list_tree(request: HttpRequest, study: Study, number: Number) -> HttpResponseBase:
    """Every folder and file of a version, each folder before what it holds."""
    tree = asked(request, Action.READ_FILES, study, number).version.tree
    # Written out as they come, of the shape `FileOut`: checking thousands of our own rows takes longer than reading them.
    items = [
        {
            "path": f"{above}{name}",
            "is_folder": sha256 is None,
            "size": size or 0,
            "sha256": sha256,
            "changed_at": changed_at,
        }
        for above, (_, _, _, sha256, name, size, changed_at) in files.ordered(
            tree, "name", "blob__size", Moment("changed_at")
        )
    ]
    return JsonResponse({"revision": tree.revision, "is_frozen": tree.is_frozen, "items": items})


@tree_and_files.get(
    f"{VERSION}/files/{{path:path}}",
    summary="Read a file",
    **address(READ, {200: None, 304: None}, extra=_bytes_of("application/octet-stream", "ETag")),
)
def read_file(
    request: HttpRequest, study: Study, number: Number, path: str, if_none_match: IfNoneMatch = ""
) -> HttpResponseBase:
    """The bytes of a file. Its ETag is the SHA-256 of them; with that in If-None-Match, the answer is 304."""
    what = asked(request, Action.READ_FILES, study, number)
    blob = files.blob_of(_node(what.version.tree, path))
    tag = f'"{blob.sha256}"'
    if blob.sha256 in _tags(if_none_match):
        return HttpResponse(status=304, headers={"ETag": tag})
    response = StreamingHttpResponse(
        store.read_proven(blob, 0, blob.size), content_type="application/octet-stream"
    )
    response["Content-Length"] = str(blob.size)
    response["Content-Disposition"] = "attachment"
    response["ETag"] = tag
    return response


@tree_and_files.put(
    f"{VERSION}/files/{{path:path}}",
    summary="Write a file",
    **address(
        WRITE,
        {200: FileOut, 201: FileOut, 204: None},
        409,
        413,
        extra={"requestBody": {"required": True, "content": {"application/octet-stream": BINARY}}},
    ),
)
def write_file(
    request: HttpRequest, study: Study, number: Number, path: str, if_match: IfMatch = ""
) -> Status[FileOut] | Status[None]:
    """The body is the bytes; missing folders are made. If-Match names the SHA-256 that the change started from: where the file is another one now, the answer is 409, nothing is overwritten, and `current` is the SHA-256 of what is there. Without If-Match the file must be new; `*` replaces whatever is there. Files that systems leave in folders by themselves (`.DS_Store`, `Thumbs.db`, `~$x.docx`) are left out: the answer is 204, and nothing is written."""
    what = asked(request, Action.EDIT_FILES, study, number)
    _refuse_frozen(what.version.tree)
    if is_litter(path.split("/")):
        return Status(204, None)
    announced = whole_number(request.headers.get("Content-Length", "")) or 0
    services.check_announced(
        tree=what.version.tree,
        parent=None,
        path=path,
        size=announced,
        if_there=services.IfThere.OVERWRITE,
    )
    was_there = files.node_at(tree=what.version.tree, path=path) is not None
    node = services.write_file(
        tree=what.version.tree,
        by=what.user,
        path=path,
        source=_body(request),
        expected_blob=_expected(if_match),
    )
    return Status(200 if was_there else 201, node_out(node, files.path_of(node)))


@tree_and_files.delete(
    f"{VERSION}/files/{{path:path}}", summary="Delete a file or folder", **address(WRITE, {204: None})
)
def delete_file(request: HttpRequest, study: Study, number: Number, path: str) -> Status[None]:
    """With everything in it; the page of the study can bring it back."""
    what = asked(request, Action.EDIT_FILES, study, number)
    services.delete(nodes=[_node(what.version.tree, path)], by=what.user)
    return Status(204, None)


@tree_and_files.post(f"{VERSION}/folders", summary="Make a folder", **address(WRITE, {201: FileOut}))
def make_folder(request: HttpRequest, study: Study, number: Number, body: FolderIn) -> Status[FileOut]:
    """Missing folders above it are made, too."""
    what = asked(request, Action.EDIT_FILES, study, number)
    *above, name = names.check_path(body.path.split("/"))
    parent: Node | None = None
    with transaction.atomic():
        for part in above:
            parent = _folder_in(what, parent, part)
        node = services.make_folder(tree=what.version.tree, parent=parent, name=name, by=what.user)
    return Status(201, node_out(node, files.path_of(node)))


@tree_and_files.post(f"{VERSION}/rename", summary="Rename a file or folder", **address(WRITE, {200: FileOut}))
def rename_file(request: HttpRequest, study: Study, number: Number, body: RenameIn) -> FileOut:
    """It stays where it is, with its history."""
    what = asked(request, Action.EDIT_FILES, study, number)
    node = services.rename(node=_node(what.version.tree, body.path), name=body.name, by=what.user)
    return node_out(node, files.path_of(node))


@tree_and_files.post(f"{VERSION}/move", summary="Move files and folders", **address(WRITE, {204: None}))
def move_files(request: HttpRequest, study: Study, number: Number, body: PathsIn) -> Status[None]:
    """All of them or none; each keeps its name and its history."""
    what = asked(request, Action.EDIT_FILES, study, number)
    tree = what.version.tree
    services.move(nodes=_nodes(tree, body.paths), to=_folder(tree, body.to), by=what.user)
    return Status(204, None)


@tree_and_files.post(
    f"{VERSION}/copy", summary="Copy files and folders", **address(WRITE, {201: list[FileOut]})
)
def copy_files(request: HttpRequest, study: Study, number: Number, body: PathsIn) -> Status[list[FileOut]]:
    """All of them or none, into another folder of the version."""
    what = asked(request, Action.EDIT_FILES, study, number)
    tree = what.version.tree
    made = services.copy(
        nodes=_nodes(tree, body.paths), to_tree=tree, to=_folder(tree, body.to), by=what.user
    )
    return Status(201, [node_out(node, files.path_of(node)) for node in made])


@tree_and_files.get(
    f"{VERSION}/zip",
    summary="Download files as a zip",
    **address(READ, {200: None}, extra=_bytes_of("application/zip")),
)
def download_zip(
    request: HttpRequest,
    study: Study,
    number: Number,
    path: Annotated[str, Query(max_length=4000, pattern=r"^[^\x00]*$")] = "",
) -> HttpResponseBase:
    """The whole version, or the file or folder at `path`."""
    what = asked(request, Action.READ_FILES, study, number)
    tree = what.version.tree
    if not path:
        return zipped(tree, f"{what.study.name} {what.version}")
    node = _node(tree, path)
    return zipped(tree, node.name, [node.pk])


def _node(tree: Tree, path: str) -> Node:
    node = files.node_at(tree=tree, path=path)
    if node is None:
        raise NotFound(f"There is no {names.quoted(path)} in this version.")
    return node


def _nodes(tree: Tree, paths: list[str]) -> list[Node]:
    found = {node.pk: node for node in (_node(tree, path) for path in paths)}
    return list(found.values())


def _folder(tree: Tree, path: str) -> Node | None:
    return _node(tree, path) if path.strip("/") else None


def _folder_in(what: RequestedVersion, parent: Node | None, name: str) -> Node:
    """Return a folder's folder of this name, made where it is missing."""
    tree = what.version.tree
    there = Node.objects.filter(tree=tree, parent=parent, name_key=names.fold(name), deleted_at=None).first()
    if there is None:
        return services.make_folder(tree=tree, parent=parent, name=name, by=what.user)
    if not there.is_folder:
        raise Invalid(f"{names.quoted(there.name)} is a file; only a folder can hold others.")
    return there


def _refuse_frozen(tree: Tree) -> None:
    """Say no before the bytes are read."""
    if tree.is_frozen:
        raise services.Frozen


def _tags(header: str) -> list[str]:
    """Return the hashes of an If-Match or If-None-Match header."""
    return [one.strip().removeprefix("W/").strip('"') for one in header.split(",")]


def _expected(if_match: str) -> Expected:
    if not if_match.strip():
        return None
    tags = _tags(if_match)
    if tags == ["*"]:
        return services.ANYTHING
    if len(tags) != 1:
        raise Invalid("If-Match names one SHA-256: that of the bytes the change started from.")
    return tags[0]


def _body(request: HttpRequest) -> Iterator[bytes]:
    """Yield the body in pieces; one that breaks off is refused rather than stored."""
    announced = request.headers.get("Content-Length", "")
    received = 0
    for piece in store.pieces(request):
        received += len(piece)
        yield piece
    if announced.isdecimal() and received != int(announced):
        raise Invalid("The body of this request broke off before its announced end. Nothing was changed.")
