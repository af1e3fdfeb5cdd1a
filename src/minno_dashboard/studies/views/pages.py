"""The Studies list and the study page, with their menus and dialogs about a study as a whole."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.audit import admin_acting
from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import Refused
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.studies import first_steps, services, starters, tags
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.experiment_files import launched_files
from minno_dashboard.studies.keys import KEYS
from minno_dashboard.studies.models import Study, Version
from minno_dashboard.studies.queries import (
    Order,
    Which,
    get_study,
    get_version,
    invitations_of,
    newest_version,
    page_of_studies,
)
from minno_dashboard.studies.unpacking import ARCHIVE_ENDINGS
from minno_dashboard.studies.views import study_type
from minno_dashboard.studies.views.json_requests import tree_json, where_to_go_on
from minno_dashboard.studies.views.tags import filter_links
from minno_dashboard.ui.first_steps import Audience

Choice = TypeVar("Choice", bound=StrEnum)

_CHIPS = [
    (Which.ALL, gettext_lazy("All")),
    (Which.MINE, gettext_lazy("Mine")),
    (Which.SHARED, gettext_lazy("Shared with me")),
    (Which.PUBLIC, gettext_lazy("Public")),
    (Which.ARCHIVED, gettext_lazy("Archived")),
    (Which.DELETED, gettext_lazy("Deleted")),
]
_ORDERS = [
    (Order.CHANGED, gettext_lazy("Last change")),
    (Order.NAME, gettext_lazy("Name")),
    (Order.CREATED, gettext_lazy("Newest")),
]


@never_cache
@require_GET
def show_list(request: HttpRequest) -> HttpResponse:
    """Show the studies that match the filter and the search."""
    return _list(request)


def _list(request: HttpRequest, *, refused: Refused | None = None) -> HttpResponse:
    user = person(request)
    which = _chosen(Which.ALL, request.GET.get("which", ""))
    order = _chosen(Order.CHANGED, request.GET.get("sort", ""))
    search = request.GET.get("q", "").strip()
    wanted, number = request.GET.getlist("tag"), whole_number(request.GET.get("page", ""))
    page = page_of_studies(user, which=which, search=search, tag_ids=wanted, order=order, number=number or 1)
    context = {
        "page": page,
        "rows": page.rows,
        "to_page": _leading_to(request, "page"),
        "to_order": _leading_to(request, "sort"),
        "orders": _ORDERS,
        "order": order,
        "tags_by_study": tags.by_study(user, [row.study for row in page.rows]),
        "all_tags": filter_links(request),
        "wanted_tags": wanted,
        "chips": _CHIPS,
        "which": which,
        "search": search,
        **study_type.choices(),
        **_first_steps(request, page.number),
        "invited": 0 if page.rows else invitations_of(user).count(),
        "refused": str(refused) if refused else "",
        "typed": request.POST if refused else {},
    }
    return render(request, "studies/list.html", context, status=refused.status if refused else 200)


def _first_steps(request: HttpRequest, page_number: int) -> dict[str, object]:
    """Return the first steps above the list of all that a person works with; none where it is filtered."""
    is_filtered = any(request.GET.get(key, "").strip() for key in ("which", "q", "tag"))
    lists = first_steps.lists(request) if page_number == 1 and not is_filtered else []
    return {
        "first_steps": lists,
        "begins_with_steps": any(audience == Audience.PERSON for audience, _ in lists),
    }


def _chosen(default: Choice, given: str) -> Choice:
    return next((one for one in type(default) if one == given), default)


def _leading_to(request: HttpRequest, key: str) -> str:
    """Return the query string without the page number, ready for another value of this key."""
    asked = request.GET.copy()
    for one in ("page", key):
        asked.pop(one, None)
    return "&".join(part for part in (asked.urlencode(), f"{key}=") if part)


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Create a study; a refused name opens the dialog again with what was typed."""
    user = person(request)
    try:
        study = services.create_study(
            owner=user,
            name=request.POST.get("name", ""),
            kind=request.POST.get("kind", Study.Kind.MINNOJS),
            description=request.POST.get("description", "").strip(),
        )
    except Refused as refused:
        return _list(request, refused=refused)
    return redirect("study", study.public_id)


@require_POST
def create_from_example(request: HttpRequest) -> HttpResponse:
    """Create a study with the files of the example."""
    return redirect(
        "study",
        starters.start_from_example(owner=person(request), slug=request.POST.get("example", "")).public_id,
    )


