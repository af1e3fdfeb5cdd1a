"""Requests of participants' pages besides sending data, answered to any origin and without cookies.

The data themselves (`/data`, `/data/<token>`) are taken by the gateway (`config.gateway.submissions`), never by Django.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts.access import login_not_required
from minno_dashboard.collection import services
from minno_dashboard.collection.completion import Completion, SessionOutcome
from minno_dashboard.collection.ingest.launch_token import BadToken, LaunchToken, decode
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, NotFound, Refused

_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "content-type",
    "Access-Control-Max-Age": "86400",
    "Access-Control-Expose-Headers": "retry-after",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store",
}

View = Callable[[HttpRequest, LaunchToken], HttpResponse]


def posted(view: View) -> Callable[..., HttpResponse]:
    """Decorate a view of `/data/<token>/…` for POST from any origin; refusals are JSON with a sentence and a reason."""

    @wraps(view)
    def answered(request: HttpRequest, token: str) -> HttpResponse:
        try:
            if request.method == "OPTIONS":
                response = HttpResponse(status=204)
            else:
                response = view(request, _token(token))
        except Refused as refused:
            response = _refusal(refused)
        for name, value in _HEADERS.items():
            response[name] = value
        return response

    return csrf_exempt(login_not_required(require_http_methods(["POST", "OPTIONS"])(answered)))


@posted
def start(request: HttpRequest, token: LaunchToken) -> HttpResponse:
    """Start the session, or return the state of the existing one."""
    if token.is_test:
        return JsonResponse({"stored": False, "sessionId": token.session_id, "condition": ""})
    session = services.start_session(token=token, user_agent=request.headers.get("User-Agent", ""))
    return JsonResponse(
        {
            "stored": True,
            "sessionId": session.pk,
            "condition": session.condition,
            "component": session.component,
        }
    )


@posted
def finish(request: HttpRequest, token: LaunchToken) -> HttpResponse:
    """Finish the session and return what the participant gets."""
    if token.is_test:
        return JsonResponse({"stored": False, "outcome": "completed", "redirect": "", "code": ""})
    given = _json(request)
    outcome = (
        SessionOutcome.SCREENED_OUT
        if given.get("outcome") == SessionOutcome.SCREENED_OUT
        else SessionOutcome.COMPLETED
    )
    completion = services.finish_session(
        token=token, outcome=outcome, data_pending=given.get("dataPending") is True
    )
    return JsonResponse({"stored": True, **told(completion)})


@posted
def state(request: HttpRequest, token: LaunchToken) -> HttpResponse:
    """Store the present page of a study with several pages, and the data its pages share."""
    given = _json(request)
    component, passed_on = given.get("component"), given.get("studyState", "")
    if type(component) is not int or not 0 <= component < 10_000 or not isinstance(passed_on, str):
        raise Invalid(gettext("This cannot be read as the state of a study."))
    if not token.is_test:
        services.save_state(token=token, component=component, study_state=passed_on)
    return JsonResponse({"stored": not token.is_test})


@posted
def error(request: HttpRequest, token: LaunchToken) -> HttpResponse:
    """Store an error of the browser."""
    given = _json(request)
    stored = services.record_client_error(
        token=token,
        kind=str(given.get("kind", "")),
        message=str(given.get("message", "")),
        file=str(given.get("file", "")),
        line=_line(given.get("line")),
        column=_line(given.get("column")),
    )
    return JsonResponse({"stored": stored})


def told(completion: Completion) -> dict[str, str]:
    """Return what a participant gets, as JSON for the page's script."""
    return {
        "outcome": completion.outcome.value,
        "redirect": completion.redirect,
        "code": completion.code,
    }


def _token(text: str) -> LaunchToken:
    try:
        return decode(text, services.token_key(), now=clock.now().timestamp())
    except BadToken as bad:
        if bad.reason == "expired":
            raise NotFound(gettext("This page is too old to send data.")) from bad
        raise NotFound(gettext("This address does not accept data.")) from bad


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        given = json.loads(request.body or b"{}")
    except ValueError as error:
        raise Invalid(gettext("This is not JSON.")) from error
    if not isinstance(given, dict):
        raise Invalid(gettext("This is not a JSON object."))
    return given


def _line(given: object) -> int | None:
    return given if type(given) is int and 0 <= given < 2**31 else None


def _refusal(refused: Refused) -> HttpResponse:
    body: dict[str, object] = {"stored": False, "sentence": str(refused), "reason": ""}
    if isinstance(refused, services.StartRefused):
        body["reason"] = refused.reason.value
        if refused.completion:
            body["completion"] = told(refused.completion)
    return JsonResponse(body, status=refused.status)
