"""The editor: what is typed is saved, compared, and never lost."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("studies_editor")]

FILES = {
    "index.html": "<!doctype html>\n<html>\n  <head>\n    <title>משימה</title>\n  </head>\n</html>\n",
    "task.js": "// A task\nconst trials = [1, 2, 3];\nexport function run(name) {\n  return `Hello ${name}`;\n}\n",
    "settings.json": '{"blocks": 3, "feedback": true}\n',
    "text/הוראות.md": "# ברוכים הבאים\n\nלחצו על המקש.\n",
}


def open_file(page: Page, name: str) -> None:
    page.get_by_role("treeitem", name=name, exact=True).click()
    expect(page.locator(".tab-shown")).to_contain_text(name)
    expect(page.locator(".cm-content")).to_be_visible()


def type_at_start(page: Page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text(text)


def test_a_file_is_edited_and_saved_with_the_keyboard(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Editing", FILES)
    page = open_page("dana", address)
    open_file(page, "task.js")
    expect(page.locator("[data-status]")).to_have_text("Saved")
    type_at_start(page, "// typed 🙂 שלום\n")
    expect(page.locator("[data-status]")).to_have_text("Unsaved")
    expect(page).to_have_title(re.compile("^● Editing"))
    expect(page.locator(".tab-unsaved")).to_be_visible()
    expect(page.locator("[data-position]")).to_have_text("Ln 2, Col 1")
    picture(page, "editor-unsaved")
    assert_accessible(page)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-status]")).to_have_text("Saved")
    expect(page).to_have_title(re.compile("^Editing"))
    assert site.read("dana", address, "task.js").decode() == "// typed 🙂 שלום\n" + FILES["task.js"]


def test_search_in_a_file_opens_with_ctrl_f(site: Site, open_page: OpenPage) -> None:
    page = open_page("dana", site.make_study("dana", "Searching", FILES))
    open_file(page, "task.js")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+f")
    page.keyboard.type("trials")
    expect(page.locator(".cm-searchMatch")).to_have_count(1)
    picture(page, "editor-search")
    assert_accessible(page)


def test_leaving_with_unsaved_text_asks_first(site: Site, open_page: OpenPage) -> None:
    page = open_page("dana", site.make_study("dana", "Leaving", FILES))
    open_file(page, "task.js")
    type_at_start(page, "// unsaved\n")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    # Leaving all the same loses nothing either.
    expect(page.get_by_text("Your unsaved text was restored.")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("// unsaved")
    picture(page, "editor-draft")
    page.get_by_role("button", name="Use the saved file").click()
    expect(page.locator(".cm-content")).not_to_contain_text("// unsaved")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".cm-content")).to_contain_text("// unsaved")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-status]")).to_have_text("Saved")


@pytest.mark.parametrize("way", ["Keep mine", "Use theirs", "Save mine as a copy"])
def test_a_conflict_shows_both_texts_and_three_ways_on(site: Site, open_page: OpenPage, way: str) -> None:
    address = site.make_study("dana", f"Conflict {way}", {"task.js": "one\ntwo\nthree\n"})
    page = open_page("dana", address)
    open_file(page, "task.js")
    type_at_start(page, "mine\n")
    site.put("dana", address, "task.js", "theirs\ntwo\nthree\n")
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog", name="This file has conflicting changes")
    expect(dialog.locator(".cm-mergeView .cm-content").first).to_contain_text("theirs")
    expect(dialog.locator(".cm-mergeView .cm-content").last).to_contain_text("mine")
    picture(page, "editor-conflict")
    assert_accessible(page)
    assert site.read("dana", address, "task.js") == b"theirs\ntwo\nthree\n"

    dialog.get_by_role("button", name=way).click()
    if way == "Save mine as a copy":
        page.get_by_role("dialog", name="Save mine as a copy").get_by_role("button", name="Save").click()
        expect(page.get_by_role("treeitem", name="task (mine).js")).to_be_visible()
    expect(page.locator("[data-status]")).to_have_text("Saved")
    expected = {
        "Keep mine": b"mine\none\ntwo\nthree\n",
        "Use theirs": b"theirs\ntwo\nthree\n",
        "Save mine as a copy": b"theirs\ntwo\nthree\n",
    }[way]
    assert site.read("dana", address, "task.js") == expected
    if way == "Save mine as a copy":
        assert site.read("dana", address, "task (mine).js") == b"mine\none\ntwo\nthree\n"


def test_closing_the_conflict_decides_nothing(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Undecided", {"task.js": "one\n"})
    page = open_page("dana", address)
    open_file(page, "task.js")
    type_at_start(page, "mine\n")
    site.put("dana", address, "task.js", "theirs\n")
    page.keyboard.press("Control+s")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.locator("[data-status]")).to_have_text("Conflict")
    expect(page.locator(".cm-content")).to_contain_text("mine")
    picture(page, "editor-conflict-note")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("dialog", name="This file has conflicting changes")).to_be_visible()


def test_an_expired_log_in_keeps_the_text_and_saves_after_logging_in_again(
    site: Site, open_page: OpenPage
) -> None:
    address = site.make_study("dana", "Expired", {"task.js": "one\n"})
    page = open_page("dana", address)
    open_file(page, "task.js")
    type_at_start(page, "typed while away\n")
    cookies = page.context.cookies()
    page.context.clear_cookies(name=re.compile("sessionid"))
    page.keyboard.press("Control+s")
    expect(
        page.get_by_text("You are logged out, so this was not saved. Your text stays here.")
    ).to_be_visible()
    picture(page, "editor-logged-out")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Log in in a new tab").click()
    expect(opened.value.get_by_role("button", name="Log in")).to_be_visible()
    opened.value.close()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.get_by_role("button", name="Save again").click()
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert site.read("dana", address, "task.js") == b"typed while away\none\n"


@pytest.fixture
def own_site() -> Iterator[Site]:
    """A Dashboard that a test may stop."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        site.start()
        site.add_user("dana")
        yield site
        site.stop()


