"""JSON addresses beside the tree and the editor: text search, presence, copies to another study."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import admin_acting
from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.files import finding, services
from minno_dashboard.files import queries as files
from minno_dashboard.studies import presence
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.models import Version
from minno_dashboard.studies.queries import get_study, newest_version, studies_of
from minno_dashboard.studies.views.json_requests import JsonRequest, api

MAX_SUCCESSORS = 500
"""How many files of earlier versions one question may name."""


@api("GET", Action.READ_FILES)
def find(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Find text in the files of the version."""
    found = finding.find(what.tree, request.GET.get("q", ""))
    return JsonResponse(
        {
            "hits": [asdict(hit) for hit in found.hits],
            "is_complete": found.is_complete,
            "damaged": found.damaged,
        }
    )


@api("POST", Action.READ_FILES)
def here(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Store which files this person has open, and return who else has which.

    Those who may not see the members take no part; an admin who acts as somebody leaves no trace of that person.
    """
    given = what.numbers("open")
    if not standing(what.user, what.study).may(Action.SEE_MEMBERS):
        return JsonResponse({"others": {}})
    if admin_acting.get() is None:
        presence.beat(user=what.user, tree=what.tree, open_ids=given)
    return JsonResponse({"others": presence.others(user=what.user, tree=what.tree)})


@api("GET", Action.READ_FILES)
def successors(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Return which files of this version are copies of the given files of earlier versions: `?ids=12,15`."""
    given = [whole_number(one) for one in request.GET.get("ids", "").split(",")[:MAX_SUCCESSORS]]
    trees = list(what.study.versions.values_list("tree_id", flat=True))
    found = files.successors(tree=what.tree, trees=trees, node_ids=[one for one in given if one is not None])
    return JsonResponse({"successors": found})


@api("GET", Action.READ_FILES)
def copy_targets(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """List the other studies that this person can put files into, or the folders of one of them."""
    if "study" in request.GET:
        target = get_study(what.user, request.GET["study"], Action.EDIT_FILES)
        folders = [
            {"id": entry.id, "parent": entry.parent_id, "name": entry.name, "folder": True}
            for entry in files.listing(newest_version(target).tree)
            if entry.is_folder
        ]
        return JsonResponse({"folders": folders})
    rows = [
        {"study": row.study.public_id, "name": row.study.name}
        for row in studies_of(what.user)
        if row.standing.may(Action.EDIT_FILES)
        and row.version.state == Version.State.DEVELOP
        and row.study.pk != what.study.pk
    ]
    return JsonResponse({"studies": sorted(rows, key=lambda row: str(row["name"]).casefold())})


@api("POST", Action.READ_FILES)
def copy_to_study(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Copy files and folders into the folder `to` of another study's newest version; a taken name gets a number."""
    if not what.text("study"):
        raise Invalid(gettext("Choose the study to copy to."))
    target = get_study(what.user, what.text("study"), Action.EDIT_FILES)
    tree, folder_id = newest_version(target).tree, what.number("to")
    folder = None if folder_id is None else files.get_node(tree=tree, node_id=folder_id)
    copies = services.copy(nodes=what.nodes(), to_tree=tree, to=folder, by=what.user, keep_both=True)
    return JsonResponse({"name": target.name, "copied": [node.name for node in copies]})
