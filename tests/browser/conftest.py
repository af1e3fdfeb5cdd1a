"""A real server, a real Chromium, and windows that complain of what a person would not see.

`site` is one Dashboard for all tests of a process; `open_page(user, …)` opens a window that is logged in. When a
window closes, nothing may have gone wrong in its console and no other host may have been asked for anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FloatRect, Locator, Page, expect, sync_playwright

from tests.browser.site import ROOT, Site
from tests.browser.small_png import with_palette

expect.set_options(timeout=30_000)  # a machine may be slow; nothing fails for that

RESULTS = ROOT / "test-results"
IMAGES = ROOT / "docs/manual/images"
AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Chromium logs each answer of 400 and above itself; where a test asks for one, that is no fault of the page.
_EXPECTED = re.compile(
    r"Failed to load resource: (the server responded with a status of (401|403|404|409|413|422|423|503)|net::ERR_)|htmx: htmx:error: Failed to fetch"
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Dashboard with people, shared by all tests that do not bring their own."""
    with with_people(Site(tmp_path_factory.mktemp("site"))) as site:
        yield site


@contextmanager
def with_people(site: Site) -> Iterator[Site]:
    """Run a Dashboard with the researchers dana and noa and the admin ada."""
    site.start()
    try:
        site.add_users(
            *(("dana", "Dana Levi", "researcher"), ("noa", "נועה כהן", "researcher")),
            ("ada", "Ada Admin", "admin"),
        )
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(site: Site, chromium: Browser) -> Iterator[OpenPage]:
    """Open windows: `open_page("dana", "/studies/", width=360, dark=True)`; `user=None` is a visitor."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def watch(page: Page) -> None:
        def heard(message: Any) -> None:
            if message.type in ("error", "warning") and not _EXPECTED.match(message.text):
                complaints.append(f"console: {message.text}")

        def asked(request: Any) -> None:
            if not request.url.startswith(
                ("http://127.0.0.1:", "http://localhost:", "data:", "blob:", "chrome-extension:", "chrome:")
            ):
                complaints.append(f"another host was asked: {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("request", asked)

    def open_one(
        user: str | None,
        path: str = "/studies/",
        *,
        width: int = 1180,
        height: int = 800,
        dark: bool = False,
        **options: Any,
    ) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            **options,
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        if user:
            cookies = [
                {"name": cookie.name, "value": cookie.value or "", "url": site.url}
                for cookie in site.session(user).cookies
            ]
            context.add_cookies(cookies)  # type: ignore[arg-type]
        context.on("page", watch)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def picture(page: Page, name: str, *, whole: bool = False) -> Path:
    """Keep a picture of a page to look at, outside Git; `whole`: below the window's edge too."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.png"
    page.screenshot(path=file, animations="disabled", full_page=whole)
    return file


def is_wanted(name: str) -> bool:
    """Say whether a picture of the manual is missing or wanted anew."""
    return os.environ.get("MINNO_WRITE_SCREENSHOTS") == "1" or not (IMAGES / f"{name}.png").exists()


def for_manual(page: Page, name: str, part: Locator | None = None, *, width: int = 1000) -> None:
    """Keep a picture of a window, or of a part of it, for the manual where it is missing or wanted anew.

    `MINNO_WRITE_SCREENSHOTS=1` wants all anew; test_manual.py says which tests to run then.
    """
    if not is_wanted(name):
        return
    size = page.viewport_size
    page.set_viewport_size({"width": width, "height": 640})
    page.mouse.move(0, 0)
    if part:
        page.evaluate("window.scrollTo(0, 0)")  # where a part stands is told from the window's edge
    box = part.bounding_box() if part else None
    if box:
        clip: FloatRect = {
            "x": box["x"] - 16,
            "y": box["y"],
            "width": box["width"] + 32,
            "height": box["height"],
        }
        shot = page.screenshot(animations="disabled", full_page=True, clip=clip)
    else:
        shot = page.screenshot(animations="disabled")
    (IMAGES / f"{name}.png").write_bytes(with_palette(shot))
    if size:
        page.set_viewport_size(size)


def assert_accessible(page: Page) -> None:
    """Let axe-core look at the page as it stands: nothing serious or critical may be found."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "\n;0")
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    serious = [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
