"""The editor in Hebrew: what its library, its checks and its pieces say is Hebrew, too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("hebrew_editor")]

FILES = {
    "wrong.js": "const one = 1;\nconst one = 2;\n",
    "bad.json": '{"a": 1 "b": 2}',
    "task.js": "define(['managerAPI'], function (Manager) {\n});\n",
    "page.html": '<!doctype html><title>x</title><img src="nowhere.png" alt="">',
}
# Two Latin words in a row that are not marked off as code.
LATIN = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


def is_hebrew(place: Locator) -> None:
    """Expect Hebrew, and no English sentence."""
    speaks(place, "א-ת")


def speaks(place: Locator, letters: str) -> None:
    """Expect words in a place, and no English sentence: neither as text nor in what a screen reader says."""
    expect(place).to_be_visible()
    said = place.evaluate(
        """place => [place, ...place.querySelectorAll("*")].flatMap((one) =>
          ["aria-label", "title", "placeholder"].map((name) => one.getAttribute(name) ?? "")
        ).concat(place.innerText).join("\\n")"""
    )
    assert re.search(f"[{letters}]{{2}}", said), said
    assert not LATIN.search(re.sub("\u2068.*?\u2069", "", said)), said


def test_the_editor_speaks_hebrew_throughout(site: Site, open_page: OpenPage) -> None:
    study = site.make_study("dana", "עורך", FILES)
    site.python(
        "from minno_dashboard.studies.models import Study\n"
        "Study.objects.filter(public_id=sys.argv[1]).update(kind='minnojs')",
        study.split("/")[2],
    )
    page = open_page("dana", f"{study}?file=wrong.js", locale="he-IL")
    expect(page.locator("[data-mistakes]")).to_have_text("שורה 2: השם '\u2068one\u2069' כבר הוגדר")
    page.locator(".cm-lint-marker-error").hover()
    is_hebrew(page.locator(".cm-tooltip-lint"))
    code = page.locator("[data-body] .cm-content")
    code.press("Control+Shift+M")
    is_hebrew(page.locator(".cm-panel-lint"))
    code.press("Control+f")
    search = page.locator(".cm-search")
    is_hebrew(search)
    field, close = (
        search.locator("[name=search]").bounding_box(),
        search.locator("[name=close]").bounding_box(),
    )
    assert field
    assert close
    assert close["x"] < field["x"], "the panel runs from right to left"
    picture(page, "hebrew-search")
    assert_accessible(page)
    code.press("Control+Alt+g")
    is_hebrew(page.locator(".cm-dialog"))

    page.get_by_role("treeitem", name="bad.json", exact=True).click()
    expect(page.locator("[data-mistakes]")).to_contain_text("אחרי ערך של מאפיין")

    page.get_by_role("treeitem", name="task.js", exact=True).click()
    page.locator("[data-insert]").click()
    is_hebrew(page.get_by_role("menu"))
    page.get_by_role("menuitem", name="ערבוב: הסתעפות").click()
    expect(code).to_contain_text("mixer: 'branch'")
    code.press("Control+End")
    page.keyboard.type("task")
    is_hebrew(page.locator(".cm-completionLabel", has_text="משימה: שאלון"))
    picture(page, "hebrew-completions")
