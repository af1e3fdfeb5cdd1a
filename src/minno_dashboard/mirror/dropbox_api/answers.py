"""What each answer of Dropbox means for the mirror: one table, with a default for unknown answers.

Pure: reads status, headers and the raw body. The official SDK decodes unknown union members to `other`; here
they keep their names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from minno_dashboard.mirror.errors import (
    Ambiguous,
    MirrorError,
    NeedsAdmin,
    NeedsUser,
    ParkItem,
    Rescan,
    Retry,
    RetryItem,
    Unsupported,
)

MIN_PAUSE_SECONDS = 1.0
MAX_TAGS_LENGTH = 6


@dataclass(frozen=True)
class Answer:
    """A refusal as received: status, headers, body."""

    status: int
    headers: Mapping[str, str]
    body: str

    def json(self) -> dict[str, Any]:
        """Return the body as a dict; an empty one where it is not a JSON object."""
        try:
            decoded = json.loads(self.body)
        except ValueError:
            return {}
        return decoded if isinstance(decoded, dict) else {}


class AccessExpired(MirrorError):
    """The access token is no longer accepted; `reason` is Dropbox's tag. One refresh may help."""


def tags(error: Any) -> list[str]:
    """Return the tag path of a union value: `{"path": {"conflict": "file"}}` is `["path", "conflict", "file"]`.

    The reasons of `files/upload` and of the relocation entries stand in a field of another name; both are read.
    """
    path: list[str] = []
    while len(path) < MAX_TAGS_LENGTH:
        if isinstance(error, str):
            return [*path, error]
        if not isinstance(error, dict):
            return path
        tag = error.get(".tag")
        if not isinstance(tag, str):
            error = error.get("reason")
            continue
        path.append(tag)
        error = error.get(tag, error.get("reason"))
    return path


_FULL = {
    "insufficient_space",
    "insufficient_quota",
    "team_folder_insufficient_space",
    "member_folder_insufficient_space",
    "team_folder_insufficient_quota",
    "member_folder_insufficient_quota",
    "upload_traffic_limit_reached",
}
_REFUSED_NAME = {
    "disallowed_name",
    "malformed_path",
    "restricted_content",
    "locked",
    "unsupported_content_type",
}
_NO_PERMISSION = {
    "no_write_permission",
    "team_folder",
    "operation_suppressed",
    "access_restricted",
    "cant_move_shared_folder",
}

# The first row with a tag that occurs in the path decides; the order is that of urgency.
_BY_TAG: tuple[tuple[frozenset[str], Callable[[str], MirrorError]], ...] = (
    (frozenset({"too_many_write_operations"}), lambda tag: RetryItem("lock")),
    (frozenset({"internal_error"}), Ambiguous),
    (frozenset(_FULL), lambda tag: ParkItem("full")),
    (frozenset(_NO_PERMISSION), lambda tag: NeedsUser("no_permission")),
    (frozenset({"reset"}), lambda tag: Rescan("reset", is_full=True)),
    (frozenset(_REFUSED_NAME), ParkItem),
    (frozenset({"too_large", "too_many_files", "payload_too_large"}), ParkItem),
    (frozenset({"content_hash_mismatch", "length_mismatch"}), lambda tag: RetryItem("damaged_on_the_way")),
    (frozenset({"incorrect_offset"}), lambda tag: RetryItem("incorrect_offset")),
    (frozenset({"closed"}), RetryItem),
    (
        frozenset(
            {"closed", "not_closed", "concurrent_session_missing_data", "concurrent_session_not_closed"}
        ),
        lambda tag: RetryItem("session_gone"),
    ),
    (
        frozenset({"conflict", "duplicated_or_nested_paths", "cant_move_folder_into_itself"}),
        lambda tag: Rescan(tag),
    ),
    (frozenset({"invalid_async_job_id"}), lambda tag: Ambiguous("job_lost")),
)

_SESSION_ROUTES = ("files/upload_session/",)


def meaning_of_tags(route: str, error: Any) -> MirrorError:
    """Return the `MirrorError` for the `error` of a 409, or of one entry of a batch."""
    path = tags(error)
    for known, make in _BY_TAG:
        for tag in path:
            if tag in known:
                made = make(tag)
                if isinstance(made, RetryItem):
                    made.correct_offset = _find_offset(error)
                return made
    if "not_found" in path:
        return _not_found(route, path)
    if "not_file" in path or "not_folder" in path:
        return Rescan(path[-1])
    return ParkItem("/".join(path) or "refused")


