"""Connects the official SDK (or any `requests` session) to a simulator without a socket."""

from __future__ import annotations

import http.client
import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

from dropbox_simulator.simulator import Simulator
from dropbox_simulator.wire import HOSTS, Request, Response


class _BrokenBody(io.BytesIO):
    """A body that ends with an error before its end."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read what there is, then fail as a broken connection does."""
        data = super().read(size)
        if not data or size is None or size < 0:
            raise http.client.IncompleteRead(data)
        return data


class SimulatorAdapter(BaseAdapter):
    """A `requests` transport whose other end is a simulator."""

    def __init__(self, simulator: Simulator) -> None:
        """Answer with the given simulator."""
        super().__init__()
        self._simulator = simulator

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request and return its answer; network faults become exceptions."""
        response = self._simulator.handle(_translate(request))
        if response.ending == "reset":
            raise requests.ConnectionError("Connection reset by the simulator", request=request)
        if response.ending == "hang":
            self._simulator.clock.advance(_read_timeout(timeout))
            raise requests.ReadTimeout("No answer from the simulator", request=request)
        answer = _answer(request, response)
        if not stream:
            _ = answer.content
        return answer

    def close(self) -> None:
        """Do nothing: there is no connection."""


def _read_timeout(timeout: Any) -> float:
    if isinstance(timeout, tuple):
        timeout = timeout[-1]
    return float(timeout) if timeout is not None else 100.0


def _translate(prepared: requests.PreparedRequest) -> Request:
    parts = urlsplit(prepared.url or "")
    body = prepared.body or b""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = b"".join(bytes(piece) for piece in body)
    headers = {
        name.lower(): value.decode("latin-1") if isinstance(value, bytes) else value
        for name, value in prepared.headers.items()
    }
    return Request(
        method=prepared.method or "GET",
        host=HOSTS.get((parts.hostname or "").lower()),
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        body=body,
        header_size=sum(len(name) + len(value) + 4 for name, value in headers.items()) + len(parts.path) + 20,
    )


def _answer(prepared: requests.PreparedRequest, response: Response) -> requests.Response:
    content = response.content()
    broken = response.ending == "truncate"
    body = _BrokenBody(content[: len(content) // 2]) if broken else io.BytesIO(content)
    raw = HTTPResponse(
        body=body,
        headers=response.headers,
        status=response.status,
        reason=http.client.responses.get(response.status),
        preload_content=False,
        enforce_content_length=False,
    )
    answer = requests.Response()
    answer.status_code = response.status
    answer.headers = requests.structures.CaseInsensitiveDict(response.headers)
    answer.encoding = requests.utils.get_encoding_from_headers(answer.headers)
    answer.raw = raw
    answer.reason = raw.reason or ""
    answer.url = prepared.url or ""
    answer.request = prepared
    return answer


def mount(session: requests.Session, simulator: Simulator) -> requests.Session:
    """Redirect a session's requests for Dropbox's hosts to a simulator."""
    adapter = SimulatorAdapter(simulator)
    for host in HOSTS:
        session.mount(f"https://{host}", adapter)
        session.mount(f"https://{host}/", adapter)
    return session
