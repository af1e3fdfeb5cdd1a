"""What goes in and out of the simulator: requests, responses, and the ways to refuse."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

from dropbox_simulator.content import StoredBytes

HostKind = Literal["api", "content", "notify", "web"]
Ending = Literal["complete", "reset", "hang", "truncate"]

HOSTS: dict[str, HostKind] = {
    "api.dropboxapi.com": "api",
    "api.dropbox.com": "api",
    "content.dropboxapi.com": "content",
    "notify.dropboxapi.com": "notify",
    "www.dropbox.com": "web",
    "dropbox.com": "web",
}
"""The real names of Dropbox's hosts."""


@dataclass
class Request:
    """One HTTP request; header names are lower-case, `host` is None when the address does not tell."""

    method: str
    host: HostKind | None
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | BinaryIO = b""
    header_size: int = 0
    body_size: int | None = None
    has_travelled: bool = False
    """Whether a line has delayed the bytes already."""

    def stream(self) -> BinaryIO:
        """Return the body as something to read from."""
        return io.BytesIO(self.body) if isinstance(self.body, bytes) else self.body

    def read(self) -> bytes:
        """Read the whole body."""
        return self.body if isinstance(self.body, bytes) else self.body.read()

    def size(self) -> int:
        """Return the size of the body in bytes."""
        if self.body_size is not None:
            return self.body_size
        return len(self.body) if isinstance(self.body, bytes) else 0


@dataclass
class Response:
    """One HTTP answer, and how the connection ends."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    blob: StoredBytes | None = None
    ending: Ending = "complete"

    def content(self) -> bytes:
        """Return the whole body, also when it stands in a blob."""
        return self.body if self.blob is None else self.blob.read()

    def length(self) -> int:
        """Return the size of the whole body."""
        return len(self.body) if self.blob is None else self.blob.size


class Refusal(Exception):
    """A call is refused; knows its own HTTP answer."""

    def response(self, route: str) -> Response:
        """Make the HTTP answer for a call of the route."""
        raise NotImplementedError


class BadInput(Refusal):
    """A call that no correct client makes: status 400 and plain text."""

    def __init__(self, text: str, *, status: int = 400, bare: bool = False) -> None:
        """Keep the text; bare texts are not introduced by the name of the function."""
        super().__init__(text)
        self.text = text
        self.status = status
        self.bare = bare

    def response(self, route: str) -> Response:
        """Answer as plain text."""
        text = self.text if self.bare else f'Error in call to API function "{route}": {self.text}'
        return text_response(self.status, text)


class AuthRefused(Refusal):
    """The token does not do: status 401."""

    def __init__(self, tag: str, **fields: str) -> None:
        """Name the tag of the AuthError and its fields."""
        super().__init__(tag)
        self.error: dict[str, Any] = {".tag": tag, **fields}

    def response(self, route: str) -> Response:
        """Answer with the AuthError."""
        return error_response(401, self.error)


class RouteRefused(Refusal):
    """An error of the endpoint's own: status 409; the error is JSON as Dropbox encodes it."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Keep the encoded error."""
        super().__init__(error_summary(error))
        self.error = error

    def response(self, route: str) -> Response:
        """Answer with the error and its summary."""
        return error_response(409, self.error)


class Throttled(Refusal):
    """Too much: status 429."""

    def __init__(self, reason: str, retry_after: int | None) -> None:
        """Name the reason and, unless None, how many seconds to stay away."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after

    def response(self, route: str) -> Response:
        """Answer with the RateLimitError."""
        return throttle_response(self.reason, self.retry_after)


def json_response(value: object, status: int = 200) -> Response:
    """Make an answer with a JSON body and exactly the content type the SDK insists on."""
    return Response(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


def text_response(status: int, text: str) -> Response:
    """Make an answer with a plain-text body."""
    return Response(status, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())


def html_response(status: int, html: str) -> Response:
    """Make an answer with a page."""
    return Response(status, {"Content-Type": "text/html; charset=utf-8"}, html.encode())


def redirect_response(address: str) -> Response:
    """Send the browser elsewhere."""
    return Response(302, {"Location": address, "Content-Type": "text/plain"}, b"")


def throttle_response(reason: str, retry_after: int | None) -> Response:
    """Make a 429 as Dropbox writes it in JSON, with or without the time to wait."""
    body: dict[str, Any] = {"error_summary": f"{reason}/..", "error": {"reason": {".tag": reason}}}
    if retry_after is None:
        body["error_summary"] = f"{reason}/"
        return json_response(body, 429)
    body["error"]["retry_after"] = retry_after
    response = json_response(body, 429)
    response.headers["Retry-After"] = str(retry_after)
    return response


def error_response(status: int, error: dict[str, Any]) -> Response:
    """Make an answer with an error union and its summary."""
    return json_response({"error_summary": error_summary(error), "error": error}, status)


def error_summary(error: dict[str, Any]) -> str:
    """Write the tags of an error one behind the other, as Dropbox does: `path/conflict/file/..`."""
    tags: list[str] = []
    current: Any = error
    while isinstance(current, dict) and ".tag" in current:
        tag = current[".tag"]
        tags.append(tag)
        current = current.get(tag, current.get("reason"))
    return "/".join(tags) + "/.."
