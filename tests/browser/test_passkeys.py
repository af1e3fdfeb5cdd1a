"""Passkeys in a real Chromium with a virtual authenticator: added in Settings, and used to log in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import assert_accessible
from tests.browser.site import PASSWORD, Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("passkeys")]


@pytest.fixture(scope="module")
def named_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Dashboard that is reached by a name: browsers bind passkeys to no number."""
    site = Site(tmp_path_factory.mktemp("named"))
    site.url = site.env["MINNO_SERVER_URL"] = f"http://localhost:{site.port}"
    site.start()
    site.add_users(("dana", "Dana Levi", "researcher"))
    yield site
    site.stop()


@pytest.fixture
def page(named_site: Site, chromium: Browser) -> Iterator[Page]:
    """A window with a device that holds passkeys and knows its owner."""
    context = chromium.new_context(base_url=named_site.url)
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield page
    context.close()


def test_a_passkey_is_added_and_opens_the_way_to_where_one_wanted(page: Page) -> None:
    page.goto("/settings/")
    page.get_by_label("User name or email address").fill("dana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("link", name="Add a passkey").click()
    assert_accessible(page)
    page.get_by_label("Name").fill("My laptop")
    page.get_by_label("Your password").fill("not this one")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Wrong password")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_text("“My laptop” is added")).to_be_visible()
    expect(page.locator("#passkeys")).to_contain_text("never used")

    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Again")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("already has a passkey of yours")

    page.get_by_role("button", name="Logout").click()
    page.goto("/tags/")
    assert_accessible(page)
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", name="Tags", exact=True)).to_be_visible()

    page.goto("/settings/")
    page.get_by_role("button", name="Remove My laptop").click()
    page.get_by_role("button", name="Remove passkey").click()
    expect(page.get_by_text("no longer works").first).to_be_visible()
    page.get_by_role("button", name="Logout").click()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be used here")
