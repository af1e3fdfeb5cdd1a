"""URLs of the site, app by app."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path

from minno_dashboard.config import monitoring


@login_not_required
def front_door(request: HttpRequest) -> HttpResponse:
    """Redirect the bare address to the studies, through the login page where needed."""
    return redirect("/studies/")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", front_door, name="front_door"),
    path("healthz", monitoring.healthz, name="healthz"),
    path("readyz", monitoring.readyz, name="readyz"),
    path("metrics", monitoring.metrics, name="metrics"),
    path("", include("minno_dashboard.ui.urls")),
    path("", include("minno_dashboard.accounts.urls")),
    path("", include("minno_dashboard.studies.urls")),
    path("", include("minno_dashboard.collection.urls")),
    path("", include("minno_dashboard.runtime.urls")),
    path("", include("minno_dashboard.results.urls")),
    path("", include("minno_dashboard.mirror.urls")),
    path("", include("minno_dashboard.administration.urls")),
    path("", include("minno_dashboard.api.urls")),
]

handler400 = "minno_dashboard.ui.errors.bad_request"
handler403 = "minno_dashboard.ui.errors.forbidden"
handler404 = "minno_dashboard.ui.errors.not_found"
handler500 = "minno_dashboard.ui.errors.server_error"