def test_a_server_that_is_down_loses_nothing(own_site: Site, open_page: OpenPage) -> None:
    address = own_site.make_study("dana", "Down", {"task.js": "one\n"})
    page = open_page(None, "/login/")
    page.context.add_cookies(
        [
            {"name": c.name, "value": c.value or "", "url": own_site.url}
            for c in own_site.session("dana").cookies
        ]
    )
    page = page.context.new_page()
    page.goto(f"{own_site.url}{address}")
    open_file(page, "task.js")
    type_at_start(page, "typed while it was down\n")
    own_site.stop()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("The Dashboard cannot be reached.")).to_be_visible()
    expect(page.locator("[data-status]")).to_have_text("Unsaved")
    picture(page, "editor-down")
    own_site.start()
    page.get_by_role("button", name="Save again").click()
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert own_site.read("dana", address, "task.js") == b"typed while it was down\none\n"


def test_a_file_deleted_elsewhere_keeps_its_text(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Gone", {"task.js": "one\n"})
    page = open_page("dana", address)
    open_file(page, "task.js")
    type_at_start(page, "still here\n")
    node = page.evaluate("Number(document.querySelector('[role=treeitem]').dataset.id)")
    assert site.post("dana", f"{address}v1/delete", json={"ids": [node]}).ok
    page.keyboard.press("Control+s")
    expect(page.locator("[data-status]")).to_have_text("Deleted")
    expect(page.locator(".cm-content")).to_contain_text("still here")
    picture(page, "editor-deleted")
    page.get_by_role("button", name="Bring the file back").click()
    expect(page.locator(".cm-content")).to_contain_text("still here")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+s")
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert site.read("dana", address, "task.js") == b"still here\none\n"


def test_a_clean_file_follows_what_another_tab_saved(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Following", {"task.js": "one\n"})
    page = open_page("dana", address)
    open_file(page, "task.js")
    site.put("dana", address, "task.js", "two\n")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator(".cm-content")).to_contain_text("two")
    expect(page.locator("[data-status]")).to_have_text("Saved")


@pytest.mark.parametrize(
    ("content", "typed", "expected"),
    [
        (b"\xef\xbb\xbfa\r\nb\r\n", "x\n", b"\xef\xbb\xbfx\r\na\r\nb\r\n"),
        (b"a\nb\r\nc\n", "x\n", b"x\na\nb\r\nc\n"),
        (b"no newline at the end", "x\n", b"x\nno newline at the end"),
    ],
    ids=["BOM and CRLF", "mixed line ends", "no last newline"],
)
def test_conventions_of_a_file_are_kept(
    site: Site, open_page: OpenPage, content: bytes, typed: str, expected: bytes
) -> None:
    address = site.make_study(
        "dana", f"Conventions {content!r}"[:60].replace("\\", "").replace("'", ""), {"a.txt": content}
    )
    page = open_page("dana", address)
    open_file(page, "a.txt")
    type_at_start(page, typed)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert site.read("dana", address, "a.txt") == expected


def test_bytes_that_are_not_utf8_open_read_only(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Latin", {"old.txt": "naïve café\n".encode("latin-1")})
    page = open_page("dana", address)
    open_file(page, "old.txt")
    expect(page.locator("[data-status]")).to_contain_text("not UTF-8")
    expect(page.locator("[data-save]")).to_be_hidden()
    page.locator(".cm-content").click()
    page.keyboard.type("x")
    expect(page.locator(".cm-content")).not_to_contain_text("x")


def test_history_compares_and_restores(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "History", {"task.js": "first\nsame\n"})
    site.put("dana", address, "task.js", "second\nsame\n")
    page = open_page("dana", address)
    page.get_by_role("treeitem", name="task.js").click(button="right")
    page.get_by_role("menuitem", name="History…").click()
    dialog = page.get_by_role("dialog", name="History of “task.js”")
    expect(dialog.get_by_role("listitem").locator(".history-item")).to_have_count(2)
    dialog.locator(".history-item").last.click()
    expect(dialog.locator(".cm-mergeView .cm-content").first).to_contain_text("first")
    picture(page, "history")
    assert_accessible(page)
    dialog.get_by_role("button", name="Restore this state").click()
    expect(page.locator("[data-body] .cm-content")).to_contain_text("first")
    assert site.read("dana", address, "task.js") == b"first\nsame\n"


def test_a_published_version_is_view_only(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Publishing", {"task.js": "frozen\n"})
    page = open_page("dana", address)
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish v1").click()
    expect(page.get_by_text("v1 is published.")).to_be_visible()
    open_file(page, "task.js")
    expect(page.locator("[data-status]")).to_have_text("View only: v1 is published")
    expect(page.get_by_role("button", name="New file")).to_have_count(0)
    picture(page, "study-published")
    assert_accessible(page)
    page.get_by_role("button", name="New version").click()
    expect(page.get_by_role("button", name="Version: v2, Develop")).to_be_visible()
    open_file(page, "task.js")
    type_at_start(page, "thawed\n")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-status]")).to_have_text("Saved")


@pytest.mark.parametrize(("width", "dark"), [(1180, False), (1180, True), (360, False), (360, True)])
def test_the_study_page_is_legible_and_accessible(
    site: Site, open_page: OpenPage, width: int, dark: bool
) -> None:
    address = site.make_study("noa", f"Looks {width} {'dark' if dark else 'light'}", FILES)
    page = open_page("noa", address, width=width, dark=dark)
    page.get_by_role("treeitem", name="text").click()
    expect(page.get_by_role("treeitem", name="הוראות.md")).to_be_visible()
    mode = "dark" if dark else "light"
    picture(page, f"study-tree-{width}-{mode}")
    assert_accessible(page)
    open_file(page, "task.js")
    picture(page, f"study-editor-{width}-{mode}")
    assert_accessible(page)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0
    if width == 360:
        page.get_by_role("button", name="Back to the files").click()
        expect(page.get_by_role("treeitem", name="task.js")).to_be_visible()
