"""The badge, where the page cannot know how the Dropbox stands."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("badge")]


def test_the_badge_is_grey_while_the_server_does_not_answer_and_when_logged_out(
    site: Site, open_page: OpenPage
) -> None:
    site.add_user("badge-reader")
    page = open_page("badge-reader")
    badge = page.locator("#mirror-bar")
    expect(badge).to_have_text("No backup")
    page.clock.install()
    page.reload()
    page.route("**/dropbox/badge*", lambda route: route.abort())
    page.clock.run_for(30_000)
    expect(badge).to_have_text("Unknown")
    assert badge.get_attribute("data-state") == "unknown"
    assert "has not answered since" in (badge.get_attribute("title") or "")
    page.unroute("**/dropbox/badge*")
    page.clock.run_for(10_000)
    expect(badge).to_have_text("No backup")
    page.context.clear_cookies()
    page.clock.run_for(10_000)
    expect(badge).to_have_text("Logged out")
