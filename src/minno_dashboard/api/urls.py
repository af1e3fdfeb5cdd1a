"""The addresses of the API, of its reference and of tokens."""

from __future__ import annotations

from django.urls import URLPattern, path

from minno_dashboard.api import endpoints
from minno_dashboard.api.views import reference, tokens

urlpatterns: list[URLPattern] = [
    path("settings/tokens/new/", tokens.make, name="make_token"),
    path("settings/tokens/<int:token_id>/revoke/", tokens.revoke, name="revoke_token"),
    path("api/", reference.show, name="api_reference"),
    path("api/v1/openapi.json", endpoints.openapi, name="api_document"),
    *endpoints.addresses(),
    path("api/v1/<path:rest>", endpoints.nothing, name="api_nothing"),
]
