"""The control calls over HTTP, for tests in another process: `POST /_control/<call>` with JSON arguments."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

from dropbox_simulator import faults
from dropbox_simulator.control import ControlRefused
from dropbox_simulator.refusals import LookupRefused, RelocationRefused, WriteRefused
from dropbox_simulator.registry import AppLink
from dropbox_simulator.simulator import Simulator
from dropbox_simulator.wire import Request, Response, json_response

EFFECTS: dict[str, Callable[..., faults.Effect]] = {
    "status": faults.status,
    "json_error": faults.json_error,
    "reset": faults.reset,
    "hang": faults.hang,
    "truncate": faults.truncate,
    "delay": faults.delay,
    "corrupt_stored_byte": faults.corrupt_stored_byte,
    "throttle": faults.throttle,
    "plain_throttle": faults.plain_throttle,
    "control_action": faults.control_action,
}
"""The effects that can be named in JSON: `{"effect": "throttle", "with": {"retry_after": 15}, "route": …}`."""

HIDDEN = {"act", "add_fault", "files", "link"}


def answer_control(simulator: Simulator, request: Request) -> Response:
    """Answer one control call; bytes travel as base64 under the name `data_base64`."""
    name = request.path.removeprefix("/_control/").strip("/")
    try:
        arguments: dict[str, Any] = json.loads(request.read() or b"{}")
        if name == "add_fault":
            return json_response({"result": _add_fault(simulator, arguments)})
        method = getattr(simulator.control, name, None)
        if name.startswith("_") or name in HIDDEN or not inspect.ismethod(method):
            return json_response({"error": f"no control call {name}"}, 404)
        if "data_base64" in arguments:
            arguments["data"] = base64.b64decode(arguments.pop("data_base64"))
        return json_response({"result": plain(method(**arguments))})
    except (ControlRefused, LookupRefused, WriteRefused, RelocationRefused, TypeError, ValueError) as refused:
        return json_response({"error": f"{type(refused).__name__}: {refused}"}, 400)


def _add_fault(simulator: Simulator, arguments: dict[str, Any]) -> str:
    kind = arguments.pop("effect")
    options = arguments.pop("with", {})
    if "nth" in arguments:
        arguments["nth"] = tuple(arguments["nth"])
    if kind == "entry_failures":
        effect = faults.entry_failures(options["failure"], *options.get("indexes", []))
    elif kind in EFFECTS:
        effect = EFFECTS[kind](**options)
    else:
        raise ControlRefused(f"no effect {kind}")
    return simulator.control.add_fault(effect, **arguments).route


def plain(value: Any) -> Any:
    """Convert the result of a control call to JSON values."""
    if isinstance(value, bytes):
        return {"data_base64": base64.b64encode(value).decode()}
    if isinstance(value, AppLink):
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value
