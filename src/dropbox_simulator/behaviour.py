"""Switches for behaviour of the real Dropbox that is not known for certain, so that tests can try both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MEBIBYTE = 1024 * 1024

DISALLOWED_NAMES = frozenset(
    {"desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr", ".dropbox.cache"}
)
"""Names Dropbox refuses with `disallowed_name`, lower-cased."""


@dataclass
class Behaviour:
    """The switches, each with the setting that is thought more likely or that is harder on a client."""

    case_only_move: Literal["noop", "conflict", "rename"] = "noop"
    """Moving `a` to `A`: answer 200 and change nothing, refuse, or do it."""
    move_changes_rev: bool = True
    """Whether a moved file (also inside a moved folder) gets a new rev."""
    emoji: bool = True
    """Whether names beyond the Basic Multilingual Plane are accepted."""
    trailing_space: Literal["refuse", "strip", "keep"] = "refuse"
    """What happens to a name ending in a space."""
    disallowed_names: frozenset[str] = DISALLOWED_NAMES
    """Names refused with `disallowed_name` (compared lower-cased)."""
    temporary_names_disallowed: bool = False
    """Whether `~$*`, `.~*` and `~*.tmp` are refused by the API too."""
    max_name_units: int = 255
    """The longest name, in UTF-16 units."""
    max_path_units: int | None = None
    """The longest path, in UTF-16 units; None for no limit."""
    ancestors_lowercased: bool = False
    """Show every component but the last of `path_display` in lower case, to catch clients that trust it."""
    deleted_children_reported: bool = False
    """Whether a cursor reports also what was inside a deleted folder."""
    shuffled_entries: bool = False
    """Whether the entries of a page come in any order."""
    repeated_entries: Literal["none", "page", "earlier"] = "none"
    """Whether some entries of a page come twice; or also some that were told before, as they were then."""
    app_folder_deleted: Literal["not_found", "empty"] = "not_found"
    """What a listing of a deleted app folder says."""
    parent_rev_mismatch: Literal["conflict", "not_found"] = "conflict"
    """How `delete` refuses a wrong `parent_rev`: path_write/conflict/file or path_lookup/not_found."""
    consumed_session: Literal["not_found", "closed"] = "not_found"
    """What a session says after its data have been committed."""
    delete_forgets_id: bool = True
    """Whether a file created where one was deleted gets a new id."""
    header_limit: int | None = 64 * 1024
    """The most bytes all request headers may have (431 beyond); None for no limit."""
    request_limit: int = 150 * MEBIBYTE
    """The largest body of a content call."""
    file_limit: int = 2_199_019_061_248
    """The largest file (2**41 - 2**22)."""
    relocation_limit: int = 10_000
    """The most files and folders one move or copy may take along."""
    delete_limit: int | None = None
    """The most files and folders one delete may remove; None for no limit."""
    create_folder_batch_limit: int = 10_000
    """The most paths of one create_folder_batch."""
    page_limit: int = 2000
    """The most entries of one page, whatever the client asks for."""
    default_page: int = 500
    """The entries of a page when the client names no limit."""
    session_seconds: float = 7 * 24 * 3600.0
    """How long an upload session lives."""
    code_seconds: float = 600.0
    """How long an authorisation code lives."""
    token_seconds: int = 14_400
    """How long an access token lives."""
    cursor_seconds: float | None = None
    """How long a cursor lives before it answers `reset`; None for ever."""
    listing_lag_seconds: float = 0.0
    """How long a change stays unseen by list_folder (and by the cursors it gives)."""
    cursor_lag_seconds: float = 0.0
    """How long a change stays unseen by list_folder/continue; paths themselves are always read as they are."""
    job_polls: int = 0
    """How many times a job answers `in_progress` even when it is done."""
    relocation_batch: Literal["async", "sync"] = "async"
    """Whether move_batch_v2 and copy_batch_v2 start a job or answer at once."""
    create_folder_batch: Literal["async", "sync"] = "sync"
    """Whether create_folder_batch (without force_async) starts a job or answers at once."""
    disabled_routes: frozenset[str] = frozenset()
    """Routes this Dropbox does not know, such as `files/upload_session/append_batch`."""
    unknown_route_status: int = 400
    """The status an unknown route answers."""
    wrong_app_auth: Literal["401", "400"] = "401"
    """How `check/app` refuses a wrong key or secret: JSON 401 or plain-text 400."""
    disabled_app: Literal["401", "400"] = "400"
    """How calls of a disabled app are refused."""
    lock_answer: Literal["429", "429_without_retry_after", "409", "mixed"] = "429"
    """How a call that waited too long for the write lock is refused."""
    strict_hosts: bool = True
    """Whether a route called at the wrong Dropbox host is refused."""
    check_app_scope: bool = True
    """Whether tokens are refused for scopes the app has lost since."""
