"""The Dashboard in Hebrew and in Arabic, from right to left, as a browser shows it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import PASSWORD, Site
from tests.browser.test_hebrew_editor import speaks

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("right_to_left")]

WIDTHS = (1180, 360)


def looked_at(page: Page, name: str, *, language: str = "he") -> None:
    """Look at a page wide and narrow: mirrored, whole, accessible, and kept as a picture."""
    root = page.locator("html")
    expect(root).to_have_attribute("dir", "rtl")
    expect(root).to_have_attribute("lang", language)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        picture(page, f"{language}-{name}-{width}", whole=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    assert_accessible(page)


def test_hebrew_and_arabic_run_from_right_to_left_and_code_does_not(site: Site, open_page: OpenPage) -> None:
    site.add_users(("rivka", "רבקה לוי", "researcher"))
    study = site.make_study(
        "rivka", "זיהוי פנים Faces", {"task.js": "const trials = 40;\n", "תמונות/a.txt": "a"}
    )

    page = open_page(None, "/login/", locale="he-IL")
    looked_at(page, "log-in")
    page.get_by_label("שם משתמש או כתובת דוא״ל").fill("rivka")
    page.get_by_label("סיסמה").fill(PASSWORD)
    page.get_by_role("button", name="התחברות").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("מחקרים"))
    brand = page.locator(".navbar-brand").bounding_box()
    gear = page.locator(".topbar-settings").bounding_box()
    assert brand
    assert gear
    assert brand["x"] > gear["x"], "the bar begins at the right"
    looked_at(page, "studies")

    page.goto(f"{study}?file=task.js")
    code = page.locator(".cm-content")
    expect(code).to_contain_text("const trials")
    assert code.evaluate("element => getComputedStyle(element).direction") == "ltr"
    tree, editor = page.get_by_role("tree").bounding_box(), code.bounding_box()
    assert tree
    assert editor
    assert tree["x"] > editor["x"], "the files stand at the right of the editor"
    looked_at(page, "study")

    page.goto("/settings/")
    looked_at(page, "settings")
    page.get_by_label("שפה").select_option(label="العربية")
    page.get_by_role("button", name="שמירת המראה").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("الإعدادات")

    page.goto("/studies/")
    changed = page.locator("time[data-ago]").first
    expect(changed).to_have_text(re.compile("الآن|قبل"))
    expect(changed).to_have_attribute("title", re.compile("20[0-9]{2}"))  # and not ٢٠٢٦
    page.get_by_role("link", name="זיהוי פנים Faces").click()
    expect(page.get_by_role("tree")).to_be_visible()
    files = page.get_by_role("treeitem")
    files.first.click()
    files.last.click(modifiers=["Control"], button="left")
    files.last.click(button="right")
    expect(page.get_by_role("menuitem", name="حذف (عنصران)")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("treeitem", name="task.js").click()
    code.press("Control+f")
    speaks(page.locator(".cm-search"), "ء-ي")
    looked_at(page, "study", language="ar")

    page.goto("/settings/")
    looked_at(page, "settings", language="ar")
    page.get_by_label("اللغة").select_option("en")
    page.get_by_role("button", name="حفظ المظهر").click()
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Settings"))
