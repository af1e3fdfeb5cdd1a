"""Apps, accounts, the links between them, and their tokens."""

from __future__ import annotations

from dataclasses import dataclass, field

from dropbox_simulator.namespace import Namespace
from dropbox_simulator.sessions import StoredSession

ALL_SCOPES = (
    "account_info.read",
    "files.metadata.read",
    "files.metadata.write",
    "files.content.read",
    "files.content.write",
)
"""The scopes an app may have here, in the order consent pages show them."""

SCOPE_WORDS = {
    "account_info.read": "View basic information about your Dropbox account such as your username, email, and country",
    "files.metadata.read": "View information about your Dropbox files and folders",
    "files.metadata.write": "View and edit information about your Dropbox files and folders",
    "files.content.read": "View content of your Dropbox files and folders",
    "files.content.write": "Edit content of your Dropbox files and folders",
}
"""How the consent page words each scope."""


@dataclass
class App:
    """One app of the App console, with access to its App folder only."""

    key: str
    secret: str
    name: str
    redirect_uris: list[str]
    scopes: list[str]
    disabled: bool = False


@dataclass
class DropboxAccount:
    """One Dropbox account; `other_bytes` are outside of app folders, `member_limit` is its own in a team (0: none)."""

    account_id: str
    uid: int
    name: str
    email: str
    quota: int = 2 * 1024**3
    other_bytes: int = 0
    suspended: bool = False
    team: bool = False
    member_limit: int = 0


@dataclass
class Token:
    """What an access or refresh token allows; `expires_at` is None for those that never expire."""

    text: str
    scopes: list[str]
    expires_at: float | None = None
    parent: str | None = None
    revoked: bool = False


@dataclass
class Code:
    """An authorisation code, valid for one exchange."""

    text: str
    app_key: str
    account_id: str
    redirect_uri: str | None
    scopes: list[str]
    scopes_named: bool
    offline: bool
    challenge: str | None
    challenge_method: str
    expires_at: float
    used: bool = False


@dataclass
class AsyncJob:
    """An asynchronous job: done after a time and a number of checks."""

    kind: str
    answer: dict[str, object]
    ready_at: float
    polls_left: int


@dataclass
class AppLink:
    """One account's use of one app: the app folder, tokens, sessions and jobs."""

    app: App
    account: DropboxAccount
    namespace: Namespace
    location: str
    approved: list[str] | None = None
    access_tokens: dict[str, Token] = field(default_factory=dict)
    refresh_tokens: dict[str, Token] = field(default_factory=dict)
    sessions: dict[str, StoredSession] = field(default_factory=dict)
    jobs: dict[str, AsyncJob] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name the link in records and rules."""
        return f"{self.account.email}/{self.app.key}"

    def unlink(self) -> None:
        """Disconnect the app and revoke every token."""
        self.approved = None
        for token in [*self.access_tokens.values(), *self.refresh_tokens.values()]:
            token.revoked = True
