"""Beside the text: mistakes marked, pieces put in, words found, and who else is here."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site
from tests.browser.test_studies_editor import type_at_start
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("studies_tools")]

MODERN = """#!/usr/bin/env node
class Task { #count = 0; static { Task.made ??= 1; } get count() { return this.#count; } }
const last = [1, 2].at(-1) ?? 1_000n, word = /(?<year>\\p{L})/v;
async function* trials() { for await (const one of []) yield one; }
define(['timeAPI'], (Time) => { const API = new Time(); return API.script; });
"""
FILES = {
    "modern.js": MODERN,
    "module.js": "import { a } from './a.js';\nexport const b = await a;\nexport * as all from './a.js';\n",
    "wrong.js": "let a = 1;\nlet b = ;\n",
    "bad.json": '{"a": 1,}\n',
    "good.json": '{"a": 1}\n',
    "text/הוראות.txt": "שורה ראשונה\nכאן כתוב שלום לכולם\n",
}


def share_to_edit(site: Site, address: str, name: str) -> None:
    site.python(
        "from minno_dashboard.studies.models import Collaboration, Study\n"
        "from minno_dashboard.accounts.models import User\n"
        "from django.utils import timezone\n"
        "Collaboration.objects.create(study=Study.objects.get(public_id=sys.argv[1]), status='accepted',"
        " user=User.objects.get(username=sys.argv[2]), file_access='edit', invited_at=timezone.now())",
        address.split("/")[2],
        name,
    )


def open_file(page: Page, name: str) -> None:
    page.get_by_role("treeitem", name=name, exact=True).click()
    expect(page.locator(".tab-shown")).to_contain_text(name)


def test_mistakes_are_marked_pieces_put_in_and_changes_shown(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Tools", FILES)
    site.python(
        "from minno_dashboard.studies.models import Study\n"
        "Study.objects.filter(public_id=sys.argv[1]).update(kind='minnojs')",
        address.split("/")[2],
    )
    page = open_page("dana", address, width=1280)
    mistakes = page.locator("[data-mistakes]")
    open_file(page, "wrong.js")
    expect(mistakes).to_have_text("Line 2: Unexpected token")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    picture(page, "editor-mistake")
    assert_accessible(page)
    mistakes.click()
    expect(page.locator("[data-position]")).to_contain_text("Ln 2")
    for name in ("modern.js", "module.js", "good.json"):
        open_file(page, name)
        page.wait_for_timeout(900)  # longer than the check waits for
        assert mistakes.is_hidden(), f"{name}: {mistakes.inner_text()}"
    open_file(page, "bad.json")
    expect(mistakes).to_contain_text("Line 1:")
    # a piece from the menu, and one by typing
    open_file(page, "modern.js")
    page.locator("[data-body] .cm-content").press("Control+End")
    page.get_by_role("button", name="Insert…").click()
    page.get_by_role("menuitem", name="trial").click()
    expect(page.locator("[data-body] .cm-content")).to_contain_text("type: 'endTrial'")
    page.keyboard.press("Control+End")
    page.keyboard.type("\ninher")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("Take from a set")
    page.wait_for_timeout(100)  # a list that has just opened takes no key
    page.keyboard.press("Enter")
    expect(page.locator("[data-body] .cm-content")).to_contain_text("inherit: {set: 'name'")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Changes", exact=True).click()
    dialog = page.get_by_role("dialog", name="Unsaved changes of “modern.js”")
    expect(dialog.locator(".cm-merge-b .cm-content")).to_contain_text("endTrial")
    expect(dialog.locator(".cm-merge-a .cm-content")).not_to_contain_text("endTrial")
    picture(page, "editor-changes")
    assert_accessible(page)
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("Control+s")
    expect(page.locator("[data-status]")).to_have_text("Saved")


@pytest.mark.parametrize("width", [1280, 360])
def test_words_are_found_in_all_files_and_open_at_their_line(
    site: Site, open_page: OpenPage, width: int
) -> None:
    address = site.make_study("dana", f"Finding {width}", FILES)
    page = open_page("dana", address, width=width, dark=width == 360)
    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("שלום")
    expect(page.locator("[data-find-count]")).to_have_text("1 match in 1 file.")
    picture(page, f"find-{width}")
    assert_accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-position]")).to_contain_text("Ln 2")
    until(lambda: page.evaluate("getSelection().toString()") == "שלום", "the words to be selected")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0


def test_files_are_copied_to_another_study_by_the_menu(site: Site, open_page: OpenPage) -> None:
    source = site.make_study("dana", "From here", {"a.js": "one", "b.js": "two"})
    target = site.make_study("dana", "To there", {"a.js": "mine", "tasks/old/b.js": "older"})
    site.make_study("dana", "Zzz", {"elsewhere/a.js": ""})
    page = open_page("dana", source)
    page.get_by_role("treeitem", name="a.js").click(modifiers=["Control"])
    page.get_by_role("treeitem", name="b.js").click(modifiers=["Control"])
    page.get_by_role("treeitem", name="b.js").click(button="right")
    page.get_by_role("menuitem", name="Copy to another study…").click()
    dialog = page.get_by_role("dialog", name="Copy 2 items to another study")
    dialog.get_by_label("Study", exact=True).select_option(label="Zzz")
    expect(dialog.get_by_role("radio", name="elsewhere")).to_be_visible()
    dialog.get_by_label("Study", exact=True).select_option(label="To there")
    expect(dialog.get_by_role("radio")).to_have_count(3)
    assert_accessible(page)
    picture(page, "copy-to-study")
    dialog.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Copied to “To there”: a (2).js, b.js")).to_be_visible()
    assert site.read("dana", target, "a.js") == b"mine"
    page.get_by_role("treeitem", name="b.js").click(button="right")
    page.get_by_role("menuitem", name="Copy to another study…").click()
    dialog = page.get_by_role("dialog", name="Copy 2 items to another study")
    dialog.get_by_label("Study", exact=True).select_option(label="To there")
    dialog.get_by_role("radio", name="old").check()
    dialog.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Copied to “To there”: a.js, b (2).js")).to_be_visible()
    folders = ["tasks", "tasks/old", "tasks/old/a.js", "tasks/old/b (2).js", "tasks/old/b.js"]
    assert site.paths("dana", target) == ["a (2).js", "a.js", "b.js", *folders]


def test_two_browsers_work_on_one_study_at_once_and_lose_nothing(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Together", {"task.js": "begin\n", "mine.js": "", "yours.js": ""})
    share_to_edit(site, address, "noa")
    dana, noa = open_page("dana", address), open_page("noa", address)
    for page in (dana, noa):
        open_file(page, "task.js")
    expect(dana.locator("[data-present]")).to_have_text("נועה כהן is here too")
    expect(noa.locator("[data-present]")).to_have_text("Dana Levi is here too")
    row = noa.get_by_role("treeitem", name="task.js", exact=True)
    expect(row).to_have_accessible_description("Dana Levi is here too")
    expect(row.get_by_title("Dana Levi is here too")).to_have_attribute("data-shown", "DL")
    picture(dana, "present")
    # Different files, written at the same time: both are there.
    for page, name, words in ((dana, "mine.js", "from dana\n"), (noa, "yours.js", "from noa\n")):
        open_file(page, name)
        type_at_start(page, words)
    for page in (dana, noa):
        page.keyboard.press("Control+s")
    for page in (dana, noa):
        expect(page.locator("[data-status]")).to_have_text("Saved")
    assert site.read("dana", address, "mine.js") == b"from dana\n"
    assert site.read("dana", address, "yours.js") == b"from noa\n"
    # One file, written by both: the second sees both texts, and brings them together.
    for page, words in ((dana, "dana's line\n"), (noa, "noa's line\n")):
        open_file(page, "task.js")
        type_at_start(page, words)
    dana.keyboard.press("Control+s")
    expect(dana.locator("[data-status]")).to_have_text("Saved")
    noa.keyboard.press("Control+s")
    dialog = noa.get_by_role("dialog", name="This file has conflicting changes")
    expect(dialog.locator(".cm-merge-a .cm-content")).to_contain_text("dana's line")
    dialog.locator(".cm-merge-b .cm-content").click()
    noa.keyboard.press("Control+Home")
    noa.keyboard.insert_text("dana's line\n")
    dialog.get_by_role("button", name="Keep mine").click()
    expect(noa.locator("[data-status]")).to_have_text("Saved")
    both = b"dana's line\nnoa's line\nbegin\n"
    assert site.read("dana", address, "task.js") == both
    dana.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(dana.locator("[data-body] .cm-content")).to_contain_text("noa's line")
    # One renames what the other has open and unsaved, and deletes it under the other's hands.
    type_at_start(dana, "still typing\n")
    node = noa.evaluate(
        "Number([...document.querySelectorAll('[role=treeitem]')].find(r => r.ariaLabel.startsWith('task.js')).dataset.id)"
    )
    assert site.post("noa", f"{address}v1/rename", json={"id": node, "name": "renamed.js"}).ok
    dana.keyboard.press("Control+s")
    expect(dana.locator("[data-status]")).to_have_text("Saved")
    assert site.read("noa", address, "renamed.js") == b"still typing\n" + both
    type_at_start(dana, "last words\n")
    assert site.post("noa", f"{address}v1/delete", json={"ids": [node]}).ok
    dana.keyboard.press("Control+s")
    expect(dana.locator("[data-status]")).to_have_text("Deleted")
    dana.get_by_role("button", name="Bring the file back").click()
    expect(dana.locator("[data-body] .cm-content")).to_contain_text("last words")
    dana.locator("[data-body] .cm-content").press("Control+s")
    expect(dana.locator("[data-status]")).to_have_text("Saved")
    # Each state that was ever saved can be had again.
    last = b"last words\nstill typing\n" + both
    states = [b"begin\n", b"dana's line\nbegin\n", both, b"still typing\n" + both, last]
    assert saved_states(site, address, node) == states
    assert site.read("noa", address, "renamed.js") == last


def saved_states(site: Site, address: str, node: int) -> list[bytes]:
    """Return the texts of a file's history, the oldest first."""
    session, top = site.session("dana"), f"{site.url}{address}v1/files/{node}/history"
    versions = reversed(session.get(top, timeout=30).json()["versions"])
    texts = [session.get(f"{top}/{one['id']}", timeout=30).json()["file"]["text"] for one in versions]
    return [text.encode() for text in texts]


def test_of_two_who_save_one_file_at_the_same_moment_both_keep_their_text(
    site: Site, open_page: OpenPage
) -> None:
    address = site.make_study("dana", "At one moment", {"task.js": "begin\n"})
    share_to_edit(site, address, "noa")
    pages = {name: open_page(name, address) for name in ("dana", "noa")}
    node = pages["dana"].evaluate("Number(document.querySelector('[role=treeitem]').dataset.id)")
    for name, page in pages.items():
        open_file(page, "task.js")
        type_at_start(page, f"from {name}\n")
    for page in pages.values():
        page.evaluate("document.querySelector('[data-save]').click()")  # which answers before the server does
    for page in pages.values():
        expect(page.locator("[data-status]")).to_have_text(re.compile("^(Saved|Conflict)$"))
    told = [name for name, page in pages.items() if page.locator("[data-status]").inner_text() == "Conflict"]
    assert len(told) == 1
    (late,) = told
    (first,) = pages.keys() - {late}
    assert site.read("dana", address, "task.js") == f"from {first}\nbegin\n".encode()
    dialog = pages[late].get_by_role("dialog", name="This file has conflicting changes")
    dialog.get_by_role("button", name="Save mine as a copy").click()
    pages[late].get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(pages[late].get_by_role("treeitem", name="task (mine).js")).to_be_visible()
    assert site.read("dana", address, "task.js") == f"from {first}\nbegin\n".encode()
    assert site.read("dana", address, "task (mine).js") == f"from {late}\nbegin\n".encode()
    assert saved_states(site, address, node) == [b"begin\n", f"from {first}\nbegin\n".encode()]


def test_a_crash_loses_no_unsaved_text_whatever_another_window_saved(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "A crash", {"task.js": "begin\n"})
    page = open_page("dana", address)
    other = page.context.new_page()
    other.goto(address)
    for one in (page, other):
        open_file(one, "task.js")
    type_at_start(page, "typed before the crash\n")
    kept = "Object.values(localStorage).some((one) => one.includes('typed before the crash'))"
    until(lambda: page.evaluate(kept), "the browser to keep what was typed")
    type_at_start(other, "saved in the other window\n")
    other.keyboard.press("Control+s")
    expect(other.locator("[data-status]")).to_have_text("Saved")
    with pytest.raises(Error, match="crash"):
        page.goto("chrome://crash")
    again = page.context.new_page()
    again.goto(address)
    expect(again.get_by_text("Your unsaved text was restored; the saved file has changed")).to_be_visible()
    expect(again.locator("[data-body] .cm-content")).to_contain_text("typed before the crash")
    expect(again.locator("[data-status]")).to_have_text("Conflict")
    assert site.read("dana", address, "task.js") == b"saved in the other window\nbegin\n"
    again.get_by_role("button", name="Compare").click()
    again.get_by_role("dialog").get_by_role("button", name="Keep mine").click()
    expect(again.locator("[data-status]")).to_have_text("Saved")
    assert site.read("dana", address, "task.js") == b"typed before the crash\nbegin\n"
    assert not again.evaluate("Object.keys(localStorage).some((one) => one.startsWith('minno-draft:'))")
