"""The manual's chapter "Setting up Dropbox", word by word, with a real browser, real processes and a local Dropbox."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from dropbox_simulator import Server, Simulator
from tests.browser.conftest import for_manual
from tests.waiting import PATIENCE_SECONDS, serves, until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("dropbox_story")]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "src/minno_dashboard/studies/examples/reaction-time"
APP_KEY, APP_SECRET = "storyappkey0000", "story-app-secret-nobody-may-see"
FIRST_PASSWORD, ADMIN_PASSWORD = "first password of admin", "second password of admin"
ALICE_PASSWORD = "a passphrase of Alice"
ALICE, STUDY = "alice@dropbox.example", "Left or right"


class DashboardWithDropbox:
    """The product as an operator runs it: a web process with its worker, its own data, a Dropbox to talk to."""

    def __init__(self, folder: Path, dropbox: Server) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self.log = folder / "log.txt"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("MINNO_", "DATABASE_"))
        }
        self.env = {
            **kept,
            **dropbox.environment(),
            "MINNO_DATA_DIR": str(self.data),
            "MINNO_PORT": str(self.port),
            "MINNO_ADMIN_PASSWORD": FIRST_PASSWORD,
            "MINNO_LOG_LEVEL": "DEBUG",
            "PYTHONPATH": str(ROOT / "src"),
        }

    def command(self, *words: str) -> str:
        """Run a command of the product and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "minno_dashboard.config.cli", *words],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve until the block ends."""
        with self.log.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "minno_dashboard.config.cli", "serve"],
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                until(lambda: serves(self.url), "the server to answer")
                yield
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture
def dropbox() -> Iterator[Server]:
    """A Dropbox with one account, Alice's."""
    simulator = Simulator(seed=4)
    simulator.control.create_account("Alice Adams", ALICE)
    with Server(simulator) as server:
        yield server


@pytest.fixture
def dashboard(tmp_path: Path, dropbox: Server) -> Iterator[DashboardWithDropbox]:
    """A Dashboard that serves, with a researcher who has a study."""
    dashboard = DashboardWithDropbox(tmp_path, dropbox)
    dropbox.simulator.control.create_app(
        "Minno Dashboard", key=APP_KEY, secret=APP_SECRET, redirect_uris=[f"{dashboard.url}/dropbox/set"]
    )
    with dashboard.serving():
        dashboard.command(
            "create-user", "alice", "--email", "alice@lab.example", "--full-name", "Alice Adams",
            "--password", ALICE_PASSWORD,
        )  # fmt: skip
        dashboard.command("import-study", "--owner", "alice", "--name", STUDY, str(EXAMPLE))
        yield dashboard


@contextmanager
def window(browser: Browser) -> Iterator[Page]:
    """Open a browser window of its own; in the end nothing may have gone wrong in its console."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1180, "height": 820})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def _is_complaint(message: ConsoleMessage) -> bool:
    """Tell an error of our pages from one of Dropbox's, which has no icon."""
    return message.type == "error" and "favicon.ico" not in message.location.get("url", "")


def picture(page: Page, name: str) -> None:
    """Keep a picture for the manual."""
    for_manual(page, f"dropbox-{name}")


def log_in(page: Page, url: str, name: str, password: str) -> None:
    """Log in as anybody does."""
    page.goto(f"{url}/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_the_manual_leads_from_nothing_to_identical_files_in_dropbox(
    dashboard: DashboardWithDropbox, dropbox: Server, chromium: Browser, tmp_path: Path
) -> None:
    with window(chromium) as page:
        enable_the_feature(page, dashboard)
    with window(chromium) as page:
        connect_a_dropbox(page, dashboard)
        assert in_dropbox(dropbox) == in_the_dashboard(dashboard, tmp_path / "first")
        edit_a_file(page, dashboard)
        after = in_the_dashboard(dashboard, tmp_path / "second")
        assert any(b"// edited in the browser" in data for data in after.values())
        until(lambda: in_dropbox(dropbox) == after, "the changes to be in Dropbox")
        page.goto(f"{dashboard.url}/settings/#dropbox")
        expect(page.locator("#dropbox-panel [data-state=proven]")).to_be_visible(
            timeout=PATIENCE_SECONDS * 1000
        )
        page.goto(f"{dashboard.url}/dropbox/restore")
        expect(page.get_by_role("heading", level=1)).to_have_text("Restore a study from Dropbox")
        picture(page, "8-restore")
        page.goto(f"{dashboard.url}/settings/#dropbox")
        stop_synchronizing(page)
        assert in_dropbox(dropbox) == after
    no_secret_in_clear(dashboard, dropbox)


