"""A simulated Dropbox, a linked researcher, and runs of the mirror until there is nothing left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import dropbox as sdk
import pytest

from dropbox_simulator import Server, Simulator, VirtualClock, mount
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user
from minno_dashboard.core import clock
from minno_dashboard.files import store
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.connecting.installation import MARKER
from minno_dashboard.mirror.dropbox_api import oauth_calls, transport
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.running.due_links import DueMirrors
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies.models import Study

APP_KEY, APP_SECRET = "key0of0the0app0", "the-very-secret-secret-of-the-app"


@dataclass
class Time:
    """The Dashboard's clock in a test: stands still until it is advanced, together with the simulator's."""

    simulator: Simulator
    offset: timedelta = field(default_factory=timedelta)
    start: datetime = field(default_factory=clock.now)

    def now(self) -> datetime:
        return self.start + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)
        self.simulator.clock.advance(seconds)


@dataclass
class MirrorWorld:
    """The simulator, its time, and what a test does on both sides."""

    simulator: Simulator
    time: Time

    @property
    def control(self) -> Any:
        return self.simulator.control

    def connect(self, user: User, email: str) -> Link:
        """Link a user's Dropbox account without the consent page."""
        given = self.control.authorise(email)
        return services.link(
            user=user,
            app_key=APP_KEY,
            grant=Grant(
                access_token=given["access_token"],
                expires_at=clock.now() + timedelta(hours=4),
                refresh_token=given["refresh_token"],
                account_id=given["account_id"],
                scopes=" ".join(oauth_calls.SCOPES),
            ),
        )

    def run(self, most: int = 200) -> int:
        """Let the worker's source work until nothing is due; return how many runs there were."""
        source = DueMirrors()
        for count in range(most):
            work = source.claim_next("test:1:aa")
            if work is None:
                return count
            work()
        raise AssertionError(f"still something due after {most} runs")

    def settle(self, most: int = 60) -> None:
        """Run, and let time pass while a link waits, until none does."""
        for _ in range(most):
            self.run()
            later = [*Link.objects.values_list("not_before", flat=True)]
            later += Link.objects.values_list("lease_until", flat=True)
            waiting = [moment for moment in later if moment is not None and moment > clock.now()]
            if not waiting:
                return
            self.time.advance((max(waiting) - clock.now()).total_seconds() + 1)
        raise AssertionError("links wait for ever")

    def files(self, email: str) -> dict[str, bytes]:
        """Return the account's files, without those about the copy and what was deleted."""
        found = self.control.files(email)
        return {
            path: data
            for path, data in found.items()
            if path not in ABOUT_THE_COPY and not path.startswith("/Deleted/")
        }

    def calls(self) -> list[str]:
        """Return the routes called since the records were cleared."""
        return [record["route"] for record in self.control.records()]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, db: None) -> MirrorWorld:
    """A Dropbox with two accounts, and a Dashboard configured for it; no sockets."""
    world = new_world(monkeypatch)
    monkeypatch.setattr(transport, "new_session", lambda: mount(sdk.create_session(), world.simulator))
    return world


@pytest.fixture
def world_over_http(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[MirrorWorld]:
    """The same behind a real HTTPS server."""
    world = new_world(monkeypatch)
    with Server(world.simulator) as server:
        point_at(server, monkeypatch)
        yield world


def point_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK, which read its hosts as it was imported, call a server on this machine."""
    place = f"localhost:{server.port}"
    for module in (sdk.session, sdk.dropbox_client):
        for name in ("API_HOST", "API_CONTENT_HOST", "API_NOTIFICATION_HOST"):
            monkeypatch.setattr(module, name, place)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca))


def new_world(monkeypatch: pytest.MonkeyPatch) -> MirrorWorld:
    """Make a simulator with an app and two accounts, and configure the Dashboard for it."""
    simulator = Simulator(VirtualClock(), seed=1)
    simulator.control.create_app("Minno", key=APP_KEY, secret=APP_SECRET)
    simulator.control.create_account("Anna A", "anna@dropbox.example")
    simulator.control.create_account("Ben B", "ben@dropbox.example")
    time = Time(simulator)
    monkeypatch.setattr(clock, "now", time.now)
    save_section("dropbox", {"is_enabled": True, "app_key": APP_KEY}, {"app_secret": APP_SECRET})
    return MirrorWorld(simulator, time)


def person(name: str) -> User:
    """A researcher."""
    return create_user(by=None, username=name, email=f"{name}@lab.example", role=User.Role.RESEARCHER)


@pytest.fixture
def anna(db: None) -> User:
    """A researcher."""
    return person("anna")


@pytest.fixture
def ben(db: None) -> User:
    """Another researcher."""
    return person("ben")


ABOUT_THE_COPY = {"/README.txt", "/MANIFEST.json", "/verify.py", f"/{MARKER}"}
ANNA = "anna@dropbox.example"
BEN = "ben@dropbox.example"


def tree_files(tree: Tree) -> dict[str, bytes]:
    """Return what a tree holds: bytes by path."""
    nodes = {node.pk: node for node in Node.objects.filter(tree=tree, deleted_at=None).select_related("blob")}

    def path(node: Node) -> str:
        above = "" if node.parent_id is None else path(nodes[node.parent_id])
        return f"{above}/{node.name}"

    return {path(node): store.read_verified(node.blob) for node in nodes.values() if node.blob}


def expected(user: User, name: Callable[[Study], str] = lambda study: study.name) -> dict[str, bytes]:
    """Return what a user's Dropbox should hold of their own studies."""
    found: dict[str, bytes] = {}
    for study in Study.objects.filter(owner=user, deleted_at=None):
        for version in study.versions.all():
            for path, data in tree_files(version.tree).items():
                found[f"/Studies/{name(study)}/v{version.number}{path}"] = data
    return found
