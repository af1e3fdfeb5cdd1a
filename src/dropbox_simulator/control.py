"""Control calls for tests: set up a simulated Dropbox, act as its user, inject faults, inspect it."""

from __future__ import annotations

from typing import Any

from dropbox_simulator import faults
from dropbox_simulator.names import parse_path
from dropbox_simulator.namespace import Namespace
from dropbox_simulator.registry import ALL_SCOPES, App, AppLink, DropboxAccount
from dropbox_simulator.state import State


class ControlRefused(Exception):
    """A control call names something that does not exist."""


class Control:
    """The control calls; `account` is an email address or account id, `app` a key (None: the first app)."""

    def __init__(self, simulator: State) -> None:
        """Act on the given simulator."""
        self._simulator = simulator

    def create_app(
        self,
        name: str = "Minno",
        *,
        key: str | None = None,
        secret: str | None = None,
        redirect_uris: list[str] | None = None,
        scopes: list[str] | None = None,
    ) -> App:
        """Create an app with access to its App folder."""
        serials = self._simulator.serials
        app = App(
            key or serials.app_key(),
            secret or serials.app_key(),
            name,
            list(redirect_uris or []),
            list(scopes or ALL_SCOPES),
        )
        with self._simulator.lock:
            self._simulator.apps[app.key] = app
        return app

    def create_account(
        self, name: str, email: str, *, quota: int = 2 * 1024**3, team: bool = False
    ) -> DropboxAccount:
        """Create an account."""
        with self._simulator.lock:
            uid = 1_000_001 + len(self._simulator.accounts)
            account = DropboxAccount(self._simulator.serials.account_id(), uid, name, email, quota, team=team)
            self._simulator.accounts[account.account_id] = account
        return account

    def account(self, account: str) -> DropboxAccount:
        """Find an account by email address or id."""
        for found in self._simulator.accounts.values():
            if account in (found.email, found.account_id):
                return found
        raise ControlRefused(f"no account {account}")

    def app(self, app: str | None = None) -> App:
        """Find an app by its key; without one, the app created first."""
        apps = self._simulator.apps
        found = next(iter(apps.values()), None) if app is None else apps.get(app)
        if found is None:
            raise ControlRefused(f"no app {app}")
        return found

    def link(self, account: str, app: str | None = None) -> AppLink:
        """Find, or begin, an account's link to an app."""
        return self._simulator.link(self.account(account), self.app(app))

    def _namespace(self, account: str, app: str | None) -> Namespace:
        return self.link(account, app).namespace

    def authorise(
        self, account: str, app: str | None = None, *, scopes: list[str] | None = None
    ) -> dict[str, str]:
        """Link an account without the consent page; return an access token and a refresh token."""
        link = self.link(account, app)
        granted = list(scopes or link.app.scopes)
        link.approved = granted
        refresh = self._simulator.issue_refresh_token(link, granted)
        access = self._simulator.issue_access_token(link, granted, refresh.text)
        return {
            "access_token": access.text,
            "refresh_token": refresh.text,
            "account_id": link.account.account_id,
            "uid": str(link.account.uid),
        }

    def advance(self, seconds: float) -> float:
        """Advance the clock; return the new time."""
        self._simulator.clock.advance(seconds)
        return self._simulator.clock.now()

    def act(self, action: str, link: AppLink) -> None:
        """Run the named action of a fault rule on one link."""
        if action in ("revoke", "unlink"):
            link.unlink()
        elif action == "expire_tokens":
            self._expire(link)
        elif action == "suspend":
            link.account.suspended = True
        elif action == "reset_cursors":
            link.namespace.epoch += 1
        elif action == "delete_app_folder":
            with link.namespace.lock:
                link.namespace.remove_everything()
        elif action == "expire_sessions":
            self._expire_sessions(link)
        elif action == "forget_jobs":
            link.jobs.clear()
        elif action == "fill_quota":
            link.account.quota = self._simulator.used_bytes(link.account)
        else:
            raise ControlRefused(f"no action {action}")

    def _expire(self, link: AppLink) -> None:
        for token in link.access_tokens.values():
            token.expires_at = min(token.expires_at or 0.0, self._simulator.clock.now())

    def expire_tokens(self, account: str, app: str | None = None) -> None:
        """Expire every access token of a link now; refresh tokens stay valid."""
        self._expire(self.link(account, app))

    def unlink(self, account: str, app: str | None = None) -> None:
        """Disconnect an app as the user can: every token is revoked at once."""
        self.link(account, app).unlink()

    def revoke(self, account: str, app: str | None = None) -> None:
        """Do the same as `unlink`."""
        self.unlink(account, app)

    def suspend(self, account: str, suspended: bool = True) -> None:
        """Suspend an account, or reactivate it."""
        self.account(account).suspended = suspended

    def set_quota(self, account: str, quota: int, *, other_bytes: int | None = None) -> None:
        """Set the quota of an account, and the bytes it holds outside of app folders."""
        found = self.account(account)
        found.quota = quota
        if other_bytes is not None:
            found.other_bytes = other_bytes

    def set_email(self, account: str, email: str) -> None:
        """Change the address of an account, as its user does at Dropbox."""
        self.account(account).email = email

    def set_member_limit(self, account: str, limit: int) -> None:
        """Limit how much of a team's space its member may use; 0 for no limit."""
        self.account(account).member_limit = limit

    def remove_scope(self, scope: str, *, account: str | None = None, app: str | None = None) -> None:
        """Remove a scope from the app, or only from one account's tokens."""
        if account is None:
            found = self.app(app)
            found.scopes = [each for each in found.scopes if each != scope]
            return
        link = self.link(account, app)
        for token in [*link.access_tokens.values(), *link.refresh_tokens.values()]:
            token.scopes = [each for each in token.scopes if each != scope]
        link.approved = [each for each in link.approved or [] if each != scope]

    def disable_app(self, app: str | None = None, disabled: bool = True) -> None:
        """Disable an app, or enable it again."""
        self.app(app).disabled = disabled

    def change_secret(self, secret: str | None = None, *, app: str | None = None) -> str:
        """Give an app a new secret."""
        found = self.app(app)
        found.secret = secret or self._simulator.serials.app_key()
        return found.secret

    def set_redirect_uris(self, redirect_uris: list[str], *, app: str | None = None) -> None:
        """Set the redirect addresses an app may use."""
        self.app(app).redirect_uris = list(redirect_uris)

    def expire_sessions(self, account: str, app: str | None = None) -> None:
        """Delete every upload session of a link, as happens after some days."""
        self._expire_sessions(self.link(account, app))

    def _expire_sessions(self, link: AppLink) -> None:
        for session in link.sessions.values():
            session.draft.discard()
        link.sessions.clear()

    def forget_jobs(self, account: str, app: str | None = None) -> None:
        """Delete every asynchronous job of a link."""
        self.link(account, app).jobs.clear()

    def reset_cursors(self, account: str, app: str | None = None) -> None:
        """Let every cursor returned so far answer `reset`."""
        self._namespace(account, app).epoch += 1

    def write_file(self, account: str, path: str, data: bytes, *, app: str | None = None) -> dict[str, Any]:
        """Write a file as the user, replacing what is there."""
        namespace = self._namespace(account, app)
        with namespace.lock:
            node = namespace.commit(path=path, blob=self._simulator.store.get(data), mode="overwrite")
            return {"id": node.id, "rev": node.revision.rev if node.revision else None}

    def make_folder(self, account: str, path: str, *, app: str | None = None) -> None:
        """Make a folder as the user."""
        namespace = self._namespace(account, app)
        with namespace.lock:
            namespace.create_folder(path=path)

    def rename(self, account: str, from_path: str, to_path: str, *, app: str | None = None) -> None:
        """Rename or move a file or folder as the user."""
        namespace = self._namespace(account, app)
        with namespace.lock:
            namespace.relocate(from_path=from_path, to_path=to_path)

    def delete(self, account: str, path: str, *, app: str | None = None) -> None:
        """Delete a file or folder as the user."""
        namespace = self._namespace(account, app)
        with namespace.lock:
            namespace.remove(namespace.removable(path=path))

    def move_app_folder(self, account: str, location: str, *, app: str | None = None) -> None:
        """Rename or move the app folder itself; the app is not informed."""
        link = self.link(account, app)
        old, link.location = link.location, location
        keeper = self._simulator.keeper
        if keeper is not None:
            keeper.relocated(link, old)

    def delete_app_folder(self, account: str, *, app: str | None = None) -> None:
        """Delete the app folder itself."""
        namespace = self._namespace(account, app)
        with namespace.lock:
            namespace.remove_everything()

    def tree(self, account: str, app: str | None = None) -> dict[str, dict[str, Any]]:
        """Return the content of an app folder: path → hash, size, rev and id (folders: only id)."""
        namespace = self._namespace(account, app)
        with namespace.lock:
            found: dict[str, dict[str, Any]] = {}
            for node in namespace.tree.root.walk():
                if node.parent is None:
                    continue
                entry: dict[str, Any] = {"id": node.id}
                if node.revision is not None:
                    entry["hash"] = node.revision.blob.content_hash
                    entry["size"] = node.revision.blob.size
                    entry["rev"] = node.revision.rev
                found[node.path_display()] = entry
            return found

    def files(self, account: str, app: str | None = None) -> dict[str, bytes]:
        """Read every file of an app folder: path → bytes."""
        namespace = self._namespace(account, app)
        with namespace.lock:
            nodes = [node for node in namespace.tree.root.walk() if node.revision is not None]
            return {node.path_display(): node.revision.blob.read() for node in nodes if node.revision}

    def read_file(self, account: str, path: str, *, app: str | None = None) -> bytes:
        """Read one file of an app folder."""
        namespace = self._namespace(account, app)
        with namespace.lock:
            node = namespace.tree.find(parse_path(path, self._simulator.behaviour))
            if node is None or node.revision is None:
                raise ControlRefused(f"no file {path}")
            return node.revision.blob.read()

    def add_fault(self, effect: faults.Effect, **rule: Any) -> faults.FaultRule:
        """Add a fault rule: `route`, `account` (email), `nth`, `probability`, `seed`, `times`, `name`."""
        return self._simulator.faults.add(faults.FaultRule(effect, **rule))

    def clear_faults(self) -> None:
        """Remove every fault rule."""
        self._simulator.faults.clear()

    def set_behaviour(self, **switches: Any) -> None:
        """Set switches of `behaviour.Behaviour`."""
        for name, value in switches.items():
            if not hasattr(self._simulator.behaviour, name):
                raise ControlRefused(f"no switch {name}")
            setattr(self._simulator.behaviour, name, value)

    def records(self) -> list[dict[str, Any]]:
        """Export the records of all calls."""
        return self._simulator.recorder.export()

    def summary(self) -> dict[str, Any]:
        """Summarise the records of all calls."""
        return self._simulator.recorder.summary()

    def clear_records(self) -> None:
        """Delete the records of all calls."""
        self._simulator.recorder.clear()
