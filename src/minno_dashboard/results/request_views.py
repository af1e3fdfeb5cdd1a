"""Study → Data → Downloads: requesting and downloading."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.core.errors import NotFound, Refused
from minno_dashboard.results import data_requests
from minno_dashboard.results.exporting import Format
from minno_dashboard.results.forms import FORMAT_NAMES, DataRequestForm
from minno_dashboard.results.models import DataRequest
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.queries import get_study

REQUESTS_SHOWN = 30


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """List the downloads of a study, and accept a request for another."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_DATA)
    form = DataRequestForm(request.POST or None, study=study)
    if request.method == "POST" and form.is_valid():
        data_requests.request_data(
            study=study,
            file_format=form.cleaned_data["file_format"],
            split_by=form.cleaned_data["split_by"],
            criteria=form.criteria(),
            by=user,
        )
        messages.success(request, gettext("The download is being made. This page shows its progress."))
        return redirect("data_requests", public_id)
    made = DataRequest.objects.filter(study=study).select_related("by").order_by("-created_at", "-pk")
    requests = list(made[:REQUESTS_SHOWN])
    context = {
        "study": study,
        "rights": standing(user, study).rights,
        "form": form,
        "requests": [(one, FORMAT_NAMES[Format(one.file_format)], gettext(one.error)) for one in requests],
        "is_any_open": any(one.is_open for one in requests),
    }
    return render(request, "results/downloads.html", context, status=422 if form.errors else 200)


@never_cache
@require_GET
def download(request: HttpRequest, public_id: str, request_id: int) -> HttpResponseBase:
    """Return the file."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_DATA)
    found = data_requests.get_request(study, request_id)
    gone = gettext("This download is not ready, or its 7 days have passed. Run it again to get it.")
    if found.state != DataRequest.State.DONE:
        raise NotFound(gone)
    try:
        file = data_requests.file_of(found).open("rb")
    except FileNotFoundError as error:
        raise NotFound(gone) from error
    record(
        actor=user,
        action=AuditAction.STUDY_DOWNLOAD_DATA,
        target=study.name,
        study=study.public_id,
        request=found.pk,
    )
    return FileResponse(
        file,
        as_attachment=True,
        filename=data_requests.download_name(found),
        content_type="application/zip",
    )


@require_POST
def again(request: HttpRequest, public_id: str, request_id: int) -> HttpResponse:
    """Request the same download again."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_DATA)
    data_requests.request_again(request=data_requests.get_request(study, request_id), by=user)
    return redirect("data_requests", public_id)


@require_POST
def cancel(request: HttpRequest, public_id: str, request_id: int) -> HttpResponse:
    """Cancel a download, or delete it."""
    study = get_study(person(request), public_id, Action.READ_DATA)
    try:
        data_requests.cancel_request(request=data_requests.get_request(study, request_id))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("data_requests", public_id)
