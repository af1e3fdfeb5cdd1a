"""What a simulated Dropbox knows: its apps, accounts, links and tokens, its settings and its record."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.clock import Clock, RealClock
from dropbox_simulator.content import BlobStore, FileStore, MemoryStore
from dropbox_simulator.faults import FaultInjector
from dropbox_simulator.namespace import Namespace
from dropbox_simulator.recorder import Recorder
from dropbox_simulator.registry import App, AppLink, Code, DropboxAccount, Token
from dropbox_simulator.serials import SeededSerials
from dropbox_simulator.traffic import OFF, Lane, LatencyModel


class State:
    """One simulated Dropbox with its apps, accounts and files, of which `simulator.Simulator` is the whole.

    `lock` guards the registry (apps, accounts, links, tokens); every namespace has its own lock.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        seed: int = 0,
        folder: Path | None = None,
        model: LatencyModel | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        """Start empty; the bytes of files stand in the folder, or in memory."""
        self.clock: Clock = clock or RealClock()
        self.model = model or OFF
        self.behaviour = behaviour or Behaviour()
        self.serials = SeededSerials(seed)
        self.recorder = Recorder()
        self.faults = FaultInjector()
        self.lock = threading.RLock()
        self.apps: dict[str, App] = {}
        self.accounts: dict[str, DropboxAccount] = {}
        self.links: dict[tuple[str, str], AppLink] = {}
        self.access_tokens: dict[str, tuple[AppLink, Token]] = {}
        self.refresh_tokens: dict[str, tuple[AppLink, Token]] = {}
        self.codes: dict[str, Code] = {}
        self._lanes: dict[tuple[str, str], Lane] = {}
        self.folder = folder
        self.store: BlobStore = MemoryStore() if folder is None else FileStore(folder / ".dropbox-simulator")
        self.keeper: Keeper | None = None

    def keeping(self) -> AbstractContextManager[None]:
        """Surround changes; with a folder, they are written down at the end."""
        return self.keeper.saving() if self.keeper else nullcontext()

    def lane(self, link: AppLink) -> Lane:
        """Find the write lock and token bucket of a link."""
        with self.lock:
            return self._lanes.setdefault((link.account.account_id, link.app.key), Lane())

    def link(self, account: DropboxAccount, app: App) -> AppLink:
        """Find an account's link to an app, with a new empty app folder if there was none."""
        with self.lock:
            key = (account.account_id, app.key)
            link = self.links.get(key)
            if link is None:
                namespace = self.new_namespace(account, self._namespace_id())
                link = AppLink(app, account, namespace, self._free_location(account, app))
                self.links[key] = link
                if self.keeper:
                    self.keeper.adopt(link)
            return link

    def _namespace_id(self) -> str:
        return str(84_528_192_421 + len(self.links))

    def _free_location(self, account: DropboxAccount, app: App) -> str:
        taken = {link.location for (owner, _), link in self.links.items() if owner == account.account_id}
        location, number = f"Apps/{app.name}", 0
        while location in taken:
            number += 1
            location = f"Apps/{app.name} ({number})"
        return location

    def new_namespace(self, account: DropboxAccount, id: str) -> Namespace:
        """Make an empty app folder whose size counts against the account's quota."""
        return Namespace(
            id=id,
            behaviour=self.behaviour,
            serials=self.serials,
            now=self.clock.now,
            room=self._room_of(account),
        )

    def _room_of(self, account: DropboxAccount) -> Callable[[], int]:
        return lambda: min(account.quota, account.member_limit or account.quota) - self.used_bytes(account)

    def used_bytes(self, account: DropboxAccount) -> int:
        """Add up what an account's quota is charged with."""
        mine = [link for (owner, _), link in list(self.links.items()) if owner == account.account_id]
        return account.other_bytes + sum(link.namespace.used for link in mine)

    def links_of_account(self, account: DropboxAccount) -> list[AppLink]:
        """List the links of an account."""
        return [link for link in list(self.links.values()) if link.account is account]

    def issue_access_token(self, link: AppLink, scopes: list[str], parent: str | None) -> Token:
        """Return a new access token that lives as long as the behaviour says."""
        with self.lock:
            expires_at = self.clock.now() + self.behaviour.token_seconds
            token = Token(self.serials.access_token(), scopes, expires_at, parent)
            link.access_tokens[token.text] = token
            self.access_tokens[token.text] = (link, token)
            return token

    def issue_refresh_token(self, link: AppLink, scopes: list[str]) -> Token:
        """Return a new refresh token, which lives until it is revoked."""
        with self.lock:
            token = Token(self.serials.refresh_token(), scopes)
            link.refresh_tokens[token.text] = token
            self.refresh_tokens[token.text] = (link, token)
            return token

    def close(self) -> None:
        """Write everything down and let go of files."""
        if self.keeper:
            self.keeper.close()


class Keeper:
    """Keeps the state of a simulated Dropbox; see `persistence.FolderKeeper`."""

    def saving(self) -> AbstractContextManager[None]:
        """Surround one request; what it changed is kept at the end."""
        raise NotImplementedError

    def adopt(self, link: AppLink) -> None:
        """Keep a new link and its app folder."""
        raise NotImplementedError

    def relocated(self, link: AppLink, old_location: str) -> None:
        """Follow an app folder that its user has moved."""
        raise NotImplementedError

    def close(self) -> None:
        """Write everything down and let go of files."""
        raise NotImplementedError
