"""The page Tags, and the page that puts tags on a study."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.core.errors import Refused
from minno_dashboard.studies import tags
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.models import Tag
from minno_dashboard.studies.queries import get_study


@dataclass(frozen=True)
class FilterLink:
    """A tag above the Studies list, and the address that switches its filter on or off."""

    tag: Tag
    address: str
    is_on: bool


def filter_links(request: HttpRequest) -> list[FilterLink]:
    """Return a link for each of the reader's tags that is on a study; the rest of the filter stays as it is."""
    wanted = request.GET.getlist("tag")
    links = []
    for tag in tags.tags_in_use(person(request)):
        key, asked = str(tag.pk), request.GET.copy()
        asked.pop("page", None)
        asked.setlist("tag", [one for one in wanted if one != key] + ([] if key in wanted else [key]))
        links.append(FilterLink(tag, f"?{asked.urlencode()}", key in wanted))
    return links


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """List one's tags and make a new one."""
    user, refused = person(request), None
    if request.method == "POST":
        try:
            tag = tags.create_tag(
                user=user, text=request.POST.get("text", ""), colour=request.POST.get("colour", tags.DEFAULT)
            )
        except Refused as error:
            refused = error
        else:
            messages.success(
                request,
                gettext("The tag “%(tag)s” was created. Add it to studies with ⋯ → Tags.") % {"tag": tag},
            )
            return redirect("tags")
    context = {
        "tags": tags.tags_of(user),
        "palette": tags.PALETTE,
        "text": request.POST.get("text", ""),
        "colour": request.POST.get("colour", tags.DEFAULT),
        "refused": refused,
    }
    return render(request, "studies/tags.html", context, status=refused.status if refused else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Give a tag another name or colour."""
    tag, refused = tags.get_tag(person(request), tag_id), None
    text, colour = tag.text, tag.colour
    if request.method == "POST":
        text, colour = request.POST.get("text", ""), request.POST.get("colour", "")
        try:
            tags.change_tag(tag=tag, text=text, colour=colour)
        except Refused as error:
            refused = error
        else:
            messages.success(request, gettext("The tag “%(tag)s” was saved.") % {"tag": tag})
            return redirect("tags")
    context = {"palette": tags.PALETTE, "text": text, "colour": colour, "refused": refused}
    return render(request, "studies/tag_change.html", context, status=refused.status if refused else 200)


@require_POST
def remove(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Remove a tag from all studies."""
    tag = tags.get_tag(person(request), tag_id)
    tags.remove_tag(tag=tag)
    messages.success(
        request, gettext("The tag “%(tag)s” was removed. The studies stay as they are.") % {"tag": tag}
    )
    return redirect("tags")


@never_cache
@require_http_methods(["GET", "POST"])
def tag_study(request: HttpRequest, public_id: str) -> HttpResponse:
    """Choose one's own tags of a study that one sees."""
    user, refused = person(request), None
    study = get_study(user, public_id, Action.SEE)
    chosen = {str(tag.pk) for tag in study.tags.filter(user=user)}
    if request.method == "POST":
        chosen = set(request.POST.getlist("tag"))
        try:
            tags.set_tags(user=user, study=study, tag_ids=chosen, new_text=request.POST.get("new", ""))
        except Refused as error:
            refused = error
        else:
            return redirect("studies")
    context = {
        "study": study,
        "tags": tags.tags_of(user),
        "chosen": chosen,
        "new": request.POST.get("new", ""),
        "refused": refused,
        "rights": standing(user, study).rights,
    }
    return render(request, "studies/tag_study.html", context, status=refused.status if refused else 200)
