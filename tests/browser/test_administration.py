"""The site's administration and people's settings in a browser."""

from __future__ import annotations

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import PASSWORD, Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("administration")]


@pytest.fixture(scope="module")
def study(site: Site) -> str:
    """A study of dana with files and tags."""
    address = site.make_study("dana", "Faces — פרצופים", {"index.html": "<p>hello", "a/b.js": "x"})
    site.python(
        "from minno_dashboard.accounts.models import User\n"
        "from minno_dashboard.studies import tags\n"
        "from minno_dashboard.studies.models import Study\n"
        "dana, noa = User.objects.get(username='dana'), User.objects.get(username='noa')\n"
        "for number, colour in enumerate(tags.PALETTE):\n"
        "    tag = tags.create_tag(user=dana, text=f'{colour.name} תג', colour=colour.code)\n"
        "    if number % 4 == 0: tag.studies.add(Study.objects.get(public_id=sys.argv[1]))\n",
        address.split("/")[2],
    )
    return address


def test_the_log_in_link_stands_beside_the_name_at_phone_width(site: Site, open_page: OpenPage) -> None:
    page = open_page(None, "/lost-password/", width=360)
    brand = page.get_by_role("link", name="Minno", exact=True).bounding_box()
    link = page.get_by_role("link", name="Log in", exact=True).bounding_box()
    assert brand
    assert link
    assert abs((brand["y"] + brand["height"] / 2) - (link["y"] + link["height"] / 2)) < 4


def test_gmail_asks_for_little_and_another_server_for_more(site: Site, open_page: OpenPage) -> None:
    page = open_page("ada", "/admin/configuration/")
    mail = page.locator("section#mail")
    expect(mail.get_by_label("Email address")).to_be_hidden()
    mail.get_by_label("Send email with Gmail").check()
    expect(mail.get_by_label("Email address")).to_be_visible()
    expect(mail.get_by_label("Mail server", exact=True)).to_be_hidden()
    mail.get_by_label("Send email with another mail server").check()
    expect(mail.get_by_label("Mail server", exact=True)).to_be_visible()
    picture(page, "admin-mail-smtp")


def test_a_tag_is_made_by_keyboard_and_filters_the_list(site: Site, study: str, open_page: OpenPage) -> None:
    page = open_page("dana", "/tags/")
    page.get_by_label("Name").fill("keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="keyboard")).to_be_visible()
    page.goto(f"{study}tags/")
    page.get_by_label("keyboard").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("navigation", name="Tags").get_by_text("keyboard").click()
    expect(page.get_by_role("listitem").filter(has_text="Faces")).to_be_visible()


def test_the_theme_is_chosen_in_settings(site: Site, open_page: OpenPage) -> None:
    page = open_page("noa", "/settings/")
    page.get_by_label("Dark", exact=True).check()
    page.get_by_role("button", name="Save appearance").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_badge_stops_asking_once_logged_out(site: Site, open_page: OpenPage) -> None:
    page = open_page("noa", "/settings/")
    badge = page.locator("#mirror-bar")
    expect(badge).to_be_visible()
    page.context.clear_cookies()
    expect(page.locator("#mirror-bar:not([hx-trigger])")).to_be_visible()


def test_an_admin_acts_as_somebody_and_ends_it(site: Site, study: str, open_page: OpenPage) -> None:
    page = open_page("ada", "/admin/users/", width=360)
    page.get_by_role("button", name="Actions for dana").click()
    page.get_by_role("link", name="Act as dana…").click()
    page.get_by_label("Reason").fill("Dana asked for help with a file")
    page.get_by_role("button", name="Act as dana").click()
    expect(page.get_by_text("You are acting as Dana Levi")).to_be_visible()
    expect(page.get_by_role("link", name="Faces")).to_be_visible()
    picture(page, "admin-acting-360")
    assert_accessible(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("You are Ada Admin again.")).to_be_visible()


def test_two_step_log_in_from_the_settings_to_the_second_page(site: Site, open_page: OpenPage) -> None:
    site.add_user("tal")
    page = open_page("tal", "/settings/security/two-step/")
    secret = page.get_by_label("Or enter this key in the app").input_value()
    page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    picture(page, "admin-recovery-codes")
    code = page.locator("pre").inner_text().split()[0]
    visitor = open_page(None, "/login/?next=/settings/", width=360)
    visitor.get_by_label("User name or email address").fill("tal")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()
    expect(visitor.get_by_role("heading", name="Second step")).to_be_visible()
    picture(visitor, "admin-second-step-360")
    visitor.get_by_label("Code").fill(code)
    visitor.get_by_role("button", name="Log in").click()
    expect(visitor.get_by_text("9 recovery codes left")).to_be_visible()
    visitor.locator("#security").scroll_into_view_if_needed()
    picture(visitor, "admin-security-360")
