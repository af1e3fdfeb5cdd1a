"""Data types of a slice of both trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from minno_dashboard.mirror.planner.model import Desired, Remote
from minno_dashboard.mirror.wanted.layout import FileSource


class RemoteRow(NamedTuple):
    """One row of the remote tree, as read."""

    pk: int
    parent: int | None
    name: str
    key: str
    is_folder: bool
    rev: str
    hash: str
    size: int
    identity: str | None
    is_changed: bool


COLUMNS = ("pk", "parent_id", "name", "name_key", "is_folder", "rev", "content_hash", "size", "identity", "is_changed")  # fmt: skip


@dataclass(frozen=True)
class ReadRevision:
    """The revision of a study, tree or data folder at the time it was read."""

    kind: str
    object_id: int
    revision: int


@dataclass
class Slice:
    """Both sides of a plan, the sources of bytes, and the revisions to take over once the plan is empty."""

    desired: list[Desired]
    remote: list[Remote]
    sources: dict[str, FileSource]
    marks: list[ReadRevision]
    doubts: list[str]
    is_everything: bool = False
    base: frozenset[str] = frozenset()
