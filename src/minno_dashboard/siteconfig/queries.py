"""Reads the admin's configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from minno_dashboard.siteconfig.models import Section
from minno_dashboard.siteconfig.sealing import unseal

DROPBOX = "dropbox"
MAIL = "mail"
LIMITS = "limits"
HOME_PAGE = "home page"
MAIL_PASSWORD = "password"  # noqa: S105 - the name of a field
APP_SECRET = "app_secret"  # noqa: S105 - the name of a field


@dataclass(frozen=True)
class DropboxSettings:
    """The section Dropbox. Its secret is returned by `app_secret` only, never by a page, a log or `repr`."""

    is_enabled: bool = False
    app_key: str = ""
    app_name: str = ""
    has_secret: bool = False
    secret_set_at: datetime | None = None
    changed_at: datetime | None = None
    _sealed: str = field(default="", repr=False, compare=False)

    def app_secret(self) -> str:
        """Return the secret in clear, for calls to Dropbox; "" where none is stored.

        Raises:
            SealBroken: it was sealed with another secret key than this installation has now.
        """
        return unseal(self._sealed) if self._sealed else ""


def dropbox() -> DropboxSettings:
    """Return the section Dropbox; disabled until it is saved.

    Its values are stored as `{"is_enabled": bool, "app_key": str, "app_name": str}`, its secret as `app_secret`.
    """
    section = Section.objects.filter(name=DROPBOX).first()
    if section is None:
        return DropboxSettings()
    secret = section.sealed.get(APP_SECRET)
    return DropboxSettings(
        is_enabled=bool(section.values.get("is_enabled", False)),
        app_key=str(section.values.get("app_key", "")),
        app_name=str(section.values.get("app_name", "")),
        has_secret=secret is not None,
        secret_set_at=datetime.fromisoformat(secret["set_at"]) if secret else None,
        changed_at=section.changed_at,
        _sealed=secret["sealed"] if secret else "",
    )


@dataclass(frozen=True)
class MailSettings:
    """The section Mail. `provider` is "off", "gmail" or "smtp"; `security` is "starttls", "tls" or "none"."""

    provider: str = "off"
    host: str = ""
    port: int = 587
    security: str = "starttls"
    username: str = ""
    sender: str = ""
    has_password: bool = False
    password_set_at: datetime | None = None
    _sealed: str = field(default="", repr=False, compare=False)

    @property
    def is_enabled(self) -> bool:
        """Return whether mail can be sent."""
        return self.provider != "off"

    def password(self) -> str:
        """Return the password in clear, for the mail server; "" where none is stored.

        Raises:
            SealBroken: it was sealed with another secret key than this installation has now.
        """
        return unseal(self._sealed) if self._sealed else ""


def mail() -> MailSettings:
    """Return the section Mail; disabled until it is saved."""
    section = Section.objects.filter(name=MAIL).first()
    if section is None:
        return MailSettings()
    secret = section.sealed.get(MAIL_PASSWORD)
    values = section.values
    return MailSettings(
        provider=str(values.get("provider", "off")),
        host=str(values.get("host", "")),
        port=int(values.get("port", 587)),
        security=str(values.get("security", "starttls")),
        username=str(values.get("username", "")),
        sender=str(values.get("sender", "")),
        has_password=secret is not None,
        password_set_at=datetime.fromisoformat(secret["set_at"]) if secret else None,
        _sealed=secret["sealed"] if secret else "",
    )


@dataclass(frozen=True)
class LimitSettings:
    """The section Limits, in bytes; None is without a limit."""

    file_bytes: int | None = None
    space_bytes: int | None = None


def limits() -> LimitSettings:
    """Return the section Limits."""
    section = Section.objects.filter(name=LIMITS).first()
    values = section.values if section else {}
    return LimitSettings(values.get("file_bytes"), values.get("space_bytes"))


@dataclass(frozen=True)
class HomePage:
    """The texts around the login form, as safe HTML, cleaned when saved."""

    above: str = ""
    beside: str = ""


def home_page() -> HomePage:
    """Return the panels of the login page."""
    section = Section.objects.filter(name=HOME_PAGE).first()
    values = section.values if section else {}
    return HomePage(str(values.get("above", "")), str(values.get("beside", "")))
