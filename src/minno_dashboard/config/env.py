"""Reads and checks the product's environment variables."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import idna


class BadEnvironment(SystemExit):
    """An environment variable is invalid; the message names it and says what it takes."""


def text(name: str, default: str = "") -> str:
    """Return a variable, or the content of the file that `<name>_FILE` points to."""
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadEnvironment(
                f"{name}_FILE={file}: this file cannot be read ({error.strerror})."
            ) from error
    return os.environ.get(name, default)


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number between `low` and `high`."""
    raw = os.environ.get(name, "")
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
        raise BadEnvironment(f"{name}={raw}: this takes a whole number from {low} to {high}.")
    return int(raw)


def choice(name: str, choices: Sequence[str]) -> str:
    """Return one of several words; the first by default."""
    given = os.environ.get(name, "") or choices[0]
    if given not in choices:
        raise BadEnvironment(f"{name}={given}: this takes one of: {', '.join(choices)}.")
    return given


def data_dir() -> Path:
    """Return the folder that holds everything the product stores, created if needed."""
    path = Path(os.environ.get("MINNO_DATA_DIR", "data")).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadEnvironment(
            f"MINNO_DATA_DIR={path}: this folder cannot be made ({error.strerror})."
        ) from error
    make_private(path)
    return path


OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def make_private(folder: Path) -> None:
    """Restrict the data folder, and files created from now on, to the account that runs the Dashboard."""
    os.umask(0o077)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if os.name != "nt" and mode & OTHERS_MAY:
        with suppress(PermissionError):  # somebody else's folder: `doctor` says so
            folder.chmod(mode & ~OTHERS_MAY)


def secret_key(folder: Path) -> str:
    """Return the key that seals secrets and signs cookies: the variable's, else one stored 0600 in the data folder."""
    if given := text("MINNO_SECRET_KEY"):
        if len(given) < 32:
            raise BadEnvironment("MINNO_SECRET_KEY: this takes at least 32 characters.")
        return given
    file = folder / "secret_key"
    if not file.exists():
        _make_secret_key(file)
    key = file.read_text(encoding="ascii").strip()
    if len(key) < 32:
        raise BadEnvironment(
            f"{file}: this file does not hold a whole secret key. Put it back from a backup; "
            "if there is none, delete the file: everybody then connects Dropbox again."
        )
    return key


def _make_secret_key(file: Path) -> None:
    """Create a key file, completely on the disk before it gets its name; of two processes one wins."""
    beginning = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beginning, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as handle:
            handle.write(secrets.token_urlsafe(48))
            handle.flush()
            os.fsync(handle.fileno())
        with suppress(FileExistsError):
            os.link(beginning, file)
    finally:
        beginning.unlink()
    if os.name != "nt":  # Windows has no such call and needs none
        above = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(above)
        finally:
            os.close(above)


def blob_store(folder: Path) -> str:
    """Return where file contents are stored: a folder's path, or `s3://bucket/prefix`."""
    given = text("MINNO_BLOB_STORE") or str(folder / "blobs")
    if "://" not in given:
        return str(Path(given).resolve())
    parts = urlsplit(given)
    if parts.scheme != "s3" or not parts.hostname or parts.netloc != parts.hostname or parts.query:
        raise BadEnvironment(
            f"MINNO_BLOB_STORE={given}: this takes a folder, or s3://bucket/prefix; "
            "keys and addresses of other stores go into boto3's own variables."
        )
    return given


DEFAULT_PORTS = {"http": 80, "https": 443}


def server_url(port: int) -> str:
    """Return the public address of the site as browsers write it (see `_public_url`)."""
    given = os.environ.get("MINNO_SERVER_URL", "").strip() or f"http://127.0.0.1:{port}"
    return _public_url("MINNO_SERVER_URL", given, "https://lab.example.org")


def _public_url(name: str, url: str, example: str) -> str:
    """Return an address as browsers write it: lower case, IDNA, no default port, no slash at its end."""
    parts = urlsplit(url)
    is_address = parts.scheme in DEFAULT_PORTS and parts.hostname
    if not is_address or parts.query or parts.fragment or parts.username:
        raise BadEnvironment(f"{name}={url}: this takes an address such as {example}.")
    if parts.path.strip("/"):
        raise BadEnvironment(f"{name}={url}: the Dashboard needs a host of its own, without a path.")
    try:
        given_port = parts.port
    except ValueError as error:
        raise BadEnvironment(f"{name}={url}: its port is not a number from 0 to 65535.") from error
    ending = "" if given_port in (None, DEFAULT_PORTS[parts.scheme]) else f":{given_port}"
    return f"{parts.scheme}://{_host_in_ascii(parts.hostname or '', url)}{ending}"


