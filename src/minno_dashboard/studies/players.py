"""The MinnoJS player: a library that the lab installs, kept beside the other data and never downloaded by the Dashboard."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext

from minno_dashboard.core.errors import Invalid, NotFound

SCRIPT = "pi-minno.js"
STYLE = "main.css"
_ENDINGS = {".js", ".css", ".map", ".html", ".jst", ".png", ".gif", ".svg", ".woff", ".woff2", ".ttf", ".eot"}
_MAX_BYTES = 100 * 1024 * 1024


def folder() -> Path:
    """Return the folder of the player."""
    return Path(settings.DATA_DIR) / "players" / "minnojs"


def is_installed() -> bool:
    """Return whether a player is installed."""
    return (folder() / SCRIPT).is_file()


def file_at(path: str) -> Path:
    """Return a file of the player.

    Raises:
        NotFound: the player has no such file, or is not installed.
    """
    top = folder().resolve()
    if "\0" not in path:  # no file system has such a name, not even to look for it
        file = (top / path).resolve()
        if file.is_relative_to(top) and file.is_file():
            return file
    raise NotFound(gettext("The MinnoJS player has no such file."))


def install(source: Path) -> int:
    """Install a player from a folder or zip that holds `pi-minno.js`, replacing an earlier one; return the files.

    Raises:
        Invalid: there is no `pi-minno.js`, or the zip cannot be read.
    """
    with tempfile.TemporaryDirectory() as unpacked:
        top = _script_folder(_unzipped(source, Path(unpacked)) if source.is_file() else source)
        files = [one for one in top.rglob("*") if one.is_file() and one.suffix.lower() in _ENDINGS]
        _check_size(one.stat().st_size for one in files)
        fresh = folder().with_name("minnojs.new")
        shutil.rmtree(fresh, ignore_errors=True)
        for file in files:
            target = fresh / file.relative_to(top)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    old = folder().with_name("minnojs.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder().exists():
        folder().replace(old)
    fresh.replace(folder())
    shutil.rmtree(old, ignore_errors=True)
    return len(files)


def _check_size(sizes: Iterable[int]) -> None:
    if sum(sizes) > _MAX_BYTES:
        raise Invalid(gettext("This is larger than 100 MB, so it cannot be the player. Nothing was changed."))


def _unzipped(source: Path, target: Path) -> Path:
    try:
        with zipfile.ZipFile(source) as archive:
            _check_size(one.file_size for one in archive.infolist())
            archive.extractall(target)
    except zipfile.BadZipFile as error:
        raise Invalid(
            gettext("%(name)s is not a zip file. Give a folder or a zip that contains %(script)s.")
            % {"name": source.name, "script": SCRIPT}
        ) from error
    return target


def _script_folder(top: Path) -> Path:
    """Return the folder with the player's script: the topmost one, as zips often hold one folder around all."""
    found = sorted(top.rglob(SCRIPT), key=lambda one: (len(one.parts), one.as_posix()))
    if not found:
        raise Invalid(
            gettext("There is no %(script)s in %(name)s. It is in the folder dist/ of a MinnoJS release.")
            % {"script": SCRIPT, "name": top.name}
        )
    return found[0].parent
