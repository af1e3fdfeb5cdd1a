"""Stores a simulated Dropbox in a folder: ordinary files for people, one SQLite file for the rest.

`DIR/<email>/Apps/<app name>/…` shows the files as they are in Dropbox. `DIR/.dropbox-simulator/` holds
`state.sqlite` (ids, revs, tokens, journal), `blobs/` (every revision, by content hash) and `drafts/` (upload
sessions), so that a restart goes on where the last run ended.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dropbox_simulator.namespace import Namespace
from dropbox_simulator.registry import App, AppLink, AsyncJob, DropboxAccount, Token
from dropbox_simulator.sessions import StoredSession
from dropbox_simulator.state import Keeper, State
from dropbox_simulator.tree import Gone, Revision, TreeNode

SCHEMA = """
create table if not exists state (name text primary key, value text);
create table if not exists nodes (namespace text, id text, parent text, name text, key text, revision text,
    primary key (namespace, id)) without rowid;
create table if not exists journal (namespace text, sequence integer, path text,
    primary key (namespace, sequence)) without rowid;
create table if not exists history (namespace text, path text, rev text, revision text,
    primary key (namespace, path, rev)) without rowid;
create table if not exists gone (namespace text, path text, value text,
    primary key (namespace, path)) without rowid;
create table if not exists sessions (link text, id text primary key, value text) without rowid;
"""


def file_name(name: str) -> str:
    """Return the name of a file on the disk: its own, or a shortened one when the disk cannot hold it."""
    raw = name.encode()
    if len(raw) <= 255:
        return name
    mark = hashlib.sha256(raw).hexdigest()[:8]
    return raw[:240].decode(errors="ignore") + "~" + mark


def _revision_text(revision: Revision) -> str:
    return json.dumps(
        {
            "rev": revision.rev,
            "hash": revision.blob.content_hash,
            "size": revision.blob.size,
            "client_modified": revision.client_modified,
            "server_modified": revision.server_modified,
            "node_id": revision.node_id,
        }
    )


class FolderShelf:
    """Applies the changes of one app folder to the disk and the database."""

    def __init__(self, keeper: FolderKeeper, link: AppLink) -> None:
        """Take the link whose app folder is stored."""
        self._keeper = keeper
        self._link = link

    def place(self, parts: tuple[str, ...]) -> Path:
        """Return where a path of the app folder is on the disk."""
        return self._keeper.folder_of(self._link).joinpath(*(file_name(part) for part in parts))

    def stored(self, node: TreeNode) -> None:
        """Create the folder, or write the file."""
        place = self.place(node.parts())
        if node.revision is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as stream:
                for piece in node.revision.blob.pieces():
                    stream.write(piece)
        self._keeper.changed(self._link.namespace, node)

    def removed(self, node: TreeNode, parts: tuple[str, ...]) -> None:
        """Remove the folder or file from the disk."""
        place = self.place(parts)
        if node.is_folder:
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)
        for below in node.walk():
            self._keeper.dropped(self._link.namespace, below)

    def moved(self, node: TreeNode, parts: tuple[str, ...]) -> None:
        """Move the folder or file on the disk."""
        source, target = self.place(parts), self.place(node.parts())
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.exists():
            source.rename(target)
        for below in node.walk():
            self._keeper.changed(self._link.namespace, below)


class FolderKeeper(Keeper):
    """Loads a simulator from a folder at the start and stores what each request changed."""

    def __init__(self, simulator: State, folder: Path) -> None:
        """Open or create the folder's state."""
        self._simulator = simulator
        self._folder = folder
        self._lock = threading.RLock()
        hidden = folder / ".dropbox-simulator"
        hidden.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(hidden / "state.sqlite", check_same_thread=False)
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=off")
        self._database.executescript(SCHEMA)
        self._pending: list[tuple[str, tuple[Any, ...]]] = []
        self._saved_sequence: dict[str, int] = {}
        self._saved_sessions: dict[str, tuple[int, bool, bool, int]] = {}
        self._saved_registry = ""
        self._load()

    def folder_of(self, link: AppLink) -> Path:
        """Return where an app folder is on the disk."""
        return self._folder / link.account.email / link.location

    def adopt(self, link: AppLink) -> None:
        """Store a new link and its app folder."""
        link.namespace.shelf = FolderShelf(self, link)
        self.folder_of(link).mkdir(parents=True, exist_ok=True)

    def relocated(self, link: AppLink, old_location: str) -> None:
        """Apply the move of an app folder by its user."""
        source, target = self._folder / link.account.email / old_location, self.folder_of(link)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.exists():
            source.rename(target)

    def changed(self, namespace: Namespace, node: TreeNode) -> None:
        """Mark a node as new or changed."""
        parent = node.parent.id if node.parent is not None else None
        revision = _revision_text(node.revision) if node.revision is not None else None
        values = (namespace.id, node.id, parent, node.name, node.key, revision)
        self._note("insert or replace into nodes values (?, ?, ?, ?, ?, ?)", values)

    def dropped(self, namespace: Namespace, node: TreeNode) -> None:
        """Mark a node as removed."""
        self._note("delete from nodes where namespace = ? and id = ?", (namespace.id, node.id))

    def _note(self, statement: str, values: tuple[Any, ...]) -> None:
        with self._lock:
            self._pending.append((statement, values))

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Context: save at the end what a request has changed."""
        try:
            yield
        finally:
            self.save()

    def save(self) -> None:
        """Save everything that has changed."""
        links = list(self._simulator.links.values())
        for link in links:
            with link.namespace.lock, self._lock:
                self._note_journal(link.namespace)
        with self._simulator.lock, self._lock:
            for link in links:
                self._note_sessions(link)
            registry = json.dumps(_registry(self._simulator))
            if registry != self._saved_registry:
                self._saved_registry = registry
                self._note("insert or replace into state values ('registry', ?)", (registry,))
            if self._pending:
                with self._database:
                    for statement, values in self._pending:
                        self._database.execute(statement, values)
                self._pending = []

    def _note_journal(self, namespace: Namespace) -> None:
        start = self._saved_sequence.get(namespace.id, 0)
        for sequence, path in namespace.journal.since(start):
            self._note("insert or replace into journal values (?, ?, ?)", (namespace.id, sequence, path))
            gone = namespace.gone.get(path)
            if gone is None:
                self._note("delete from gone where namespace = ? and path = ?", (namespace.id, path))
            else:
                values = (namespace.id, path, json.dumps(asdict(gone)))
                self._note("insert or replace into gone values (?, ?, ?)", values)
            for revision in namespace.history.get(path, []):
                row = (namespace.id, path, revision.rev, _revision_text(revision))
                self._note("insert or ignore into history values (?, ?, ?, ?)", row)
        self._saved_sequence[namespace.id] = namespace.journal.sequence

    def _note_sessions(self, link: AppLink) -> None:
        for id, session in list(link.sessions.items()):
            state = (session.size, session.closed, session.consumed, len(session.pieces))
            if self._saved_sessions.get(id) == state:
                continue
            self._saved_sessions[id] = state
            value = json.dumps(
                {
                    "made_at": session.made_at,
                    "concurrent": session.concurrent,
                    "size": session.size,
                    "closed": session.closed,
                    "consumed": session.consumed,
                    "pieces": list(session.pieces.items()),
                }
            )
            self._note("insert or replace into sessions values (?, ?, ?)", (link.name, id, value))

    def close(self) -> None:
        """Save everything and close the database."""
        with self._lock:
            self.save()
            self._database.close()

    def _load(self) -> None:
        row = self._database.execute("select value from state where name = 'registry'").fetchone()
        if row is None:
            return
        self._saved_registry = row[0]
        registry = json.loads(row[0])
        simulator = self._simulator
        simulator.serials.resume(registry["serials"])
        simulator.apps.update({values["key"]: App(**values) for values in registry["apps"]})
        simulator.accounts.update(
            {values["account_id"]: DropboxAccount(**values) for values in registry["accounts"]}
        )
        for values in registry["links"]:
            self._load_link(values)

    def _load_link(self, values: dict[str, Any]) -> None:
        simulator = self._simulator
        app, account = simulator.apps[values["app"]], simulator.accounts[values["account"]]
        namespace = simulator.new_namespace(account, values["namespace"])
        link = AppLink(app, account, namespace, values["location"], values["approved"])
        simulator.links[(account.account_id, app.key)] = link
        for token in (Token(**each) for each in values["access_tokens"]):
            link.access_tokens[token.text] = token
            simulator.access_tokens[token.text] = (link, token)
        for token in (Token(**each) for each in values["refresh_tokens"]):
            link.refresh_tokens[token.text] = token
            simulator.refresh_tokens[token.text] = (link, token)
        link.jobs = {id: AsyncJob(**job) for id, job in values["jobs"].items()}
        namespace.epoch, namespace.exists = values["epoch"], values["exists"]
        namespace.tree.root.id = values["root"]
        self._load_namespace(namespace)
        self._load_sessions(link)
        self.adopt(link)

    def _revision(self, text: str) -> Revision:
        values = json.loads(text)
        blob = self._simulator.store.find(values["hash"], values["size"])
        return Revision(
            values["rev"], blob, values["client_modified"], values["server_modified"], values["node_id"]
        )

    def _load_namespace(self, namespace: Namespace) -> None:
        read = self._database.execute
        waiting: dict[str, list[TreeNode]] = {}
        rows = read("select id, parent, name, key, revision from nodes where namespace = ?", (namespace.id,))
        for id, parent, name, key, text in rows:
            node = TreeNode(id, name, key, None, self._revision(text) if text else None)
            waiting.setdefault(parent, []).append(node)
        ready = [namespace.tree.root]
        while ready:
            parent_node = ready.pop()
            for node in waiting.get(parent_node.id, []):
                namespace.tree.attach(node, parent_node)
                namespace.used += node.revision.blob.size if node.revision is not None else 0
                ready.append(node)
        for path, text in read(
            "select path, revision from history where namespace = ? order by path, rev", (namespace.id,)
        ):
            namespace.history.setdefault(path, []).append(self._revision(text))
        for path, text in read("select path, value from gone where namespace = ?", (namespace.id,)):
            namespace.gone[path] = Gone(**json.loads(text))
        for number, path in read(
            "select sequence, path from journal where namespace = ? order by sequence", (namespace.id,)
        ):
            namespace.journal.load(number, path)
        self._saved_sequence[namespace.id] = namespace.journal.sequence

    def _load_sessions(self, link: AppLink) -> None:
        rows = self._database.execute("select id, value from sessions where link = ?", (link.name,))
        for id, text in rows:
            values = json.loads(text)
            values["pieces"] = {int(offset): length for offset, length in values["pieces"]}
            draft = self._simulator.store.draft(id.partition(":")[2])
            link.sessions[id] = StoredSession(id=id, draft=draft, **values)
            state = (values["size"], values["closed"], values["consumed"], len(values["pieces"]))
            self._saved_sessions[id] = state


def _registry(simulator: State) -> dict[str, Any]:
    """Convert apps, accounts, links and tokens to JSON values."""
    return {
        "serials": simulator.serials.count,
        "apps": [asdict(app) for app in simulator.apps.values()],
        "accounts": [asdict(account) for account in simulator.accounts.values()],
        "links": [
            {
                "app": link.app.key,
                "account": link.account.account_id,
                "namespace": link.namespace.id,
                "root": link.namespace.tree.root.id,
                "epoch": link.namespace.epoch,
                "exists": link.namespace.exists,
                "location": link.location,
                "approved": link.approved,
                "access_tokens": [asdict(token) for token in link.access_tokens.values()],
                "refresh_tokens": [asdict(token) for token in link.refresh_tokens.values()],
                "jobs": {id: asdict(job) for id, job in link.jobs.items()},
            }
            for link in simulator.links.values()
        ],
    }
