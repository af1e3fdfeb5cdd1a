"""The API as a whole: every address, and how Django finds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from ninja import NinjaAPI
from ninja.operation import Operation

from minno_dashboard.accounts.audit import made_through
from minno_dashboard.api import problems
from minno_dashboard.api.views.data import data
from minno_dashboard.api.views.files import tree_and_files
from minno_dashboard.api.views.launching import launching
from minno_dashboard.api.views.members import members
from minno_dashboard.api.views.routing import SCHEME
from minno_dashboard.api.views.studies import studies
from minno_dashboard.api.views.token_info import own
from minno_dashboard.api.views.versions import versions

PREFIX = "api/v1/"
View = Callable[..., HttpResponseBase]


class Api(NinjaAPI):
    """Names each operation by its function."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return `read_study`."""
        return operation.view_func.__name__


api = Api(
    title="minno-dashboard",
    version="1",
    description="Studies, files, versions, members, experiments, participants' data and the state of the mirror, by personal tokens.",
    openapi_url=None,
    docs_url=None,
)
for _router in (studies, tree_and_files, versions, members, launching, data, own):
    api.add_router("", _router)
problems.handle(api)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    made = dict(api.get_openapi_schema(path_prefix=PREFIX))
    made.pop("servers", None)
    made["components"]["securitySchemes"] = {SCHEME: {"type": "http", "scheme": "bearer"}}
    return made


def addresses() -> list[URLPattern]:
    """Return Django's patterns of every address, each with a name of its own."""
    patterns, _, _ = api.urls
    views = {str(one.pattern): one.callback for one in patterns if isinstance(one, URLPattern)}
    return [
        path(f"{PREFIX}{pattern}", _open(view), name=f"api_{_name(pattern)}")
        for pattern, view in views.items()
        if pattern
    ]


def methods_of(address: str) -> list[str]:
    """Return the methods that an address of the OpenAPI document takes."""
    return sorted(method.upper() for method in document()["paths"].get(address, {}))


def _name(pattern: str) -> str:
    """Return `study_versions` for `studies/<str:study>/versions`."""
    parts = [part.rpartition(":")[2].strip("<>") for part in pattern.split("/")]
    return "_".join(parts).replace("-", "_")


def _open(view: View) -> View:
    """Let a view be reached without a session, and answer in the API's own way."""

    @wraps(view)
    def answered(request: HttpRequest, **named: Any) -> HttpResponseBase:
        mark = made_through.set("")
        try:
            response = view(request, **named)
        finally:
            made_through.reset(mark)
        if response.status_code == 405:
            allowed = response["Allow"]
            sentence = f"This address takes {allowed} and not {request.method}."
            return problems.problem(405, sentence, headers={"Allow": allowed})
        return response

    opened: View = login_not_required(csrf_exempt(never_cache(answered)))
    return opened


@login_not_required
@require_GET
def openapi(request: HttpRequest) -> JsonResponse:
    """Give the OpenAPI document."""
    return JsonResponse(document())


@login_not_required
@csrf_exempt
def nothing(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Answer an address that the API does not have."""
    return problems.problem(404, problems.NOTHING_HERE)
