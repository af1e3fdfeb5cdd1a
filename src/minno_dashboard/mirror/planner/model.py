"""Data types of the planner: desired nodes, remote nodes, and the steps from one tree to the other.

Both sides are trees of nodes keyed by who a node is, not by where it is. A desired node is known by its identity
(`study:7`, `version:31`, `node:912`, `readme`), a remote node by its key (one row of what we know of the Dropbox).
A remote node that carries an identity is ours; one without belongs to the user and is never changed or removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from minno_dashboard.mirror.planner.paths import Footprint

STUDIES = "Studies"
"""The folder, at the top of the app folder, of the studies the user owns."""

SHARED = "Shared with me"
"""The folder, at the top of the app folder, of the studies others share with the user."""

DELETED = "Deleted"
"""The folder, at the top of the app folder, of what is no longer in the Dashboard."""

MARKER = ".minno-dashboard.json"
"""The file, at the top of the app folder, that tells which Dashboard writes into it."""

DATA_FILE = "datafile"
"""The kind, before the colon, of the identities of files of participants' data."""

KEPT_DAYS = 90
"""How long deleted things stay in the folder of deleted things."""


@dataclass(frozen=True, slots=True)
class Content:
    """Content of a file: Dropbox's content hash (hexadecimal) and the size in bytes."""

    hash: str
    size: int


@dataclass(frozen=True, slots=True)
class Desired:
    """One folder or file that the Dropbox should hold.

    `parent` is the identity of its folder, None for the app folder itself. `content` is None for a folder.
    `origin` is the identity of the node this one was copied from, where there is one: its content may already be
    in the Dropbox and can be copied there without sending a byte.
    """

    identity: str
    parent: str | None
    name: str
    content: Content | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """One folder or file that we know the Dropbox holds.

    `parent` is the key of its folder, None for the app folder itself. `content` is None for a folder; `rev` is the
    file's revision in Dropbox ("" for a folder). `identity` names the desired node it stands for, None when it is
    the user's own. `is_changed` says that the user changed the content since we wrote it: it is the user's work.
    """

    key: str
    parent: str | None
    name: str
    content: Content | None = None
    rev: str = ""
    identity: str | None = None
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user chose for deleted files, and today's date.

    `today` (ISO date) goes into the names of aside-moves and of `/Deleted`. With `keep_deleted` a node that is no
    longer desired moves to `/Deleted/<today> <name>`; without it, it is removed. What lies in `/Deleted` is removed
    for good when it is older than `KEPT_DAYS`.
    """

    today: str
    keep_deleted: bool = True

    @property
    def oldest_kept(self) -> str:
        """The earliest day (ISO date) whose deleted files are still kept."""
        return (date.fromisoformat(self.today) - timedelta(days=KEPT_DAYS)).isoformat()


@dataclass(frozen=True, slots=True)
class Adopt:
    """Bookkeeping, no call: the remote node `key` gets the `identity` (a folder in its place, a file with its content)."""

    identity: str
    key: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Empty: no path is touched."""
        return ()


@dataclass(frozen=True, slots=True)
class Disown:
    """Bookkeeping, no call: the remote node `key` becomes the user's and stays where it is."""

    key: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Empty: no path is touched."""
        return ()


@dataclass(frozen=True, slots=True)
class Move:
    """Move or rename the remote node `key`, with everything below it; missing folders of `to_path` are created.

    `aside` says that the node is moved out of the way and belongs to the user from then on: it is disowned by the
    same step.
    """

    key: str
    from_path: str
    to_path: str
    aside: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that the step touches."""
        return (self.from_path, self.to_path)


@dataclass(frozen=True, slots=True)
class Copy:
    """Copy the remote node `key` (a file, or a folder with everything below it) to be `identity`.

    What lies below a copied folder is nobody's at first; the next plan adopts it.
    """

    key: str
    identity: str
    from_path: str
    to_path: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that the step touches."""
        return (self.from_path, self.to_path)


@dataclass(frozen=True, slots=True)
class UploadFile:
    """Write a file: new where `replaces_rev` is "", else in the place of exactly that revision."""

    identity: str
    path: str
    content: Content
    replaces_rev: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The path that the step touches."""
        return (self.path,)


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """Create an empty folder; folders above it, and folders of files, are created by Dropbox itself."""

    identity: str
    path: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The path that the step touches."""
        return (self.path,)


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the remote node `key`; a file only at exactly `rev`."""

    key: str
    path: str
    rev: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The path that the step touches."""
        return (self.path,)


Step = Adopt | Disown | Move | Copy | UploadFile | MakeFolder | Remove


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order in which they can be carried out; each step's paths are those at its turn.

    An empty plan says: the two trees are equal.
    """

    steps: tuple[Step, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there are any steps."""
        return bool(self.steps)

    @property
    def batches(self) -> tuple[tuple[Step, ...], ...]:
        """Return the same steps in groups of one kind, whose steps may be carried out in any order or at once.

        Inside one batch no path occurs twice and none lies above another. Neighbouring batches may be of the same
        kind (a swap of two names is three batches of moves), so this, and not the kind, says what may go together.
        """
        runs: list[list[Step]] = []
        touched = Footprint()
        for step in self.steps:
            if not runs or type(step) is not type(runs[-1][0]) or any(map(touched.level, step.paths)):
                runs.append([])
                touched = Footprint()
            runs[-1].append(step)
            for path in step.paths:
                touched.add(path, 1)
        return tuple(map(tuple, runs))
