"""One API call inside the simulator, and the type of an endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dropbox import auth, check, files, users

from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.faults import Effect
from dropbox_simulator.metadata import encode
from dropbox_simulator.namespace import Namespace
from dropbox_simulator.recorder import Record
from dropbox_simulator.registry import AppLink, Token
from dropbox_simulator.state import State
from dropbox_simulator.traffic import CostKind
from dropbox_simulator.wire import Request, Response


@dataclass
class Call:
    """Input of a handler: the decoded argument, the caller, and where to record results."""

    simulator: State
    endpoint: Endpoint
    request: Request
    record: Record
    effect: Effect
    link: AppLink | None = None
    token: Token | None = None
    arg: Any = None
    nodes: int = 0
    replaced: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def owner(self) -> AppLink:
        """Return the link of a call that carries a user's token."""
        if self.link is None:
            raise RuntimeError("this route has no user")
        return self.link

    @property
    def namespace(self) -> Namespace:
        """Return the app folder the call is about."""
        return self.owner.namespace

    @property
    def behaviour(self) -> Behaviour:
        """Return the switches in force."""
        return self.simulator.behaviour

    def entry_fails(self, index: int) -> bool:
        """Return whether a fault rule fails this entry of the batch, and remember the failure."""
        failure = self.effect.entries.get(str(index), self.effect.entries.get("*"))
        if failure is None:
            return False
        self.replaced[index] = failure
        return True


@dataclass(frozen=True)
class Endpoint:
    """One route: its handler, the scope it needs, what kind of work it is, and what work its job is."""

    handler: Callable[[Call], Any]
    scope: str | None
    kind: CostKind
    entries: Callable[[Any], int] = lambda arg: 1
    job: CostKind = "none"


def stone_route(name: str) -> Any | None:
    """Find the SDK's definition of a route by its name in addresses, such as `files/move_v2`."""
    area, _, rest = name.partition("/")
    module = {"files": files, "users": users, "auth": auth, "check": check}.get(area)
    if module is None:
        return None
    stem, mark, version = rest.rpartition("_v")
    key = f"{stem}:{version}" if mark and version.isdigit() else rest
    return module.ROUTES.get(key)


def encoded(route: Any, result: Any, call: Call) -> Any:
    """Encode a handler's result, with the failures a fault rule wants put in place."""
    value = encode(route.result_type, result)
    if call.replaced and isinstance(value, dict) and "entries" in value:
        replace_entries(value, call.replaced)
    return value


def replace_entries(value: dict[str, Any], replaced: dict[int, dict[str, Any]]) -> None:
    """Put failures in the place of entries of an encoded batch result."""
    for index, failure in replaced.items():
        value["entries"][index] = {".tag": "failure", "failure": failure}


def arg_text(call: Call) -> str:
    """Return the JSON text of the argument of an upload or download call."""
    return call.request.headers.get("dropbox-api-arg") or call.request.query.get("arg") or ""


def json_text(value: Any) -> str:
    """Write JSON for a header: nothing but printable ASCII."""
    return json.dumps(value).replace("\x7f", "\\u007f")


Handler = Callable[[Call], Any]
__all__ = [
    "Call",
    "Endpoint",
    "Handler",
    "Response",
    "arg_text",
    "encoded",
    "json_text",
    "replace_entries",
    "stone_route",
]
