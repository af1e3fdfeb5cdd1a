"""Processing of a request: faults, route, host, token, argument, limits, latency, handler, record."""

from __future__ import annotations

import json
from typing import Any

from dropbox import stone_serializers, stone_validators

from dropbox_simulator import endpoints_accounts, endpoints_batches, endpoints_files, endpoints_uploads
from dropbox_simulator.auth_header import basic_pair
from dropbox_simulator.calls import Call, Endpoint, arg_text, encoded, stone_route
from dropbox_simulator.control import Control
from dropbox_simulator.faults import Effect, FaultRule
from dropbox_simulator.registry import App, AppLink
from dropbox_simulator.state import State
from dropbox_simulator.traffic import WRITING, LockRefused, RateRefused
from dropbox_simulator.web import answer_web
from dropbox_simulator.wire import (
    AuthRefused,
    BadInput,
    Refusal,
    Request,
    Response,
    RouteRefused,
    Throttled,
    json_response,
    text_response,
)

ENDPOINTS: dict[str, Endpoint] = {
    **endpoints_files.ENDPOINTS,
    **endpoints_uploads.ENDPOINTS,
    **endpoints_batches.ENDPOINTS,
    **endpoints_accounts.ENDPOINTS,
}
"""Every route this Dropbox knows, by its name in addresses."""

RPC_TYPES = ("application/json", "application/json; charset=utf-8", "text/plain; charset=dropbox-cors-hack")
UPLOAD_TYPES = ("application/octet-stream", "text/plain; charset=dropbox-cors-hack")


def dispatch(simulator: State, request: Request) -> Response:
    """Answer one request and record it."""
    route = request.path[3:] if request.path.startswith("/2/") else request.path.strip("/")
    clock = simulator.clock
    record = simulator.recorder.begin(route, clock.now(), request.size(), request.header_size)
    link = _caller(simulator, request)
    record.account = link.name if link is not None else None
    rule = simulator.faults.strike(route, link.account.email if link is not None else None)
    call = Call(simulator, _NO_ENDPOINT, request, record, rule.effect if rule else Effect(), link=link)
    if rule is not None:
        record.fault = rule.name or "fault"
    response = _with_faults(call, route, rule)
    response.headers.setdefault("X-Dropbox-Request-Id", simulator.serials.request_id())
    record.status = response.status
    record.ending = response.ending
    record.ended = clock.now()
    _note_error(call, response)
    return response


_NO_ENDPOINT = Endpoint(lambda call: None, None, "none")


def _note_error(call: Call, response: Response) -> None:
    if response.status == 200:
        return
    retry_after = response.headers.get("Retry-After")
    call.record.retry_after = float(retry_after) if retry_after else None
    try:
        body = json.loads(response.body or b"null")
    except ValueError:
        body = None
    if isinstance(body, dict) and "error_summary" in body:
        call.record.error = str(body["error_summary"])
        seconds = body["error"].get("retry_after") if isinstance(body.get("error"), dict) else None
        call.record.retry_after = max(call.record.retry_after or 0, seconds or 0) or None
    else:
        call.record.error = response.body[:200].decode("utf-8", "replace")


def _with_faults(call: Call, route: str, rule: FaultRule | None) -> Response:
    clock, effect = call.simulator.clock, call.effect
    if effect.action is not None and call.link is not None:
        Control(call.simulator).act(effect.action, call.link)
    if effect.delay:
        clock.sleep_until(clock.now() + effect.delay)
    if rule is not None and effect.answers and effect.when == "before":
        return _replacement(effect)
    if chance := _random_failure(call, route):
        return chance
    response = _answered(call, route)
    if rule is not None and effect.when == "after":
        if effect.answers:
            return _replacement(effect)
        response.ending = effect.ending
    return response


def _replacement(effect: Effect) -> Response:
    if effect.response is None:
        return Response(0, ending=effect.ending)
    given = effect.response
    return Response(given.status, dict(given.headers), given.body, ending=effect.ending)


def _random_failure(call: Call, route: str) -> Response | None:
    """Fail at random as the latency model says: half of the errors come after the effect."""
    model = call.simulator.model
    if not model.server_error_chance and not model.reset_chance:
        return None
    drawn = call.simulator.serials.fraction()
    if drawn < model.reset_chance:
        _answered(call, route)
        return Response(0, ending="reset")
    drawn -= model.reset_chance
    if drawn < model.server_error_chance:
        if drawn < model.server_error_chance / 2:
            _answered(call, route)
        return text_response(500, "Internal Server Error")
    return None


def _answered(call: Call, route: str) -> Response:
    limit = call.behaviour.header_limit
    if limit is not None and call.request.header_size > limit:
        return text_response(431, "Request Header Fields Too Large")
    if not call.request.path.startswith("/2/"):
        _travel(call)
        return answer_web(call.simulator, call.request)
    try:
        return _api(call, route)
    except Refusal as refused:
        return refused.response(route)


