"""What must hold: at every moment, and in the end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from minno_dashboard.accounts.models import User
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting.installation import MARKER
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import badge
from minno_dashboard.studies.models import Collaboration, Study, Version
from tests.mirror.soak.stage import SoakStage, email
from tests.mirror.soak.user_actions import People

LANES = ("files/upload_session/start", "files/upload_session/append_v2", "files/upload_session/append_batch")
PUT_ASIDE = "(changed in Dropbox"
OF_THE_MIRROR = frozenset({"/README.txt", "/MANIFEST.json", "/verify.py", f"/{MARKER}"})


class Violation(AssertionError):
    """Something that must never be."""


class Listener(logging.Handler):
    """Hears of errors of our own, which a run otherwise survives."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error with its traceback."""
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.heard.append(f"{record.getMessage()}\n{trace}")


def desired(user: User) -> dict[str, str]:
    """Return what a user's Dropbox should hold, found out by other ways than the mirror's: path → hash, "" a folder."""
    tops = {study.pk: f"/Studies/{study.name}" for study in Study.objects.filter(owner=user, deleted_at=None)}
    shares = Collaboration.objects.filter(user=user, status="accepted", file_access__in=["edit", "read"])
    for share in (
        shares.filter(study__deleted_at=None).exclude(study__owner=user).select_related("study__owner")
    ):
        tops[share.study_id] = f"/Shared with me/{share.study.owner.username}/{share.study.name}"
    wanted = {"/Studies": ""}
    ways: dict[int, str] = {}
    for version in Version.objects.filter(study__in=list(tops)):
        ways[version.tree_id] = f"{tops[version.study_id]}/v{version.number}"
    for way in ways.values():
        parts = way.split("/")
        wanted.update({"/".join(parts[:length]): "" for length in range(2, len(parts) + 1)})
    nodes = {
        one.pk: one
        for one in Node.objects.filter(tree__in=list(ways), deleted_at=None).select_related("blob")
    }
    places: dict[int, str] = {}

    def place(node: Node) -> str:
        if node.pk not in places:
            above = ways[node.tree_id] if node.parent_id is None else place(nodes[node.parent_id])
            places[node.pk] = f"{above}/{node.name}"
        return places[node.pk]

    for node in nodes.values():
        wanted[place(node)] = node.blob.dropbox_hash if node.blob else ""
    return wanted