@never_cache
@require_GET
def show(request: HttpRequest, public_id: str, number: int | None = None) -> HttpResponse:
    """Show a version's files and the editor."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_FILES)
    version = get_version(study, number)
    rights = standing(user, study).rights
    context = {
        "study": study,
        "version": version,
        "versions": sorted(study.versions.all(), key=lambda one: -one.number),
        "is_newest": version.pk == newest_version(study).pk,
        "is_editable": Action.EDIT_FILES in rights and not version.tree.is_frozen,
        "rights": rights,
        "is_owner": study.owner_id == user.pk,
        "config": _config(study, version, user, rights),
        "key_groups": KEYS,
    }
    return render(request, "studies/study.html", context)


def _config(study: Study, version: Version, user: User, rights: frozenset[Action]) -> dict[str, object]:
    """Return the start values of the page's script."""
    why = (
        gettext("View only: %(version)s is published") % {"version": version}
        if version.tree.is_frozen
        else gettext("View only")
    )
    return {
        "user": user.pk,
        "study": study.public_id,
        "kind": study.kind,
        "type_url": reverse("study_type", args=[study.public_id]) if Action.MANAGE in rights else "",
        "version": version.number,
        "base": reverse("study_version", args=[study.public_id, version.number]),
        "raw": reverse("study_raw", args=[study.public_id, "-"]).removesuffix("-"),
        "login_url": reverse("login"),
        "present": Action.SEE_MEMBERS in rights and admin_acting.get() is None,
        "history": Action.READ_HISTORY in rights,
        "launches": Action.LAUNCH in rights and version.pk == newest_version(study).pk,
        "experiments": reverse("study_experiments", args=[study.public_id]),
        "launched": launched_files(version),
        "editable": Action.EDIT_FILES in rights and not version.tree.is_frozen,
        "why_read_only": why,
        "archive_endings": ARCHIVE_ENDINGS,
        "new_version_url": reverse("new_version", args=[study.public_id]),
        **where_to_go_on(study, user),
        "tree": tree_json(version.tree, None),
    }


@never_cache
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a study's name and description."""
    user = person(request)
    study = get_study(user, public_id, Action.MANAGE)
    if request.method == "GET":
        context = {"study": study, "name": study.name, "description": study.description}
        return render(request, "studies/rename.html", context)
    name, description = request.POST.get("name", ""), request.POST.get("description", "").strip()
    try:
        services.save_details(study=study, name=name, description=description, by=user)
    except Refused as refused:
        context = {"study": study, "name": name, "description": description, "refused": str(refused)}
        return render(request, "studies/rename.html", context, status=refused.status)
    return redirect("study", study.public_id)


@require_POST
def archive(request: HttpRequest, public_id: str) -> HttpResponse:
    """Archive a study."""
    said = gettext("“%(name)s” is archived. You find it under Archived.")
    _do(request, public_id, Action.MANAGE, services.archive_study, said)
    return redirect("studies")


@require_POST
def unarchive(request: HttpRequest, public_id: str) -> HttpResponse:
    """Unarchive a study."""
    said = gettext("“%(name)s” is among your studies again.")
    _do(request, public_id, Action.MANAGE, services.unarchive_study, said)
    return redirect("studies")


@require_POST
def delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Delete a study; it can be restored for 30 days."""
    said = gettext("“%(name)s” is deleted. You can bring it back for 30 days, under Deleted.")
    _do(request, public_id, Action.DELETE, services.delete_study, said)
    return redirect("studies")


@require_POST
def bring_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Restore a deleted study."""
    _do(request, public_id, Action.DELETE, services.bring_back_study, gettext("“%(name)s” is back."))
    return redirect("studies")


@require_POST
def duplicate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Create a study of one's own from another's newest version."""
    said = gettext("Duplicated as “%(name)s”.")
    copy = _do(request, public_id, Action.DUPLICATE, services.duplicate_study, said)
    return redirect("study", copy.public_id)


def _do(request: HttpRequest, public_id: str, action: Action, deed: Callable[..., Study], said: str) -> Study:
    """Change a study as a whole, if the person may; the next page shows the result."""
    user = person(request)
    study = deed(study=get_study(user, public_id, action), by=user)
    messages.success(request, said % {"name": study.name})
    return study
