"""What users do in the benchmarks, in a process that has the product loaded: one line of JSON in, one out.

`python -m tools.bench.user_actions` reads `{"action": name, …arguments}` and answers `{"result": …}` or `{"error": text}`.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from minno_dashboard.accounts.models import User
    from minno_dashboard.files.models import Node, Tree
    from minno_dashboard.studies.models import Study

ACTIONS: dict[str, Callable[..., Any]] = {}


def action(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the function be called by its name from the other process."""
    ACTIONS[function.__name__] = function
    return function


def _user(name: str) -> User:
    from minno_dashboard.accounts.models import User

    return User.objects.get(username=name)


def _study(owner: str, name: str) -> Study:
    from minno_dashboard.studies.models import Study

    return Study.objects.get(owner__username=owner, name=name, deleted_at=None)


def _tree(owner: str, study: str) -> Tree:
    tree: Tree = _study(owner, study).versions.select_related("tree").latest("number").tree
    return tree


def _node(owner: str, study: str, path: str) -> Node:
    from minno_dashboard.files.models import Node

    node = None
    for name in path.split("/"):
        node = Node.objects.get(tree=_tree(owner, study), parent=node, name=name, deleted_at=None)
    if node is None:
        raise LookupError(path)
    return node


@action
def furnish(app_key: str, app_secret: str) -> None:
    """Make the database and switch the mirror on."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from minno_dashboard.siteconfig.services import save_section

    save_section("dropbox", {"is_enabled": True, "app_key": app_key}, {"app_secret": app_secret})


@action
def make_linked_user(name: str, email: str, grant: dict[str, str], app_key: str) -> None:
    """Make a user who has connected with a Dropbox account."""
    from minno_dashboard.accounts.services import create_user
    from minno_dashboard.core import clock
    from minno_dashboard.mirror.connecting import services
    from minno_dashboard.mirror.dropbox_api.port import Grant

    user = create_user(by=None, username=name, email=email)
    given = Grant(
        access_token=grant["access_token"],
        refresh_token=grant["refresh_token"],
        account_id=grant["account_id"],
        expires_at=clock.now() + timedelta(hours=4),
        scopes="account_info.read files.content.write files.metadata.read",
    )
    services.link(user=user, grant=given, app_key=app_key)


@action
def make_study(owner: str, name: str, files: dict[str, str]) -> None:
    """Make a study of a few text files."""
    from minno_dashboard.files import services as files_services
    from minno_dashboard.studies import services

    user = _user(owner)
    services.create_study(owner=user, name=name)
    for path, text in files.items():
        files_services.write_file(
            tree=_tree(owner, name), by=user, source=text.encode(), expected_blob=None, path=path
        )


@action
def save(owner: str, study: str, path: str, text: str) -> float:
    """Save a file as an editor does; return the moment at which the page would get its answer."""
    from minno_dashboard.files import services

    node = _node(owner, study, path)
    services.save_file(node=node, by=_user(owner), source=text.encode(), expected_blob=services.ANYTHING)
    return time.time()


@action
def save_often(owner: str, study: str, path: str, times: int, within: float) -> float:
    """Save a file many times, evenly spread over some seconds; return the moment of the last."""
    started, at = time.time(), 0.0
    for number in range(times):
        time.sleep(max(0.0, started + number * within / times - time.time()))
        at = save(owner, study, path, f"// save {number} of {times}\n")
    return at


@action
def save_everywhere(owners: list[str], study: str, path: str, within: float) -> dict[str, float]:
    """Let each user save once, evenly spread over some seconds; return the moment of each."""
    started, moments = time.time(), {}
    for number, owner in enumerate(owners):
        time.sleep(max(0.0, started + number * within / len(owners) - time.time()))
        moments[owner] = save(owner, study, path, f"// save of {owner}\n")
    return moments


@action
def rename_node(owner: str, study: str, path: str, name: str) -> None:
    """Rename a file or folder."""
    from minno_dashboard.files import services

    services.rename(node=_node(owner, study, path), name=name, by=_user(owner))


@action
def move_node(owner: str, study: str, path: str, to: str) -> None:
    """Move a file or folder into a folder, which is made where it is missing."""
    from minno_dashboard.files import services

    user = _user(owner)
    folder = services.make_folder(tree=_tree(owner, study), parent=None, name=to, by=user)
    services.move(nodes=[_node(owner, study, path)], to=folder, by=user)


@action
def delete_node(owner: str, study: str, path: str) -> None:
    """Delete a file or folder."""
    from minno_dashboard.files import services

    services.delete(nodes=[_node(owner, study, path)], by=_user(owner))


@action
def rename_study(owner: str, study: str, name: str) -> None:
    """Give a study another name."""
    from minno_dashboard.studies import services

    services.rename_study(study=_study(owner, study), name=name, by=_user(owner))


@action
def new_version(owner: str, study: str) -> None:
    """Publish the newest version and begin the next one."""
    from minno_dashboard.studies import services

    user = _user(owner)
    services.publish(study=_study(owner, study), by=user)
    services.new_version(study=_study(owner, study), by=user)


@action
def duplicate_study(owner: str, study: str, name: str) -> None:
    """Duplicate a study."""
    from minno_dashboard.studies import services

    services.duplicate_study(study=_study(owner, study), by=_user(owner), name=name)


@action
def choose_policy(name: str, keep_deleted: bool) -> None:
    """Decide what happens in Dropbox with what is deleted in the Dashboard."""
    from minno_dashboard.mirror.connecting import services

    services.choose_policy(user=_user(name), keep_deleted=keep_deleted)


@action
def confirm_removal(name: str) -> None:
    """Answer the question that a mass removal raises."""
    from minno_dashboard.mirror.connecting import services

    services.confirm_removal(user=_user(name), accept=True)


@action
def status(name: str) -> dict[str, Any]:
    """Return what `mirror status --json` says."""
    from minno_dashboard.mirror.pages import mirror_status

    return {**mirror_status.status(_user(name))}


@action
def unproven(since: dict[str, float]) -> int:
    """Count the users whose Dropbox was not proven since the moment that is given for each."""
    from minno_dashboard.mirror.models import Link

    proven = Link.objects.filter(user__username__in=since).values_list("user__username", "proven_at")
    return sum(1 for name, at in proven if at is None or at.timestamp() < since[name])


@action
def make_crowd(grants: dict[str, dict[str, str]], app_key: str, study: str, path: str) -> None:
    """Make linked users, each with a study of three files; `path` is one of them."""
    for name, grant in grants.items():
        make_linked_user(name, f"{name}@example.com", grant, app_key)
        texts = {path: "// first\n", "index.html": "<!doctype html>\n", "words.txt": f"{name}\n"}
        make_study(name, study, texts)


@action
def make_pictures(grants: dict[str, dict[str, str]], app_key: str, study: str, files: int, size: int) -> None:
    """Make linked users, each with a study of so many files of one size."""
    from minno_dashboard.files import services as files_services
    from minno_dashboard.studies import services

    for name, grant in grants.items():
        make_linked_user(name, f"{name}@example.com", grant, app_key)
        user = _user(name)
        services.create_study(owner=user, name=study)
        tree = _tree(name, study)
        for number in range(files):
            data = f"{name} {number}".encode().ljust(size, b".")
            files_services.write_file(
                tree=tree, by=user, source=data, expected_blob=None, path=f"picture-{number}.bmp"
            )


class RowCounter:
    """Counts the rows that queries of this thread bring in, and the queries; use it as a context manager."""

    def __init__(self) -> None:
        self.rows = 0
        self.queries = 0
        self._before: Any = None

    def __enter__(self) -> RowCounter:
        from django.db import connection
        from django.db.backends.utils import CursorWrapper

        counter = self
        self._before = CursorWrapper

        class Counting(CursorWrapper):
            """A cursor that tells how many rows it gave."""

            def execute(self, sql: Any, params: Any = None) -> Any:
                counter.queries += 1
                return super().execute(sql, params)

            def fetchone(self) -> Any:
                row = self.cursor.fetchone()
                counter.rows += row is not None
                return row

            def fetchmany(self, *size: int) -> Any:
                rows = self.cursor.fetchmany(*size)
                counter.rows += len(rows)
                return rows

            def fetchall(self) -> Any:
                rows = self.cursor.fetchall()
                counter.rows += len(rows)
                return rows

        connection.make_cursor = lambda cursor: Counting(cursor, connection)  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        from django.db import connection

        connection.make_cursor = lambda cursor: self._before(cursor, connection)  # type: ignore[method-assign]


@action
def plan_one_change(owner: str, study: str, path: str, repeats: int = 15) -> dict[str, Any]:
    """Save one file, then plan the change many times without carrying it out: time, queries, rows read."""
    import statistics

    from minno_dashboard.core import clock
    from minno_dashboard.mirror.models import Link
    from minno_dashboard.mirror.planner.model import Policy
    from minno_dashboard.mirror.planner.plan import plan
    from minno_dashboard.mirror.running import due_links
    from minno_dashboard.mirror.wanted import slice_reader

    save(owner, study, path, "// one change\n")
    due_links.note_changes()
    times = []
    for _ in range(repeats):
        link = Link.objects.select_related("user").get(user__username=owner)
        policy = Policy(today=f"{clock.now():%Y-%m-%d}", keep_deleted=link.keep_deleted)
        started = time.perf_counter()
        found = slice_reader.read(link)
        steps = plan(found.desired, found.remote, policy).steps
        times.append(time.perf_counter() - started)
    if len(steps) != 1:
        raise LookupError(f"one change makes {len(steps)} steps")
    with RowCounter() as counter:
        slice_reader.read(link)
    return {
        "milliseconds": statistics.median(times) * 1000,
        "slowest": max(times) * 1000,
        "rows": counter.rows,
        "queries": counter.queries,
        "repeats": repeats,
        "files": link.nodes.filter(is_folder=False).count(),
    }


@action
def session_cookie(name: str) -> str:
    """Log a user in and return the value of the session cookie."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from minno_dashboard.accounts.session_store import SessionStore

    user = _user(name)
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def main() -> None:
    """Do actions until standard input ends."""
    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer: dict[str, Any] = {"result": ACTIONS[order.pop("action")](**order)}
        except Exception:  # noqa: BLE001 - every error is told to the other process, which ends the benchmark
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer, default=str), flush=True)


if __name__ == "__main__":
    main()