def enable_the_feature(page: Page, dashboard: DashboardWithDropbox) -> None:
    """Manual, 'For administrators', steps 11 to 13."""
    log_in(page, dashboard.url, "admin", FIRST_PASSWORD)
    page.get_by_label("New password", exact=True).fill(ADMIN_PASSWORD)
    page.get_by_label("Confirm new password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Set password").click()

    page.get_by_role("button", name="Admin").click()
    expect(page.get_by_role("link", name="Edit configuration")).to_be_visible()
    picture(page, "1-menu")
    page.get_by_role("link", name="Edit configuration").click()

    section = page.locator("section#dropbox")
    expect(section.get_by_label("Redirect URI")).to_have_value(f"{dashboard.url}/dropbox/set")
    section.get_by_role("radio", name="Enable Dropbox Synchronization").check()
    section.get_by_role("textbox", name="App key").fill(APP_KEY)
    section.get_by_role("textbox", name="App secret").fill(APP_SECRET)
    picture(page, "2-configuration")
    section.get_by_role("button", name="Save changes").click()

    expect(section.get_by_text("Checked with Dropbox just now: this pair works.")).to_be_visible()
    expect(section.get_by_role("textbox", name="App secret")).to_have_value("")
    picture(page, "3-checked")


def connect_a_dropbox(page: Page, dashboard: DashboardWithDropbox) -> None:
    """Manual, 'For every user', steps 1 to 4."""
    log_in(page, dashboard.url, "alice", ALICE_PASSWORD)
    gear, logout = page.get_by_role("link", name="Settings"), page.get_by_role("button", name="Logout")
    gear_box, logout_box = gear.bounding_box(), logout.bounding_box()
    assert gear_box is not None
    assert logout_box is not None
    assert gear_box["x"] >= logout_box["x"] + logout_box["width"]
    gear.click()
    page.locator("section#dropbox").scroll_into_view_if_needed()
    picture(page, "4-settings")
    page.get_by_role("button", name="Synchronize with your Dropbox Account").click()

    expect(page.get_by_text("would like access")).to_be_visible()
    picture(page, "5-consent")
    page.get_by_role("button", name="Allow").click()

    expect(page).to_have_url(f"{dashboard.url}/settings/#dropbox")
    expect(page.get_by_text(f"Connected to the Dropbox of {ALICE}.")).to_be_visible()
    page.locator("section#dropbox").scroll_into_view_if_needed()
    picture(page, "6-connected")
    # Nobody reloads: the section follows the first copy by itself.
    expect(page.locator("#dropbox-panel [data-state=proven]")).to_be_visible(timeout=PATIENCE_SECONDS * 1000)
    expect(page.locator("#mirror-bar[data-state=proven]")).to_be_visible(timeout=PATIENCE_SECONDS * 1000)
    expect(page.locator("#dropbox-panel")).to_contain_text(re.compile("identical in your Dropbox"))
    picture(page, "7-proven")


def edit_a_file(page: Page, dashboard: DashboardWithDropbox) -> None:
    """Change a file in the editor, as a researcher does."""
    page.goto(f"{dashboard.url}/studies/")
    page.get_by_role("link", name=STUDY).first.click()
    page.get_by_role("treeitem", name="task.js").click()
    editor = page.locator(".cm-content")
    expect(editor).to_be_visible()
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("// edited in the browser\n")
    with page.expect_response(lambda answer: answer.url.endswith("/save")) as saving:
        page.keyboard.press("Control+s")
    assert saving.value.ok


def stop_synchronizing(page: Page) -> None:
    """Stop, and read that the files stay."""
    page.get_by_role("button", name="Stop synchronizing with Dropbox").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your files stay in your Dropbox")
    dialog.get_by_role("button", name="Stop synchronizing").click()
    expect(page.get_by_role("button", name="Synchronize with your Dropbox Account")).to_be_visible()


def in_dropbox(dropbox: Server) -> dict[str, bytes]:
    """Return the study's files in Alice's Dropbox, by their path in it."""
    root = f"/Studies/{STUDY}/v1/"
    files = dropbox.simulator.control.files(ALICE)
    return {path.removeprefix(root): data for path, data in files.items() if path.startswith(root)}


def in_the_dashboard(dashboard: DashboardWithDropbox, folder: Path) -> dict[str, bytes]:
    """Return the study's files as the product itself exports them."""
    dashboard.command("export-study", "--owner", "alice", "--name", STUDY, str(folder))
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def no_secret_in_clear(dashboard: DashboardWithDropbox, dropbox: Server) -> None:
    """Search everything the product wrote for the app's secret and Alice's tokens."""
    link = dropbox.simulator.control.link(ALICE)
    secrets = [APP_SECRET, *link.access_tokens, *link.refresh_tokens]
    assert len(secrets) >= 3
    for file in (dashboard.log, *(one for one in dashboard.data.rglob("*") if one.is_file())):
        data = file.read_bytes()
        for secret in secrets:
            assert secret.encode() not in data, f"{file.name} holds a secret in clear"