def _travel(call: Call) -> None:
    """Wait for the round trip and the body; a simulated line has waited while the bytes came."""
    clock, model = call.simulator.clock, call.simulator.model
    if call.request.has_travelled:
        return
    if model.round_trip or model.client_rate or model.connection_rate:
        start = clock.now() + model.round_trip
        size = call.request.size()
        if call.link is not None:
            start = call.simulator.lane(call.link).receive(model, start, size)
        clock.sleep_until(start)


def _api(call: Call, route: str) -> Response:
    definition = stone_route(route)
    endpoint = ENDPOINTS.get(route)
    if definition is None or endpoint is None or route in call.behaviour.disabled_routes:
        raise BadInput(
            f'Unknown API function: "{route}"', status=call.behaviour.unknown_route_status, bare=True
        )
    call.endpoint = endpoint
    call.record.writes = endpoint.kind in WRITING
    if call.request.method != "POST":
        raise BadInput(f"Your request's HTTP request method was {call.request.method!r}, expected 'POST'.")
    _check_host(call, definition)
    _travel(call)
    arrived = call.simulator.clock.now()
    _authorise(call, definition)
    text = _argument_text(call, definition)
    call.arg = _decode(call, definition, text)
    _check_rate(call)
    return _timed(call, definition, arrived)


def _check_host(call: Call, definition: Any) -> None:
    expected = definition.attrs["host"]
    given = call.request.host
    if call.behaviour.strict_hosts and given is not None and given != expected:
        raise BadInput(f"You have reached the {given} host; this function lives at the {expected} host.")


def _bearer(request: Request) -> str | None:
    value = request.headers.get("authorization", "")
    return value[7:].strip() if value.startswith("Bearer ") else None


def _caller(simulator: State, request: Request) -> AppLink | None:
    """Find the owner of a request's token, valid or not."""
    found = simulator.access_tokens.get(_bearer(request) or "")
    return found[0] if found else None


def _authorise(call: Call, definition: Any) -> None:
    kinds = [kind.strip() for kind in definition.attrs["auth"].split(",")]
    if kinds == ["noauth"]:
        return
    if kinds == ["app"]:
        _check_app(call)
        return
    bearer = _bearer(call.request)
    if not bearer:
        given = call.request.headers.get("authorization")
        text = "Missing" if given is None else "Invalid authorization value in"
        raise BadInput(f'{text} HTTP header "Authorization"' + (f": {given!r}" if given else ""))
    found = call.simulator.access_tokens.get(bearer)
    if found is None or found[1].revoked:
        raise AuthRefused("invalid_access_token")
    call.link, call.token = found
    app, account = call.link.app, call.link.account
    if app.disabled:
        _refuse_disabled(call, app)
    if account.suspended:
        raise AuthRefused("user_suspended")
    if call.token.expires_at is not None and call.simulator.clock.now() >= call.token.expires_at:
        raise AuthRefused("expired_access_token")
    _check_scope(call, app)


def _refuse_disabled(call: Call, app: App) -> None:
    if call.behaviour.disabled_app == "401":
        raise AuthRefused("invalid_access_token")
    raise BadInput(f"This app (key: {app.key}) is currently disabled.")


def _check_scope(call: Call, app: App) -> None:
    scope = call.endpoint.scope
    if scope is None or call.token is None:
        return
    allowed = scope in call.token.scopes and (scope in app.scopes or not call.behaviour.check_app_scope)
    if not allowed:
        raise AuthRefused("missing_scope", required_scope=scope)


def _check_app(call: Call) -> None:
    pair = basic_pair(call.request)
    app = call.simulator.apps.get(pair[0]) if pair else None
    if pair is None or app is None or app.secret != pair[1]:
        if call.behaviour.wrong_app_auth == "401" and pair is not None:
            raise AuthRefused("invalid_access_token")
        raise BadInput(
            'Invalid authorization value in HTTP header "Authorization": app key or secret is wrong.'
        )
    if app.disabled:
        _refuse_disabled(call, app)


