"""JSON addresses of the tree: its content, and changes of whole files and folders."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.files import queries as files
from minno_dashboard.files import services
from minno_dashboard.files.models import Node
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.views.json_requests import MAX_TEXT_JSON_BYTES, JsonRequest, api, done, tree_json
from minno_dashboard.studies.views.text_files import encoded


@api("GET", Action.READ_FILES)
def tree(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Return what changed since the page's revision."""
    since = whole_number(request.GET.get("since", ""))
    return JsonResponse({"tree": tree_json(what.tree, since)})


@api("POST", Action.EDIT_FILES, MAX_TEXT_JSON_BYTES)
def new_file(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Create a file with a text; an existing one of that name is never overwritten."""
    node = services.write_file(
        tree=what.tree,
        by=what.user,
        source=encoded(what),
        expected_blob=None,
        parent=what.folder(),
        name=what.text("name"),
    )
    return done(what, node=node.pk)


@api("POST", Action.EDIT_FILES)
def new_folder(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Create a folder by `name`, or all missing folders of a `path`."""
    parent = what.folder()
    if "path" not in what.body:
        node = services.make_folder(tree=what.tree, parent=parent, name=what.text("name"), by=what.user)
        return done(what, node=node.pk)
    folder = parent
    for name in names.check_path(what.text("path").split("/")):
        folder = _folder_in(what, folder, name)
    return done(what, node=folder.pk if folder else None)


def _folder_in(what: JsonRequest, parent: Node | None, name: str) -> Node:
    there = Node.objects.filter(
        tree=what.tree, parent=parent, name_key=names.fold(name), deleted_at=None
    ).first()
    if there is None:
        return services.make_folder(tree=what.tree, parent=parent, name=name, by=what.user)
    if not there.is_folder:
        raise Invalid(
            gettext("%(name)s is a file; only a folder can contain others.")
            % {"name": names.quoted(there.name)}
        )
    return there


@api("POST", Action.EDIT_FILES)
def rename(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Rename a file or folder."""
    node = files.get_node(tree=what.tree, node_id=what.number("id") or 0)
    services.rename(node=node, name=what.text("name"), by=what.user)
    return done(what)


@api("POST", Action.EDIT_FILES)
def move(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Move files and folders into the folder `to`."""
    services.move(nodes=what.nodes(), to=what.folder("to"), by=what.user)
    return done(what)


@api("POST", Action.EDIT_FILES)
def copy(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Copy files and folders into the folder `to`."""
    copies = services.copy(nodes=what.nodes(), to_tree=what.tree, to=what.folder("to"), by=what.user)
    return done(what, nodes=[node.pk for node in copies])


@api("POST", Action.EDIT_FILES)
def duplicate(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Copy files and folders beside themselves."""
    copies = [services.duplicate(node=node, by=what.user) for node in what.nodes()]
    return done(what, nodes=[node.pk for node in copies])


@api("POST", Action.EDIT_FILES)
def delete(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Delete files and folders; those deleted already are skipped."""
    there = Node.objects.filter(pk__in=what.ids(), tree=what.tree, deleted_at=None)
    services.delete(nodes=list(there), by=what.user)
    return done(what)


@api("POST", Action.EDIT_FILES)
def bring_back(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Restore deleted files and folders."""
    back = []
    for node_id in what.ids():
        node = Node.objects.filter(pk=node_id, tree=what.tree).first()
        if node is not None and node.deleted_at is None:
            back.append(node)  # somebody else did it already
            continue
        root = node.deleted_with_id if node and node.deleted_with_id else node_id
        back.append(services.bring_back(node=files.get_deleted(tree=what.tree, node_id=root), by=what.user))
    return done(what, nodes=[node.pk for node in back])


@api("GET", Action.READ_HISTORY)
def deleted(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """List what can be restored, the latest first."""
    rows = [
        {
            "id": node.pk,
            "name": node.name,
            "folder": node.is_folder,
            "size": node.blob.size if node.blob else 0,
            "count": files.count_with(node) if node.is_folder else 1,
            "at": node.deleted_at.isoformat() if node.deleted_at else "",
            "by": str(node.changed_by) if node.changed_by else "",
        }
        for node in files.deleted(what.tree)[:200]
    ]
    return JsonResponse({"deleted": rows})
