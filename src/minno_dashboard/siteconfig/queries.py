"""Reading what an admin configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from minno_dashboard.siteconfig.models import Section
from minno_dashboard.siteconfig.sealing import unseal

DROPBOX = "dropbox"
APP_SECRET = "app_secret"  # noqa: S105 - the name of a field


@dataclass(frozen=True)
class DropboxSettings:
    """The section Dropbox. Its secret leaves only through `app_secret`, never through a page, a log or `repr`."""

    is_enabled: bool = False
    app_key: str = ""
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
    """Return the section Dropbox; switched off where nobody saved it yet.

    Its values are stored as `{"is_enabled": bool, "app_key": str}`, its secret as `app_secret`.
    """
    section = Section.objects.filter(name=DROPBOX).first()
    if section is None:
        return DropboxSettings()
    secret = section.sealed.get(APP_SECRET)
    return DropboxSettings(
        is_enabled=bool(section.values.get("is_enabled", False)),
        app_key=str(section.values.get("app_key", "")),
        has_secret=secret is not None,
        secret_set_at=datetime.fromisoformat(secret["set_at"]) if secret else None,
        changed_at=section.changed_at,
        _sealed=secret["sealed"] if secret else "",
    )