def _argument_text(call: Call, definition: Any) -> str:
    style = definition.attrs["style"]
    given = call.request.headers.get("content-type", "")
    if style == "rpc":
        body = call.request.read()
        if body and given.lower() not in RPC_TYPES:
            raise BadInput(
                f"Bad HTTP \"Content-Type\" header: {given!r}. Expecting one of 'application/json', "
                "'application/json; charset=utf-8', 'text/plain; charset=dropbox-cors-hack'."
            )
        try:
            return body.decode() or "null"
        except UnicodeDecodeError:
            raise BadInput("request body: could not decode input as JSON") from None
    if style == "upload" and given.lower() not in UPLOAD_TYPES:
        raise BadInput(
            f"Bad HTTP \"Content-Type\" header: {given!r}. Expecting one of 'application/octet-stream', "
            "'text/plain; charset=dropbox-cors-hack'."
        )
    text = arg_text(call)
    if not text:
        raise BadInput('Must provide HTTP header "Dropbox-API-Arg" or URL parameter "arg".')
    if "dropbox-api-arg" in call.request.headers and not (text.isascii() and "\x7f" not in text):
        raise BadInput('HTTP header "Dropbox-API-Arg": could not decode input as JSON')
    return text


def _decode(call: Call, definition: Any, text: str) -> Any:
    where = "request body" if definition.attrs["style"] == "rpc" else 'HTTP header "Dropbox-API-Arg"'
    try:
        call.record.arg = json.loads(text)
        return stone_serializers.json_decode(definition.arg_type, text, strict=True)
    except stone_validators.ValidationError as refused:
        raise BadInput(f"{where}: {refused}") from None
    except ValueError:
        raise BadInput(f"{where}: could not decode input as JSON") from None


def _check_rate(call: Call) -> None:
    if call.link is None:
        return
    try:
        call.simulator.lane(call.link).take_token(call.simulator.model, call.simulator.clock.now())
    except RateRefused as refused:
        raise Throttled("too_many_requests", refused.retry_after) from None


def _timed(call: Call, definition: Any, arrived: float) -> Response:
    """Answer a call after the model's latency, holding the write lock if it writes.

    What this computer needs for its own work counts as part of that time.
    """
    if call.endpoint.kind not in WRITING or call.link is None:
        answer = _answer(call, definition)
        cost = call.simulator.model.fixed_cost(call.endpoint.kind)
        if cost:
            call.simulator.clock.sleep_until(arrived + cost)
        return answer
    lane = call.simulator.lane(call.link)
    with lane.lock:
        call.record.overlapped_writers = lane.writers
        lane.writers += 1
    try:
        return _locked(call, definition, arrived)
    finally:
        with lane.lock:
            lane.writers -= 1


def _locked(call: Call, definition: Any, arrived: float) -> Response:
    clock, model, kind = call.simulator.clock, call.simulator.model, call.endpoint.kind
    lane = call.simulator.lane(call.owner)
    cost = model.fixed_cost(kind) + model.entries_cost(kind, call.endpoint.entries(call.arg))
    try:
        start = lane.queue(model, arrived, cost)
    except LockRefused:
        clock.sleep_until(arrived + (model.lock_patience or 0.0))
        raise _lock_refusal(call) from None
    if start > arrived:
        call.record.lock_wait = start - arrived
        clock.sleep_until(start)
    answer = _answer(call, definition)
    more = model.entries_cost(kind, call.nodes) if call.nodes else 0.0
    if kind == "launch" and call.nodes:
        # The batch answered at once instead of starting a job, so the call itself takes the time.
        more = model.fixed_cost(call.endpoint.job) + model.entries_cost(call.endpoint.job, call.nodes)
    if more:
        lane.extend(more)
    if cost + more:
        clock.sleep_until(start + cost + more)
    return answer


def _lock_refusal(call: Call) -> Refusal:
    form = call.behaviour.lock_answer
    serials = call.simulator.serials
    if form == "mixed":
        drawn = int(serials.fraction() * 3)
        form = ("429", "429_without_retry_after", "409")[drawn]
    low, high = call.simulator.model.lock_retry_after
    reason = "too_many_write_operations"
    if form == "409":
        return RouteRefused(_lock_error(call.record.route))
    return Throttled(
        reason,
        None if form == "429_without_retry_after" else low + int(serials.fraction() * (high - low + 1)),
    )


def _lock_error(route: str) -> dict[str, Any]:
    """Encode too_many_write_operations as the route's error union does."""
    busy = {".tag": "too_many_write_operations"}
    if route == "files/upload":
        return {".tag": "path", "reason": busy, "upload_session_id": "pid_upload_session:none"}
    if route.startswith(("files/move", "files/copy")):
        return {".tag": "from_write", "from_write": busy}
    if route.startswith("files/create_folder"):
        return {".tag": "path", "path": busy}
    return busy


def _answer(call: Call, definition: Any) -> Response:
    result = _run(call)
    if isinstance(result, Response):
        return result
    return json_response(result if isinstance(result, dict) else encoded(definition, result, call))


def _run(call: Call) -> Any:
    if call.link is None or call.endpoint.kind in ("none", "transfer", "start_batch"):
        return call.endpoint.handler(call)
    with call.namespace.lock:
        return call.endpoint.handler(call)
