"""The Studies list, as a researcher uses it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("studies_list")]


def test_a_new_researcher_makes_a_study_renames_archives_deletes_and_brings_it_back(
    site: Site, open_page: OpenPage
) -> None:
    site.add_user("gil")
    page = open_page("gil")
    expect(page.get_by_text("You have no studies yet.")).to_be_visible()
    picture(page, "studies-empty")
    assert_accessible(page)

    page.get_by_role("button", name="New study").first.click()
    page.get_by_label("Name", exact=True).fill("מחקר ראשון 🧠")
    picture(page, "studies-new-dialog")
    assert_accessible(page)
    page.get_by_role("button", name="Create study").click()
    expect(page.get_by_role("heading", name="מחקר ראשון 🧠")).to_be_visible()

    page.get_by_role("button", name="Actions for this study").click()
    page.get_by_role("link", name="Rename or describe…").click()
    page.get_by_label("Name", exact=True).fill("First study")
    page.get_by_label("Description").fill("Reaction times before and after coffee")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="First study")).to_be_visible()

    page.get_by_role("link", name="Studies").click()
    row = page.get_by_role("listitem").filter(has_text="First study")
    expect(row).to_contain_text("Reaction times before and after coffee")
    row.get_by_role("button", name="Actions for First study").click()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_text("“First study” is archived.")).to_be_visible()
    page.get_by_role("link", name="Archived").click()
    page.get_by_role("button", name="Actions for First study").click()
    page.get_by_role("button", name="Unarchive").click()

    page.get_by_role("button", name="Actions for First study").click()
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("You can bring it back for 30 days")
    picture(page, "studies-delete-dialog")
    dialog.get_by_role("button", name="Delete study").click()
    expect(page.get_by_text("“First study” is deleted.")).to_be_visible()
    page.get_by_role("link", name="Deleted").click()
    page.get_by_role("button", name="Bring back First study").click()
    expect(page.get_by_role("link", name="First study")).to_be_visible()


def test_a_refused_name_opens_the_dialog_again_with_what_was_typed(site: Site, open_page: OpenPage) -> None:
    page = open_page("dana")
    page.get_by_role("button", name="New study").first.click()
    page.get_by_label("Name", exact=True).fill("what/ever")
    page.get_by_label("Description").fill("kept")
    page.get_by_role("button", name="Create study").click()
    dialog = page.get_by_role("dialog", name="New study")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("what/ever")
    expect(dialog.get_by_label("Description")).to_have_value("kept")
    expect(dialog.locator(".field-error")).to_contain_text("/")


def test_search_and_filters_find_studies(site: Site, open_page: OpenPage) -> None:
    site.make_study("dana", "Stroop in Hebrew")
    site.make_study("dana", "Other thing")
    page = open_page("dana")
    page.get_by_role("searchbox", name="Search studies").fill("stroop")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Stroop in Hebrew")).to_be_visible()
    expect(page.get_by_role("link", name="Other thing")).to_have_count(0)
    page.goto("/studies/?q=zzzz")
    expect(page.get_by_text("No study here has “zzzz”")).to_be_visible()


def test_an_example_is_one_click_away(site: Site, open_page: OpenPage) -> None:
    site.add_user("lior")
    page = open_page("lior")
    page.get_by_role("button", name="Start from an example").click()
    expect(page.get_by_role("heading", name="Left or right")).to_be_visible()
    expect(page.get_by_role("treeitem", name="task.js")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1180, False), (1180, True), (360, False), (360, True)])
def test_the_list_is_legible_and_accessible(site: Site, open_page: OpenPage, width: int, dark: bool) -> None:
    name = f"A study with a rather long name to see how it wraps {width}{dark}"
    site.make_study("noa", name)
    page = open_page("noa", width=width, dark=dark)
    expect(page.get_by_role("link", name=name)).to_be_visible()
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0
    picture(page, f"studies-list-{width}-{'dark' if dark else 'light'}")
    assert_accessible(page)
    if width == 360:
        page.get_by_role("button", name="Menu").click()
        expect(page.get_by_role("button", name="Logout")).to_be_visible()
        picture(page, f"studies-menu-360-{'dark' if dark else 'light'}")
        assert_accessible(page)


def test_an_admin_sees_the_admin_menu_and_nobody_elses_studies(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Not for admins")
    page = open_page("ada")
    page.get_by_role("button", name="Admin").click()
    expect(page.get_by_role("link", name="Edit configuration")).to_be_visible()
    expect(page.get_by_role("link", name="User management")).to_be_visible()
    picture(page, "topbar-admin")
    expect(page.get_by_role("link", name="Not for admins")).to_have_count(0)
    page.goto(address)
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    picture(page, "error-404")
