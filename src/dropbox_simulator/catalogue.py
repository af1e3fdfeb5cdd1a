"""Failures of Dropbox that a mirror must survive, by their number in the failure catalogue.

`Failures(control, account)` causes them (`cause(8)` fills the quota, `cause(12)` deletes the app folder) and
`heal()` takes away what lasts. Rows that are the client's own trouble (a full disk, a second worker) are absent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dropbox_simulator import faults
from dropbox_simulator.control import Control
from dropbox_simulator.wire import Response

WRITES = r"files/(upload|upload_session/finish.*|create_folder.*|delete.*|move.*|copy.*)"
"""The routes that change the tree."""

COMMITS = r"files/(upload|upload_session/finish(_batch_v2)?)"
"""The routes that make files appear."""

BATCHES = (
    r"files/(upload_session/finish_batch_v2|delete_batch|create_folder_batch|move_batch_v2|copy_batch_v2)"
)
"""The routes that answer entry by entry."""

ERROR_PAGE = "<html><head><title>Error</title></head><body>Something went wrong</body></html>"

TITLES: dict[int, str] = {
    1: "token expired mid-batch",
    2: "user revoked the app mid-batch",
    3: "refresh endpoint fails",
    4: "app secret wrong or app disabled",
    5: "app key changed: tokens of the old key are no good",
    8: "quota full",
    9: "storm of 429 too_many_requests",
    10: "too_many_write_operations",
    11: "some entries of a batch fail",
    12: "user deleted the app folder",
    13: "user moved the app folder",
    14: "user edited a file",
    15: "user deleted a file",
    16: "user added a file",
    17: "user renamed a folder",
    18: "cursor reset",
    19: "recursive listing fails",
    21: "names are refused",
    22: "path too long",
    27: "answer lost after the commit",
    29: "upload session expired",
    30: "incorrect offset",
    31: "content hash mismatch",
    32: "Dropbox answers 5xx for long",
    33: "a captive portal answers in HTML",
    34: "clocks differ",
    35: "user suspended",
    39: "a call is refused as malformed",
    40: "file is restricted or locked",
    41: "internal_error",
    42: "asynchronous job forgotten",
}
"""The rows that can be caused here, with their titles."""


class Failures:
    """Causes failures for one account and ends them."""

    def __init__(self, control: Control, account: str) -> None:
        """Work on one account of a simulator."""
        self._control = control
        self._account = account
        self._quota = control.account(account).quota
        self._healing: list[Callable[[], object]] = []

    def cause(self, row: int, *, path: str = "", times: int | None = None) -> None:
        """Cause the failure of a row; `path` names the file or folder for rows 14 to 17."""
        if row not in TITLES:
            raise KeyError(row)
        if row in range(12, 18):
            self._user_acts(row, path)
        elif row in _EFFECTS:
            route, effect, lasting = _EFFECTS[row]()
            limit = times if times is not None else (None if lasting else 1)
            self._control.add_fault(effect, route=route, times=limit, name=f"G{row} {TITLES[row]}")
        else:
            self._state(row)

    def _user_acts(self, row: int, path: str) -> None:
        control, account = self._control, self._account
        if row == 12:
            control.delete_app_folder(account)
        elif row == 13:
            control.move_app_folder(account, "Moved by the user")
        elif row == 14:
            control.write_file(account, path, b"changed by the user in Dropbox")
        elif row == 15:
            control.delete(account, path)
        elif row == 16:
            control.write_file(account, path or "/Mine/notes.txt", b"the user's own")
        else:
            control.rename(account, path, f"{path} renamed by the user")

    def _state(self, row: int) -> None:
        control, account = self._control, self._account
        if row == 4:
            app = control.app()
            old = app.secret
            control.change_secret()
            self._healing.append(lambda: control.change_secret(old))
        elif row == 5:
            control.disable_app()
            self._healing.append(lambda: control.disable_app(disabled=False))
        elif row == 8:
            control.act("fill_quota", control.link(account))
            self._healing.append(lambda: control.set_quota(account, self._quota))
        elif row == 18:
            control.reset_cursors(account)
        elif row in (21, 22):
            switch: dict[str, Any] = {"emoji": False} if row == 21 else {"max_path_units": 120}
            control.set_behaviour(**switch)
            self._healing.append(lambda: control.set_behaviour(emoji=True, max_path_units=None))
        elif row == 29:
            control.expire_sessions(account)
        elif row == 34:
            control.advance(3 * 3600)
        elif row == 35:
            control.suspend(account)
            self._healing.append(lambda: control.suspend(account, suspended=False))
        else:
            control.forget_jobs(account)

    def heal(self) -> None:
        """Remove every rule and undo lasting changes; the user's own edits stay."""
        self._control.clear_faults()
        for step in reversed(self._healing):
            step()
        self._healing.clear()


Rule = tuple[str, faults.Effect, bool]
"""Route, effect, and whether it lasts until healed."""


def _portal() -> faults.Effect:
    response = Response(200, {"Content-Type": "text/html"}, b"<html>Sign in to this network</html>")
    return faults.Effect(response=response)


def _path_error(tag: str) -> dict[str, Any]:
    return {".tag": "path", "path": {".tag": tag}}


_EFFECTS: dict[int, Callable[[], Rule]] = {
    1: lambda: (COMMITS, faults.control_action("expire_tokens"), False),
    2: lambda: (COMMITS, faults.control_action("revoke"), False),
    3: lambda: ("oauth2/token", faults.status(500, '{"error": "server trouble"}'), True),
    9: lambda: ("(files|users|check)/.*", faults.throttle("too_many_requests", 300), True),
    10: lambda: (WRITES, faults.throttle("too_many_write_operations", None), True),
    11: lambda: (BATCHES, faults.entry_failures({".tag": "too_many_write_operations"}, 0, 2), False),
    19: lambda: ("files/list_folder", faults.status(500, ERROR_PAGE), True),
    27: lambda: (WRITES, faults.reset(when="after"), False),
    30: lambda: (
        "files/upload_session/append_v2",
        faults.json_error(409, {".tag": "incorrect_offset", "correct_offset": 0}),
        False,
    ),
    31: lambda: (
        r"files/upload(_session/append.*)?",
        faults.json_error(409, {".tag": "content_hash_mismatch"}),
        False,
    ),
    32: lambda: (".*", faults.status(503, ERROR_PAGE), True),
    33: lambda: (".*", _portal(), True),
    39: lambda: (
        WRITES,
        faults.status(400, "Error in call to API function: bad", content_type="text/plain"),
        False,
    ),
    40: lambda: ("files/get_metadata", faults.json_error(409, _path_error("restricted_content")), True),
    41: lambda: ("files/(move|copy)_v2", faults.json_error(409, {".tag": "internal_error"}), False),
}