def _host_in_ascii(host: str, url: str) -> str:
    """Return a host name as browsers send it; an IPv6 address in brackets."""
    if ":" in host:
        return f"[{host}]"
    try:
        return (
            idna.encode(host.rstrip("."), uts46=True).decode("ascii")
            if not host.isascii()
            else host.rstrip(".")
        )
    except idna.IDNAError as error:
        raise BadEnvironment(f"{url}: this is no host name ({error}).") from error


def cookie_suffix(url: str) -> str:
    """Return the suffix that separates this Dashboard's cookies from those of another one on the same host name."""
    port = urlsplit(url).port
    return f"_{port}" if port else ""


def trusted_proxies(url: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted.

    By default this machine's own where the site is reached by https: something on it, or before it, ends the encryption.
    """
    given = os.environ.get("MINNO_TRUSTED_PROXIES")
    if given is None:
        given = "127.0.0.0/8, ::1" if url.startswith("https:") else ""
    return _networks("MINNO_TRUSTED_PROXIES", given)


def _networks(name: str, given: str) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for one in given.replace(",", " ").split():
        try:
            found.append(ip_network(one, strict=False))
        except ValueError as error:
            raise BadEnvironment(
                f"{name}={given}: “{one}” is no address or network such as 10.0.0.0/8."
            ) from error
    return tuple(found)


def metrics_from() -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the addresses that may read `/metrics` without a token; none by default."""
    return _networks("MINNO_METRICS_FROM", os.environ.get("MINNO_METRICS_FROM", ""))


def metrics_token() -> str:
    """Return the token that opens `/metrics`; "" where there is none."""
    given = text("MINNO_METRICS_TOKEN")
    if given and (len(given) < 16 or not given.isascii()):
        raise BadEnvironment("MINNO_METRICS_TOKEN: this takes at least 16 ASCII characters.")
    return given


def participant_url(server: str) -> str:
    """Return the address of a second host for participants' pages, without a slash at its end; "" without one."""
    given = os.environ.get("MINNO_PARTICIPANT_URL", "").strip()
    if not given:
        return ""
    url = _public_url("MINNO_PARTICIPANT_URL", given, "https://studies.example.org")
    # Cookies know no ports: another port of the same name would share the Dashboard's.
    if urlsplit(url).hostname == urlsplit(server).hostname:
        raise BadEnvironment(
            f"MINNO_PARTICIPANT_URL={given}: this needs another host name than MINNO_SERVER_URL has."
        )
    return url


def dropbox_web_origins() -> list[str]:
    """Return the origins of Dropbox's consent page; the SDK's own variable can change them."""
    host = os.environ.get("DROPBOX_WEB_HOST", "")
    if not host:
        return ["https://www.dropbox.com", "https://*.dropbox.com"]
    return [host.rstrip("/") if "://" in host else f"https://{host}"]


def allowed_hosts(url: str, host: str, *others: str) -> list[str]:
    """Return the host names the site answers to: its public one, localhost, the one it listens on."""
    public = urlsplit(url).hostname or ""
    names = ["127.0.0.1", "localhost", "[::1]", f"[{public}]" if ":" in public else public]
    names += [urlsplit(one).hostname or "" for one in others]
    if host not in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        names.append(f"[{host}]" if ":" in host else host)
    return sorted(set(names))


def database(folder: Path) -> dict[str, object]:
    """Return Django's description of the database that `DATABASE_URL` names; SQLite in the data folder by default."""
    return database_at(text("DATABASE_URL"), folder)


def database_at(url: str, folder: Path) -> dict[str, object]:
    """Return Django's description of the database of an address as `DATABASE_URL` takes it."""
    if not url or url.startswith("sqlite"):
        name = unquote(url.removeprefix("sqlite:///")) if url else str(folder / "minno.sqlite3")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise BadEnvironment("DATABASE_URL: this takes sqlite:///… or postgresql://user:password@host/name.")
    try:
        port = str(parts.port or "")
    except ValueError as error:
        raise BadEnvironment("DATABASE_URL: its port is not a number from 0 to 65535.") from error
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": port,
        "OPTIONS": dict(query),  # sslmode and the like are libpq's
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
