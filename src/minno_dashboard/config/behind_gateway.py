"""WSGI layer of the processes behind the gateway: only the gateway is answered, and it names the client."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import Any

from minno_dashboard.config.gateway import relay

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def _name(header: bytes) -> str:
    return f"HTTP_{header.decode('ascii').upper().replace('-', '_')}"


SECRET, CLIENT = _name(relay.SECRET_HEADER), _name(relay.CLIENT_HEADER)


def behind_gateway(application: Application, secret: str) -> Application:
    """Return the application for requests of the gateway that knows `secret`; REMOTE_ADDR becomes its client's."""

    def answer(environ: Environ, start_response: Any) -> Iterable[bytes]:
        given = str(environ.pop(SECRET, ""))
        client = str(environ.pop(CLIENT, ""))
        if not hmac.compare_digest(given.encode("latin-1"), secret.encode("ascii")):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"The Dashboard is reached through its public port only.\n"]
        environ["REMOTE_ADDR"] = client
        environ.pop("REMOTE_HOST", None)
        environ.pop("REMOTE_PORT", None)
        return application(environ, start_response)

    return answer
