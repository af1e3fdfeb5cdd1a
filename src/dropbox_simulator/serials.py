"""Identifiers that look like Dropbox's, generated from a seed."""

from __future__ import annotations

import base64
import random
import threading


class SeededSerials:
    """Generates ids, revs, tokens and codes; the same seed gives the same ones in the same order."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self._seed = seed
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.count = 0

    def resume(self, count: int) -> None:
        """Continue after the numbers given out by an earlier run."""
        self.count = count
        self._random = random.Random(f"{self._seed} after {count}")

    def _text(self, length: int) -> str:
        with self._lock:
            raw = self._random.randbytes(length)
        return base64.urlsafe_b64encode(raw).decode()[:length]

    def _number(self) -> int:
        with self._lock:
            self.count += 1
            return self.count

    def node_id(self) -> str:
        """Return a new id of a file or folder."""
        return "id:" + self._text(14) + f"{self._number():08x}"

    def rev(self) -> str:
        """Return a new rev of a file."""
        return f"0164b8{self._number():09x}"

    def session_id(self) -> str:
        """Return a new id of an upload session, 75 characters long."""
        return "pid_upload_session:" + self._text(47) + f"-{self._number():08x}"

    def job_id(self) -> str:
        """Return a new id of an asynchronous job."""
        return "dbjid:" + self._text(32)

    def access_token(self) -> str:
        """Return a new access token; their length varies widely."""
        with self._lock:
            length = self._random.choice((135, 160, 240, 700, 1100))
        return "sl.B" + self._text(length)

    def refresh_token(self) -> str:
        """Return a new refresh token."""
        return self._text(64)

    def code(self) -> str:
        """Return a new authorisation code."""
        return self._text(43)

    def account_id(self) -> str:
        """Return a new account id: exactly 40 characters."""
        return "dbid:AA" + self._text(33)

    def app_key(self) -> str:
        """Return a new app key or secret, as the App console shows them."""
        with self._lock:
            return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=15))

    def request_id(self) -> str:
        """Return a new id of a request."""
        with self._lock:
            return self._random.randbytes(16).hex()

    def fraction(self) -> float:
        """Draw a number from 0 up to 1."""
        with self._lock:
            return self._random.random()