def _not_found(route: str, path: list[str]) -> MirrorError:
    is_session = route.startswith(_SESSION_ROUTES) and "path" not in path
    if is_session:
        return RetryItem("session_gone")
    if route.startswith("files/list_folder"):
        return Rescan("folder_gone", is_full=True)
    return Rescan("not_found")


def _find_offset(error: Any) -> int | None:
    """Return the first `correct_offset` found in the error."""
    while isinstance(error, dict):
        offset = error.get("correct_offset")
        if isinstance(offset, int):
            return offset
        tag = error.get(".tag")
        error = error.get(tag) if isinstance(tag, str) else None
    return None


def meaning(route: str, answer: Answer) -> MirrorError:
    """Return the `MirrorError` for a refusal of the route."""
    by_status: dict[int, Callable[[str, Answer], MirrorError]] = {
        400: _bad_request,
        401: _unauthorized,
        403: _forbidden,
        404: _unknown_route,
        409: _endpoint_error,
        429: _throttled,
        507: lambda route, answer: ParkItem("full"),
    }
    if answer.status in by_status:
        return by_status[answer.status](route, answer)
    if answer.status >= 500:
        return Ambiguous(f"http_{answer.status}", after=_retry_after(answer))
    if answer.status in (413, 431, 414):
        return Unsupported(f"http_{answer.status}")
    return ParkItem(f"http_{answer.status}")


def _bad_request(route: str, answer: Answer) -> MirrorError:
    text = answer.body.lower()
    if "invalid_client" in text or ("app (" in text and "disabled" in text):
        return NeedsAdmin("app_refused")
    if "required scope" in text:
        return NeedsUser("missing_scope")
    if "unknown api function" in text or "unknown function" in text:
        return Unsupported("unknown_route")
    return ParkItem("bad_request")


def _unauthorized(route: str, answer: Answer) -> MirrorError:
    path = tags(answer.json().get("error"))
    tag = path[0] if path else "invalid_access_token"
    known = {
        "expired_access_token": AccessExpired(tag),
        "invalid_access_token": AccessExpired(tag),
        "user_suspended": NeedsUser("suspended"),
        "missing_scope": NeedsUser("missing_scope"),
    }
    return known.get(tag, NeedsUser("no_permission"))


def _forbidden(route: str, answer: Answer) -> MirrorError:
    return NeedsUser("no_permission")


def _unknown_route(route: str, answer: Answer) -> MirrorError:
    return Unsupported("unknown_route")


def _endpoint_error(route: str, answer: Answer) -> MirrorError:
    body = answer.json()
    if "error" not in body:
        return Ambiguous("garbled")
    return meaning_of_tags(route, body["error"])


def _retry_after(answer: Answer) -> float:
    """Return the larger of what header and body ask for, in seconds."""
    asked = [0.0]
    for raw in (answer.headers.get("Retry-After"), _body_retry_after(answer)):
        try:
            asked.append(float(raw))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return max(asked)


def _body_retry_after(answer: Answer) -> Any:
    error = answer.json().get("error")
    return error.get("retry_after") if isinstance(error, dict) else None


def _throttled(route: str, answer: Answer) -> MirrorError:
    error = answer.json().get("error")
    reason = tags(error.get("reason")) if isinstance(error, dict) else []
    is_lock = "too_many_write_operations" in reason
    after = max(_retry_after(answer), MIN_PAUSE_SECONDS)
    return Retry("lock" if is_lock else "throttled", after)


def meaning_of_token_refusal(answer: Answer, *, is_refresh: bool) -> MirrorError:
    """Return the `MirrorError` for a refusal of the token endpoint. Only `invalid_grant` on a refresh disconnects a user."""
    text = answer.body.lower()
    if answer.status >= 500 or answer.status == 429:
        return Retry("token_endpoint", max(_retry_after(answer), MIN_PAUSE_SECONDS))
    if "invalid_client" in text or answer.status == 401:
        return NeedsAdmin("app_refused")
    error = str(answer.json().get("error", ""))
    if error == "invalid_grant":
        if is_refresh:
            return NeedsUser("reconnect")
        return NeedsAdmin("redirect_uri") if "redirect_uri" in text else NeedsUser("code")
    return Retry("token_endpoint", 30.0)
