"""The personal links of an experiment: created, listed, exported, revoked."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.collection import personal_links
from minno_dashboard.collection.personal_links import Recipient
from minno_dashboard.core.errors import Refused
from minno_dashboard.runtime.experiment_forms import LinksForm
from minno_dashboard.runtime.experiment_views import asked
from minno_dashboard.runtime.launching import launch_address, links_csv
from minno_dashboard.studies.queries import newest_version

LINKS_ON_A_PAGE = 100


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, public_id: str, experiment_id: str) -> HttpResponse:
    """List the personal links of an experiment; create more."""
    user = person(request)
    study, experiment = asked(request, public_id, experiment_id)
    form = LinksForm(request.POST, request.FILES) if request.method == "POST" else LinksForm()
    if form.is_valid():
        try:
            made = personal_links.make_links(
                experiment=experiment,
                recipients=_recipients(form),
                is_resumable=form.cleaned_data["is_resumable"],
                by=user,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, gettext("Links created: %(count)s.") % {"count": len(made)})
            return redirect("personal_links", public_id, experiment_id)
    page = Paginator(personal_links.links_of(experiment), LINKS_ON_A_PAGE).get_page(request.GET.get("page"))
    version = newest_version(study)
    context = {
        "study": study,
        "experiment": experiment,
        "form": form,
        "page": page,
        "links": [
            (one, launch_address(experiment, version, link=one), count)
            for one, count in personal_links.counted_links(experiment, page)
        ],
    }
    return render(request, "runtime/links.html", context, status=422 if form.errors else 200)


@never_cache
@require_GET
def export(request: HttpRequest, public_id: str, experiment_id: str) -> HttpResponse:
    """Return the links with their labels as CSV; with a BOM, so that Excel shows every script."""
    study, experiment = asked(request, public_id, experiment_id)
    text = links_csv(experiment, newest_version(study))
    answer = HttpResponse(text.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="personal-links.csv"'
    return answer


@require_POST
def revoke(request: HttpRequest, public_id: str, experiment_id: str, link_id: int) -> HttpResponse:
    """Revoke a personal link: it starts or resumes nothing."""
    _, experiment = asked(request, public_id, experiment_id)
    personal_links.revoke_link(experiment=experiment, link_id=link_id, by=person(request))
    messages.success(request, gettext("Link revoked."))
    return redirect("personal_links", public_id, experiment_id)


def _recipients(form: LinksForm) -> list[Recipient]:
    given = form.cleaned_data["csv"]
    if not given:
        return personal_links.numbered(form.cleaned_data["count"])
    return personal_links.read_csv(given.read())
