"""The product as a process of its own with its own data, for browsers to visit; run as a module it is that process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.waiting import PATIENCE_SECONDS, serves, until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a passphrase for tests"
CONFIRMED_SECONDS = 600.0
"""The Dashboard asks for the password again after 15 minutes; pages of tests must not meet that by chance."""


class Site:
    """A running Dashboard; `stop` and `start` again are what an operator's restart is."""

    command: tuple[str, ...] = (sys.executable, "-m", "tests.browser.site")

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log.txt"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MINNO_", "DATABASE_", "DJANGO_"))}
        self.env = {
            **kept,
            "MINNO_DATA_DIR": str(folder / "data"),
            "MINNO_PORT": str(self.port),
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "PYTHONWARNINGS": "error",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._shell: subprocess.Popen[str] | None = None
        self._sessions: dict[str, requests.Session] = {}
        self._logged_in_at: dict[str, float] = {}

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, env=self.env, stdout=log, stderr=log, cwd=ROOT)
        try:
            until(self.answers, "the server to answer")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server."""
        if self._shell is not None:
            self._shell.kill()
            self._shell.communicate()
            self._shell = None
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=PATIENCE_SECONDS)
            self._process = None

    def answers(self) -> bool:
        """Say whether the server serves."""
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        return serves(self.url)

    def memory_bytes(self) -> int:
        """Return the most memory that the server has held so far."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def python(self, code: str, *arguments: str) -> str:
        """Run Python with the site's data; `sys.argv[1:]` are the arguments. Returns what it printed."""
        if self._shell is None or self._shell.poll() is not None:
            command = [sys.executable, "-m", "tests.browser.site_shell"]
            self._shell = subprocess.Popen(
                command, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(json.dumps([code, *arguments]) + "\n")
        self._shell.stdin.flush()
        error, printed = json.loads(self._shell.stdout.readline())
        assert not error, error + printed
        return str(printed).strip()

    def add_users(self, *people: tuple[str, str, str]) -> None:
        """Add people by user name, full name and role; each has the password `PASSWORD`."""
        self.python(
            "from minno_dashboard.accounts.models import User\n"
            "password, *given = sys.argv[1:]\n"
            "for name, full, role in zip(given[::3], given[1::3], given[2::3]):\n"
            "    user = User(username=name, email=name + '@lab.example', full_name=full, role=role)\n"
            "    user.set_password(password)\n"
            "    user.save()",
            PASSWORD,
            *(word for person in people for word in person),
        )

    def add_user(self, name: str) -> None:
        """Add a researcher."""
        self.add_users((name, name, "researcher"))

    def session(self, name: str) -> requests.Session:
        """Return a session of this person without a browser; it is never so old that a password is asked again."""
        age = time.monotonic() - self._logged_in_at.get(name, -CONFIRMED_SECONDS)
        if age >= CONFIRMED_SECONDS:
            session = requests.Session()
            session.get(f"{self.url}/login/", timeout=PATIENCE_SECONDS)
            data = {
                "username": name,
                "name": name,
                "password": PASSWORD,
                "csrfmiddlewaretoken": session.cookies["csrftoken"],
            }
            answer = session.post(
                f"{self.url}/login/", data=data, timeout=PATIENCE_SECONDS, allow_redirects=False
            )
            assert answer.status_code == 302, answer.text
            self._logged_in_at[name] = time.monotonic()
            is_whole = not answer.headers["Location"].startswith("/login/")  # a second step is not taken here
            if is_whole or name not in self._sessions:
                self._sessions[name] = session
        return self._sessions[name]

    def post(
        self, name: str, path: str, *, json: object = None, data: bytes | None = None
    ) -> requests.Response:
        """Post to an address as this person."""
        session = self.session(name)
        headers = {
            "X-CSRFToken": session.cookies["csrftoken"],
            "Content-Type": "application/octet-stream" if json is None else "application/json",
            "X-Requested-With": "fetch",
        }
        body: dict[str, object] = {"data": data} if json is None else {"json": json}
        return session.post(f"{self.url}{path}", headers=headers, timeout=PATIENCE_SECONDS, **body)  # type: ignore[arg-type]

    def make_study(self, owner: str, name: str, files: Mapping[str, bytes | str] | None = None) -> str:
        """Make a study with these files; return its address, `/studies/…/`."""
        session = self.session(owner)
        data = {"name": name, "kind": "html", "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        answer = session.post(
            f"{self.url}/studies/new/", data=data, timeout=PATIENCE_SECONDS, allow_redirects=False
        )
        assert answer.status_code == 302, answer.text
        address = answer.headers["Location"]
        for path, content in (files or {}).items():
            self.put(owner, address, path, content)
        return address

    def put(self, owner: str, address: str, path: str, content: bytes | str) -> None:
        """Upload a file as another browser tab of this person would."""
        query = requests.models.PreparedRequest()
        query.prepare_url(f"{self.url}{address}v1/uploads/whole", {"path": path, "if_there": "overwrite"})
        assert query.url
        answer = self.post(
            owner,
            query.url.removeprefix(self.url),
            data=content.encode() if isinstance(content, str) else content,
        )
        assert answer.ok, answer.text

    def read(self, owner: str, address: str, path: str) -> bytes:
        """Return a file's bytes as the site serves them."""
        answer = self.session(owner).get(
            f"{self.url}{address}raw/{path}", params={"download": ""}, timeout=PATIENCE_SECONDS
        )
        assert answer.ok, answer.text
        return answer.content

    def paths(self, owner: str, address: str) -> list[str]:
        """Return the paths of all files and folders of v1."""
        tree = self.session(owner).get(f"{self.url}{address}v1/tree", timeout=PATIENCE_SECONDS).json()["tree"]
        nodes = {node["id"]: node for node in tree["nodes"]}

        def path(node: dict[str, object]) -> str:
            above = nodes.get(node["parent"])
            return f"{path(above)}/{node['name']}" if above else str(node["name"])

        return sorted(path(node) for node in nodes.values())


class WholeSite(Site):
    """All processes of `serve`: gateway, pages, participants, worker."""

    command = (sys.executable, "-m", "minno_dashboard.config.cli", "serve")

    def kill(self, name: str) -> None:
        """Kill -9 a child by a word of its command line; `serve` starts it again."""
        assert self._process is not None
        for file in Path(f"/proc/{self._process.pid}/task").glob("*/children"):
            for pid in file.read_text().split():
                if name in Path(f"/proc/{pid}/cmdline").read_bytes().decode():
                    os.kill(int(pid), signal.SIGKILL)
                    return
        raise AssertionError(f"there is no {name}")


def serve() -> None:
    """Bring the database up to date and serve, as the product's own web process does."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "minno_dashboard.config.settings"
    django.setup()

    import waitress
    from django.conf import settings
    from django.core.management import call_command

    from minno_dashboard.config.wsgi import application

    call_command("migrate", verbosity=0)
    waitress.serve(
        application,
        host="127.0.0.1",
        port=settings.PORT,
        threads=8,
        inbuf_overflow=512 * 1024,
        ident="",
        _quiet=True,
    )


if __name__ == "__main__":
    serve()
