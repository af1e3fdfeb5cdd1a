"""The interface through which the mirror uses one Dropbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from minno_dashboard.mirror.errors import MirrorError


@dataclass(frozen=True)
class Grant:
    """Tokens from the token endpoint; `refresh_token` and `account_id` are "" where it gave none."""

    access_token: str
    expires_at: datetime
    refresh_token: str = ""
    account_id: str = ""
    scopes: str = ""

    def __repr__(self) -> str:
        return f"Grant(account_id={self.account_id!r}, scopes={self.scopes!r})"


@dataclass(frozen=True)
class Account:
    """The owner of a Dropbox."""

    account_id: str
    name: str
    email: str


@dataclass(frozen=True)
class Space:
    """Used and total bytes."""

    used: int
    allocated: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a listing, or the metadata that a write returned; `kind` is file, folder or deleted."""

    kind: str
    name: str
    path_lower: str
    id: str = ""
    rev: str = ""
    content_hash: str = ""
    size: int = 0
    modified: str = ""


@dataclass(frozen=True)
class Page:
    """One page of a listing."""

    entries: tuple[Entry, ...]
    cursor: str
    has_more: bool


@dataclass(frozen=True)
class Piece:
    """The bytes to append to one upload session of a batch; the session is closed with them."""

    session_id: str
    data: bytes
    offset: int = 0


@dataclass(frozen=True)
class Commit:
    """One file of `hash` to create from a closed upload session; `rev` is "" where the path is new."""

    session_id: str
    size: int
    path: str
    rev: str = ""
    hash: str = ""


EncodedCommits = NewType("EncodedCommits", str)
"""Files to bring into being by one call, encoded before it is their turn."""


@dataclass(frozen=True)
class Relocation:
    """Source and target path of one move or copy."""

    from_path: str
    to_path: str


@dataclass(frozen=True)
class Removal:
    """A path to delete; a file only at exactly `rev` (where given)."""

    path: str
    rev: str = ""


Outcome = Entry | MirrorError
"""What became of one entry of a batch."""


@dataclass(frozen=True)
class BatchJob:
    """An asynchronous batch; `outcomes` are set once it is complete."""

    route: str
    job_id: str = ""
    outcomes: tuple[Outcome, ...] | None = None


class Port(Protocol):
    """The calls the mirror makes to one Dropbox. Every method raises `MirrorError`s only."""

    @property
    def calls(self) -> dict[str, int]: ...

    def list_all(self, *, limit: int = ...) -> Page: ...
    def list_more(self, cursor: str) -> Page: ...
    def list_below(self, path: str, *, recursive: bool) -> Page: ...
    def download(self, rev: str, *, offset: int = 0) -> Iterator[bytes]: ...
    def upload(self, path: str, data: bytes, *, rev: str = "", hash: str = "") -> Entry: ...
    def start(self, data: bytes, *, close: bool) -> str: ...
    def append(self, session_id: str, offset: int, data: bytes, *, close: bool) -> None: ...
    def start_batch(self, count: int) -> list[str]: ...
    def append_batch(self, pieces: Sequence[Piece]) -> list[MirrorError | None]: ...
    def encode_commits(self, commits: Sequence[Commit]) -> EncodedCommits: ...
    def finish_batch(self, commits: EncodedCommits) -> list[Outcome]: ...
    def move(self, from_path: str, to_path: str) -> Entry: ...
    def move_batch(self, relocations: Sequence[Relocation]) -> BatchJob: ...
    def copy(self, from_path: str, to_path: str) -> Entry: ...
    def copy_batch(self, relocations: Sequence[Relocation]) -> BatchJob: ...
    def create_folder(self, path: str) -> Entry: ...
    def create_folder_batch(self, paths: Sequence[str]) -> BatchJob: ...
    def delete(self, path: str, *, rev: str = "") -> Entry: ...
    def delete_batch(self, removals: Sequence[Removal]) -> BatchJob: ...
    def check_job(self, job: BatchJob) -> BatchJob: ...
    def get_metadata(self, path: str) -> Entry | None: ...
    def account(self) -> Account: ...
    def space(self) -> Space: ...
    def revoke(self) -> None: ...
