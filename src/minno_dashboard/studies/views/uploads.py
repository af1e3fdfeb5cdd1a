"""JSON addresses of uploads: small files in one request, large ones in pieces that can be resumed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.core.system_files import is_litter
from minno_dashboard.files import queries as files
from minno_dashboard.files import services, store
from minno_dashboard.files.models import Node, Tree, Upload
from minno_dashboard.studies import unpacking
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.views.json_requests import MAX_TEXT_JSON_BYTES, JsonRequest, api, done

MAX_PATHS = 50_000


def _policy(given: str) -> services.IfThere:
    try:
        return services.IfThere(given)
    except ValueError as error:
        raise Invalid(
            gettext(
                "Choose what to do with names that already exist: overwrite, keep both, skip, or "
                "only where it is new."
            )
        ) from error


def _whole_number(request: HttpRequest, name: str) -> int | None:
    given = request.GET.get(name, "")
    if not given:
        return None
    if (found := whole_number(given)) is None:
        raise Invalid(
            gettext("The page sent something the Dashboard cannot read. Reload the page and try again.")
        )
    return found


@api("POST", Action.EDIT_FILES, MAX_TEXT_JSON_BYTES)
def check(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Return which of the paths to upload are taken, by which blob, and which are one name for Dropbox.

    `litter` are those that systems leave by themselves: they are not to be uploaded, and count for nothing else.
    """
    folder = what.folder()
    paths = what.texts("paths")
    if len(paths) > MAX_PATHS:
        raise Invalid(
            gettext("More than %(most_paths)s files at once are too many. Upload them in smaller parts.")
            % {"most_paths": f"{MAX_PATHS:,}"}
        )
    litter = [path for path in paths if is_litter(path.split("/"))]
    left_out = set(litter)
    wanted = [path for path in paths if path not in left_out]
    return JsonResponse(
        {"taken": _taken(what.tree, folder, wanted), "twins": _twins(wanted), "litter": litter}
    )


def _taken(tree: Tree, folder: Node | None, paths: list[str]) -> list[dict[str, str]]:
    above = f"{files.path_of(folder)}/" if folder else ""
    living = {names.fold(entry.path): entry for entry in files.listing(tree)}
    found = [(path, living.get(names.fold(above + path))) for path in paths]
    return [
        {"path": path, "there": entry.path, "blob": entry.sha256}
        for path, entry in found
        if entry is not None
    ]


def _twins(paths: list[str]) -> list[list[str]]:
    """Return the groups of paths that are one name for Dropbox: other letter case, or another Unicode form."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(names.fold(path), []).append(path)
    return [group for group in groups.values() if len(group) > 1]


def _announced(request: HttpRequest) -> int:
    """Return the announced length of the body in bytes; the server reads no more."""
    return whole_number(request.headers.get("Content-Length", "")) or 0


@api("POST", Action.EDIT_FILES)
def whole(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Store a small file in one request: its bytes are the body."""
    policy = _policy(request.GET.get("if_there", ""))
    folder_id = _whole_number(request, "parent")
    folder = None if folder_id is None else files.get_node(tree=what.tree, node_id=folder_id)
    path = request.GET.get("path", "")
    services.check_announced(  # before anything is stored
        tree=what.tree, parent=folder, path=path, size=_announced(request), if_there=policy
    )
    node = services.put_upload(
        tree=what.tree,
        by=what.user,
        blob=store.put(request.body),
        parent=folder,
        path=path,
        if_there=policy,
        replaces=_replaces(request.GET.get("replaces")),
    )
    return JsonResponse({"node": node.pk if node else None})


def _replaces(given: str | None) -> services.Expected:
    """Return which blob an upload may replace; a program that names none may replace any."""
    return given or services.ANYTHING


@api("POST", Action.EDIT_FILES)
def begin(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Announce a large file."""
    upload = services.begin_upload(
        tree=what.tree,
        by=what.user,
        parent=what.folder(),
        path=what.text("path"),
        size=what.number("size") or 0,
    )
    return JsonResponse({"upload": upload.public_id, "offset": 0})


def _own_upload(what: JsonRequest, upload_id: str) -> Upload:
    """Return an upload that this person began."""
    upload = files.get_upload(tree=what.tree, public_id=upload_id)
    if upload.by_id != what.user.pk:
        raise Invalid(gettext("Someone else started this upload."))
    return upload


@api("PUT DELETE", Action.EDIT_FILES)
def piece(request: HttpRequest, what: JsonRequest, upload_id: str) -> HttpResponseBase:
    """Append the next piece, or abandon the upload."""
    if request.method == "DELETE":
        services.abandon_upload(upload=_own_upload(what, upload_id))
        return JsonResponse({"upload": None})
    return _append(request, what, upload_id)


def _append(request: HttpRequest, what: JsonRequest, upload_id: str) -> HttpResponseBase:
    """Append a piece; a wrong offset answers 409 with the right one."""
    upload = _own_upload(what, upload_id)
    try:
        offset = services.append_upload(
            upload=upload, offset=_whole_number(request, "offset") or 0, piece=request.body
        )
    except services.UploadOffset as wrong:
        return JsonResponse({"error": str(wrong), "offset": wrong.offset}, status=409)
    return JsonResponse({"offset": offset})


@api("POST", Action.EDIT_FILES)
def finish(request: HttpRequest, what: JsonRequest, upload_id: str) -> HttpResponseBase:
    """Add the received bytes to the tree as a file."""
    upload = _own_upload(what, upload_id)
    try:
        node = services.finish_upload(
            upload=upload,
            by=what.user,
            if_there=_policy(what.text("if_there")),
            replaces=_replaces(what.text("replaces") if "replaces" in what.body else None),
        )
    except services.UploadOffset as wrong:
        return JsonResponse({"error": str(wrong), "offset": wrong.offset}, status=409)
    return JsonResponse({"node": node.pk if node else None})


@api("POST", Action.EDIT_FILES)
def contents(request: HttpRequest, what: JsonRequest, upload_id: str) -> HttpResponseBase:
    """Return what a received archive holds, with names in the chosen encoding or the likeliest."""
    found = unpacking.look_into(_own_upload(what, upload_id), what.text("zip_names"))
    return JsonResponse(
        {
            "files": found.files,
            "bytes": found.bytes,
            "paths": found.paths,
            "litter": found.litter,
            "problems": found.problems,
            "encoding": found.encoding,
            "encodings": [{"encoding": one.encoding, "label": one.label} for one in found.guesses],
        }
    )


@api("POST", Action.EDIT_FILES)
def unpack(request: HttpRequest, what: JsonRequest, upload_id: str) -> HttpResponseBase:
    """Unpack a received archive where it was uploaded to; returns the new folder, if one was needed."""
    folder = unpacking.unpack(
        upload=_own_upload(what, upload_id), by=what.user, zip_names=what.text("zip_names")
    )
    return done(what, folder=folder.pk if folder else None)