class Judge:
    """Looks at both sides and says what is wrong."""

    def __init__(self, stage: SoakStage, people: People, *, is_calm: bool, is_economical: bool) -> None:
        self.stage, self.people, self.is_calm, self.is_economical = stage, people, is_calm, is_economical
        self.listener = Listener()
        self.by_hand: set[int] = (
            set()
        )  # the numbers of the calls that people asked for by a button: those do not wait
        self._desired: dict[int, tuple[int, dict[str, str]]] = {}

    def desired(self, user: User) -> dict[str, str]:
        """Return what a user's Dropbox should hold; found out anew only where something changed here."""
        changes, wanted = self._desired.get(user.pk, (-1, {}))
        if changes != self.stage.changes:
            wanted = desired(user)
            self._desired[user.pk] = self.stage.changes, wanted
        return wanted

    def there(self, user: User) -> dict[str, str]:
        """Return what a user's Dropbox holds: path → hash, "" for a folder."""
        tree = self.stage.control.tree(email(user.username))
        return {path: one.get("hash", "") for path, one in tree.items()}

    def missing(self, user: User) -> list[str]:
        """Say what of the desired is not there, or is something else."""
        there = self.there(user)
        return [f"{path}: {there.get(path, 'not there')!r}" for path, hash in self.desired(user).items() if there.get(path) != hash]  # fmt: skip

    def strays(self, user: User) -> list[str]:
        """Say what of ours lies where nothing of ours should."""
        wanted, mine = self.desired(user), self.people.ever[user.username]
        moved = self.people.moved[user.username]
        mine = mine | (moved - set(wanted.values()))
        found = []
        for path, hash in self.there(user).items():
            if hash in moved and PUT_ASIDE in path.rpartition("/")[2]:
                continue  # also where the same content is wanted elsewhere, in a copy of the study
            if (
                path in wanted
                or path in OF_THE_MIRROR
                or path.startswith("/.minno-dashboard (changed in Dropbox")
                or path.lower().startswith(("/deleted", "/shared with me"))
            ):
                continue
            if (hash and hash not in mine) or (not hash and self.is_calm):
                found.append(path)
        return found

    def lost(self, user: User) -> set[str]:
        """Return the hashes of the user's own contents that are nowhere any more."""
        return self.people.owned[user.username] - set(self.there(user).values())

    # --- at every moment ---

    def at_every_moment(self) -> None:
        """Check what must hold whatever happens."""
        if self.listener.heard:
            raise Violation(f"an error of ours: {self.listener.heard[0]}")
        for user in self.people.users:
            lost = self.lost(user)
            if lost and self._could_not_be_known(user):
                self.people.owned[user.username] -= lost
            elif lost:
                raise Violation(f"{user}'s own work is gone from Dropbox: {sorted(lost)}")
            self._badge(user)

    def _could_not_be_known(self, user: User) -> bool:
        """Say whether the user changed something between the mirror's look and the removal right after it.

        Dropbox takes no revision for the removal of a folder, so nobody can close that gap; it keeps what was
        removed for 30 days.
        """
        edited = self.people.edited_at.get(user.username)
        if edited is None:
            return False
        looked = 0.0
        for one in self.stage.simulator.recorder.calls():
            if one.route.startswith("files/list_folder") and one.account and user.username in one.account:
                looked = one.started
            elif one.route.startswith("files/delete") and looked <= edited <= (one.ended or 0.0):
                return True
        return False

    def _badge(self, user: User) -> None:
        link = Link.objects.filter(user=user).first()
        if link is None or link.proven_at is None or link.state != Link.State.ACTIVE:
            return
        edited = self.people.edited_at.get(user.username)
        if edited is not None and link.proven_at <= datetime.fromtimestamp(edited + self._lag(), UTC):
            return
        if badge(user).state != "proven":
            return
        if wrong := [*self.missing(user), *self.strays(user)]:
            raise Violation(f"{user}'s badge says proven, and the trees differ: {wrong}")

    def _lag(self) -> float:
        """Return for how many seconds Dropbox itself does not yet tell of a change, so that nobody can know of it."""
        behaviour = self.stage.simulator.behaviour
        return max(behaviour.listing_lag_seconds, behaviour.cursor_lag_seconds)

    # --- in the end ---

    def in_the_end(self) -> None:
        """Check what must hold once everything is quiet."""
        self.at_every_moment()
        for user in self.people.users:
            if wrong := self.missing(user):
                raise Violation(f"{user}'s Dropbox is not what it should be: {wrong}")
            if strays := self.strays(user):
                raise Violation(f"things of ours lie where nothing should, in {user}'s Dropbox: {strays}")
            if left := [path for path in self.there(user) if "/moving-" in path]:
                raise Violation(f"temporary names are left in {user}'s Dropbox: {left}")
        self._manners()

    def _manners(self) -> None:
        recorder = self.stage.simulator.recorder
        if found := recorder.overlapping_writes():
            raise Violation(f"two writes of one account at once: {found[0].route}")
        if found := recorder.autorenaming():
            raise Violation(f"autorename: {found[0].route}")
        records = recorder.calls()
        for one in recorder.calls_inside_retry_after():
            before = records[max(0, records.index(one) - 5) : records.index(one)]
            is_beside = one.route in LANES and any(other.status == 429 for other in before)
            if one.fault != "late" and not is_beside and one.number not in self.by_hand:
                raise Violation(f"call {one.number}, {one.route}, inside a Retry-After")
        if self.is_economical:
            sent = sum(size for path, size in self._commits() if path not in OF_THE_MIRROR)
            if sent > self.people.written_bytes * len(self.people.users):
                raise Violation(f"{sent} bytes were sent of {self.people.written_bytes} written")

    def _commits(self) -> list[tuple[str, int]]:
        """Return the path and size of every file that was sent; of calls that went well all through."""
        found = []
        for one in self.stage.simulator.recorder.calls():
            if one.route == "files/upload":
                found.append((one.arg["path"], one.body_size))
            elif one.route.endswith("finish_batch_v2"):
                found += [(each["commit"]["path"], each["cursor"]["offset"]) for each in one.arg["entries"]]
        return found
