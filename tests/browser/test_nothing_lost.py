"""Nothing typed is ever lost: publishing, refusals, other users, logout, clashing names, keys pressed twice."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site
from tests.browser.test_studies_editor import open_file, type_at_start
from tests.browser.test_studies_files import DROP
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("nothing_lost")]


def form(site: Site, who: str, path: str, **data: str) -> None:
    session = site.session(who)
    token = {"csrfmiddlewaretoken": session.cookies["csrftoken"]}
    answer = session.post(f"{site.url}{path}", data={**data, **token}, timeout=PATIENCE_SECONDS)
    assert answer.ok, answer.text


def become(site: Site, page: Page, who: str) -> None:
    """Log in as somebody else in another tab of the same browser."""
    page.context.clear_cookies()
    page.context.add_cookies(
        [{"name": c.name, "value": c.value or "", "url": site.url} for c in site.session(who).cookies]
    )


def version_2(site: Site, who: str, address: str, path: str) -> bytes:
    answer = site.session(who).get(
        f"{site.url}{address}raw/{path}", params={"v": "2", "download": ""}, timeout=PATIENCE_SECONDS
    )
    assert answer.ok, answer.text
    return answer.content


def test_publishing_saves_what_is_open_first(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Publish saves", {"a.js": "one\n", "b.js": "two\n"})
    page = open_page("dana", address)
    for name in ("a.js", "b.js"):
        open_file(page, name)
        expect(page.locator(".tab-shown")).to_contain_text(name)
        type_at_start(page, f"typed in {name}\n")
    page.get_by_role("button", name="Publish…").click()
    dialog = page.get_by_role("dialog", name="Publish v1?")
    expect(dialog.get_by_text("Not saved yet: a.js, b.js.")).to_be_visible()
    picture(page, "publish-unsaved")
    assert_accessible(page)
    dialog.get_by_role("button", name="Save 2 files and publish").click()
    expect(page.get_by_text("v1 is published.")).to_be_visible()
    assert site.read("dana", address, "a.js") == b"typed in a.js\none\n"
    assert site.read("dana", address, "b.js") == b"typed in b.js\ntwo\n"


def test_text_that_was_not_published_comes_into_the_next_version(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Publish without", {"a.js": "one\n"})
    page = open_page("dana", address)
    open_file(page, "a.js")
    type_at_start(page, "for later\n")
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("button", name="Publish without it").click()
    expect(page.get_by_text("v1 is published.")).to_be_visible()
    assert site.read("dana", address, "a.js") == b"one\n"
    expect(page.get_by_text("You had not saved this text when the version was published.")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("for later")
    picture(page, "published-with-unsaved")
    assert_accessible(page)
    page.get_by_role("button", name="Start v2 with it").click()
    expect(
        page.get_by_text("The text that you had not saved in v1 was restored into this version.")
    ).to_be_visible()
    page.get_by_role("button", name="Save it").click()
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert version_2(site, "dana", address, "a.js") == b"for later\none\n"


def test_a_version_published_by_a_colleague_offers_the_next_one(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Colleague publishes", {"old.js": "one\n"})
    page = open_page("dana", address)
    open_file(page, "old.js")
    type_at_start(page, "typed meanwhile\n")
    form(site, "dana", f"{address}publish/")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("This version was published meanwhile, so its files are locked.")).to_be_visible()
    expect(page.get_by_role("button", name="Start v2 with it")).to_be_visible()
    picture(page, "published-meanwhile")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the text").click()
    assert download.value.path().read_bytes() == b"typed meanwhile\none\n"
    # By now there is a next version, and the file has another name in it.
    form(site, "dana", f"{address}new-version/")
    tree = site.session("dana").get(f"{site.url}{address}v2/tree", timeout=PATIENCE_SECONDS).json()["tree"]
    (node,) = tree["nodes"]
    assert site.post("dana", f"{address}v2/rename", json={"id": node["id"], "name": "new.js"}).ok
    page.keyboard.press("Control+s")
    page.get_by_role("button", name="Save into v2").click()
    expect(page.get_by_role("button", name="Version: v2, Develop")).to_be_visible()
    assert version_2(site, "dana", address, "new.js") == b"typed meanwhile\none\n"
    page.reload()
    open_file(page, "new.js")
    expect(page.locator("[data-status]")).to_have_text("Saved")


REFUSALS = [
    (
        403,
        {"reason": "no_right"},
        "You do not have the right to change this study any more.",
        "Copy the text",
    ),
    (404, {"reason": "no_study"}, "This study was deleted, or is not shared with you", "Download the text"),
    (404, {}, "This file no longer exists.", "Save as a new file"),
    (413, {}, "make it shorter, or download it", "Download the text"),
    (423, {}, "locked for changes at the moment", "Save again"),
    (503, {}, "is saved as soon as possible", "Save again"),
]


@pytest.mark.parametrize(("status", "body", "sentence", "way"), REFUSALS)
def test_each_refusal_has_its_sentence_and_a_way_on(
    site: Site, open_page: OpenPage, status: int, body: dict[str, str], sentence: str, way: str
) -> None:
    address = site.make_study("dana", f"Refused {status} {len(body)}", {"a.js": "one\n"})
    page = open_page("dana", address)
    open_file(page, "a.js")
    type_at_start(page, "typed\n")

    def refuse(route: Route) -> None:
        route.fulfill(
            status=status, content_type="application/json", body=json.dumps({"error": "No.", **body})
        )

    page.route("**/save", refuse)
    page.keyboard.press("Control+s")
    expect(page.locator(".editor-note")).to_contain_text(sentence)
    expect(page.locator(".editor-note").get_by_role("button", name=way)).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("typed")


def test_a_window_of_one_user_never_saves_as_another(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Whose window", {"a.js": "one\n"})
    form(site, "dana", f"{address}sharing/public/", public="yes")
    page = open_page("dana", address)
    open_file(page, "a.js")
    type_at_start(page, "typed as dana\n")
    become(site, page, "noa")
    page.keyboard.press("Control+s")
    expect(
        page.get_by_text("This browser is logged in as נועה כהן now, so nothing was saved.")
    ).to_be_visible()
    picture(page, "other-user")
    become(site, page, "dana")
    page.get_by_role("button", name="Save again").click()
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert site.read("dana", address, "a.js") == b"typed as dana\none\n"


def test_a_form_of_one_user_never_saves_as_another_and_keeps_what_was_typed(
    site: Site, open_page: OpenPage
) -> None:
    page = open_page("dana", "/settings/")
    name = page.get_by_label("Full name")
    before = name.input_value()
    name.fill("Typed by Dana")
    become(site, page, "noa")
    name.press("Enter")
    expect(page.get_by_role("heading", name="Nothing was saved")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_value("Typed by Dana")
    picture(page, "form-of-another-user")
    assert_accessible(page)
    become(site, page, "dana")
    page.goto("/settings/")
    expect(page.get_by_text("What you typed here is not saved yet.")).to_be_visible()
    expect(page.get_by_label("Full name")).to_have_value("Typed by Dana")
    page.get_by_label("Full name").fill(before)
    page.get_by_label("Full name").press("Enter")
    expect(page.get_by_text("What you typed here is not saved yet.")).to_have_count(0)
    become(site, page, "noa")
    page.goto("/settings/")
    expect(page.get_by_label("Full name")).to_have_value("נועה כהן")


def test_edits_in_one_section_stay_while_another_is_saved(site: Site, open_page: OpenPage) -> None:
    page = open_page("ada", "/admin/configuration/")
    page.get_by_label("Send email with another mail server (SMTP)").check()
    page.locator(".mail-form [name=host]").fill("mail.lab.example")
    other = page.locator("form[method=post]:not(.mail-form)", has_text="Save changes").first
    other.get_by_role("button", name="Save changes").first.click()
    expect(page.get_by_text("What you typed here is not saved yet.")).to_be_visible()
    expect(page.locator(".mail-form [name=host]")).to_have_value("mail.lab.example")
    picture(page, "section-unsaved")


@pytest.mark.parametrize("choice", ["Keep it and log out", "Discard it and log out"])
def test_log_out_asks_what_becomes_of_unsaved_text(site: Site, open_page: OpenPage, choice: str) -> None:
    address = site.make_study("dana", f"Logout {choice}", {"a.js": "one\n"})
    page = open_page(None, "/login/")
    page.get_by_label("User name").fill("dana")
    page.get_by_label("Password", exact=True).fill("a passphrase for tests")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.goto(address)
    open_file(page, "a.js")
    type_at_start(page, "secret words\n")
    page.get_by_role("button", name="Logout").click()
    dialog = page.get_by_role("dialog", name="Unsaved text of 1 file is kept in this browser")
    expect(dialog).to_contain_text("a.js")
    picture(page, "logout-unsaved")
    assert_accessible(page)
    dialog.get_by_role("button", name=choice).click()
    expect(page).to_have_url(re.compile("/login/"))
    left = page.evaluate("JSON.stringify(Object.entries(localStorage))")
    assert ("secret words" in left) is choice.startswith("Keep")


def test_delete_pressed_twice_removes_one_file(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Twice", {"a.js": "a", "b.js": "b", "c.js": "c"})
    page = open_page("dana", address)
    open_file(page, "b.js")
    expect(page.locator(".cm-content")).to_be_focused()
    page.get_by_role("treeitem", name="b.js").focus()
    page.keyboard.press("Delete")
    page.keyboard.press("Delete")
    expect(page.get_by_text("Deleted “b.js”.")).to_be_visible()
    expect(page.get_by_role("treeitem", name="c.js")).to_be_focused()
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog", name="Delete “c.js”?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    assert site.paths("dana", address) == ["a.js", "c.js"]


def test_undo_takes_back_moves_renames_and_deletions(site: Site, open_page: OpenPage) -> None:
    files = {"a.js": "a", "b.js": "b", "folder/in.js": "in"}
    address = site.make_study("dana", "Undoing", files)
    before = site.paths("dana", address)
    page = open_page("dana", address)
    page.get_by_role("treeitem", name="a.js").focus()
    page.keyboard.press("F2")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("z.js")
    page.keyboard.press("Enter")
    expect(page.get_by_role("treeitem", name="z.js")).to_be_focused()
    page.get_by_role("treeitem", name="b.js").drag_to(page.get_by_role("treeitem", name="folder"))
    until(lambda: "folder/b.js" in site.paths("dana", address), "the move")
    open_file(page, "in.js")
    expect(page.locator(".cm-content")).to_be_focused()
    page.get_by_role("treeitem", name="in.js").focus()
    page.keyboard.press("Delete")
    until(lambda: "folder/in.js" not in site.paths("dana", address), "the deletion")
    for _ in range(3):
        count = page.locator("#toasts .note").count()
        page.locator("[role=treeitem][tabindex='0']").focus()
        page.keyboard.press("Control+z")
        expect(page.locator("#toasts .note")).not_to_have_count(count)
    until(lambda: site.paths("dana", address) == before, "everything to be as before")


def test_a_file_that_opens_late_takes_the_focus_only_of_who_still_waits(
    site: Site, open_page: OpenPage
) -> None:
    address = site.make_study(
        "dana", "Late", {name: name for name in ("a.js", "b.js", "c.js", "d.js", "e.js")}
    )
    page = open_page("dana", address)
    open_file(page, "d.js")  # CodeMirror is loaded from here on
    held: list[Route] = []

    def hold() -> None:
        page.route(re.compile(r"/files/\d+$"), lambda route: held.append(route))

    hold()

    def ask_for(name: str) -> Route:
        page.get_by_role("treeitem", name=name).click()
        until(lambda: page.evaluate("1") and bool(held), f"{name} to be asked for")
        return held.pop()

    def is_shown(name: str) -> None:
        expect(page.locator(".tab-shown")).to_contain_text(name)
        expect(page.locator(".cm-content")).to_have_text(name)

    # Delete removes the file that was clicked; what opens afterwards takes no key that was meant for the tree.
    answer = ask_for("b.js")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("treeitem", name="c.js")).to_be_focused()
    answer.continue_()
    is_shown("b.js")
    expect(page.get_by_role("treeitem", name="c.js")).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.get_by_text("Deleted “c.js”.")).to_be_visible()
    # The focus moved without a key: into the filter.
    answer = ask_for("a.js")
    page.get_by_label("Filter by name").focus()
    answer.continue_()
    is_shown("a.js")
    expect(page.get_by_label("Filter by name")).to_be_focused()
    # An answer that comes after another file was clicked shows nothing.
    late = ask_for("e.js")
    page.get_by_role("treeitem", name="b.js").click()
    is_shown("b.js")
    late.continue_()
    expect(page.locator(".tab", has_text="e.js")).to_be_visible()
    is_shown("b.js")
    # Who only waits goes on in the text.
    site.put("dana", address, "f.js", "f.js")
    page.unroute_all()
    page.reload()
    is_shown("b.js")
    hold()
    answer = ask_for("f.js")
    answer.continue_()
    is_shown("f.js")
    expect(page.locator(".cm-content")).to_be_focused()
    assert site.paths("dana", address) == ["a.js", "b.js", "d.js", "e.js", "f.js"]


def test_a_second_refused_rename_is_said_too(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Renaming", {"a.js": "a", "b.js": "b", "c.js": "c"})
    page = open_page("dana", address)
    page.get_by_role("treeitem", name="a.js").focus()
    page.keyboard.press("F2")
    for name in ("b.js", "c.js"):
        page.locator(".tree-input").fill(name)
        page.keyboard.press("Enter")
        expect(page.locator(".tree-error")).to_contain_text(name)
    page.get_by_role("treeitem", name="c.js").click()
    expect(page.get_by_text("“a.js” keeps its name.")).to_be_visible()
    open_file(page, "c.js")
    # One that is refused late calls nobody back.
    renames: list[Route] = []
    page.route("**/rename", lambda route: renames.append(route))
    page.get_by_role("treeitem", name="c.js").focus()
    page.keyboard.press("F2")
    page.locator(".tree-input").fill("b.js")
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("1") and bool(renames), "the renaming")
    page.locator(".cm-content").click()
    renames.pop().continue_()
    expect(page.get_by_text("“c.js” keeps its name.")).to_be_visible()
    expect(page.locator(".cm-content")).to_be_focused()
    assert site.paths("dana", address) == ["a.js", "b.js", "c.js"]


@pytest.mark.parametrize(
    ("names", "keep"), [(("Cat.png", "cat.png"), True), (("caf\u00e9.txt", "cafe\u0301.txt"), False)]
)
def test_uploads_of_names_that_dropbox_takes_for_one_are_asked_about(
    site: Site, open_page: OpenPage, names: tuple[str, str], keep: bool
) -> None:
    address = site.make_study("dana", f"Twins {keep}")
    page = open_page("dana", address)
    page.evaluate(DROP, [[names[0], "first"], [names[1], "second"], ["other.txt", "other"]])
    dialog = page.get_by_role("dialog", name="Some of these files have the same name")
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    picture(page, "upload-twins")
    assert_accessible(page)
    dialog.get_by_role(
        "button", name="Keep all, with numbers" if keep else "Upload only the first of each"
    ).click()
    expect(page.get_by_text(f"Uploaded {3 if keep else 2} files.")).to_be_visible()
    assert site.read("dana", address, names[0]) == b"first"
    if keep:
        assert site.read("dana", address, "cat (2).png") == b"second"
    assert len(site.paths("dana", address)) == (3 if keep else 2)


@pytest.mark.parametrize("megabytes", [0, 5])
def test_a_file_that_a_colleague_made_meanwhile_is_asked_about(
    site: Site, open_page: OpenPage, megabytes: int
) -> None:
    address = site.make_study("dana", f"Meanwhile {megabytes}", {"old.txt": "seen"})
    page = open_page("dana", address)

    def colleague(route: Route) -> None:
        answer = route.fetch()
        if page.evaluate("window.colleagueIsDone !== true"):
            page.evaluate("window.colleagueIsDone = true")
            site.put("dana", address, "new.txt", "the colleague's")
            site.put("dana", address, "old.txt", "the colleague's too")
        route.fulfill(response=answer)

    page.route("**/uploads/check", colleague)
    padding = " " * (megabytes * 1024**2)
    page.evaluate(DROP, [["new.txt", "mine" + padding], ["old.txt", "mine too" + padding]])
    page.get_by_role("dialog").get_by_role("button", name="Overwrite 1 file").click()
    dialog = page.get_by_role("dialog", name="2 files already exist")
    assert site.read("dana", address, "new.txt") == b"the colleague's"
    assert site.read("dana", address, "old.txt") == b"the colleague's too"
    dialog.get_by_role("button", name="Keep both").click()
    expect(page.get_by_text("Uploaded 2 files.")).to_be_visible()
    assert site.paths("dana", address) == ["new (2).txt", "new.txt", "old (2).txt", "old.txt"]
    assert site.read("dana", address, "new (2).txt").rstrip() == b"mine"


def test_leaving_the_page_asks_while_an_upload_runs(site: Site, open_page: OpenPage) -> None:
    page = open_page("dana", site.make_study("dana", "Leaving an upload"))
    page.get_by_role("button", name="Find in files").click()  # a browser asks only who has used the page
    held: list[Route] = []
    page.route("**/uploads/whole*", lambda route: held.append(route))
    page.evaluate(DROP, [["a.txt", "text"]])
    expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()
    until(lambda: page.evaluate("1") and bool(held), "the upload to begin")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]


def test_edits_of_two_people_in_different_places_are_both_saved(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Merging", {"a.js": "// 1\n// 2\n// 3\n"})
    page = open_page("dana", address)
    open_file(page, "a.js")
    type_at_start(page, "// mine\n")
    site.put("dana", address, "a.js", "// 1\n// 2\n// three\n")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("The text now contains both changes.")).to_be_visible()
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert site.read("dana", address, "a.js") == b"// mine\n// 1\n// 2\n// three\n"


@pytest.mark.parametrize("width", [1180, 360])
def test_single_changes_of_a_conflict_are_taken(site: Site, open_page: OpenPage, width: int) -> None:
    address = site.make_study("dana", f"Chunks {width}", {"a.js": "// 1\n// 2\n// 3\n"})
    page = open_page("dana", address, width=width)
    open_file(page, "a.js")
    type_at_start(page, "// mine\n")
    site.put("dana", address, "a.js", "// theirs\n// 2\n// three\n")
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog", name="This file has conflicting changes")
    take = dialog.get_by_role("button", name="Use this change of theirs")
    expect(take).to_have_count(2)
    picture(page, f"conflict-chunks-{width}")
    assert_accessible(page)
    take.last.click()
    dialog.get_by_role("button", name="Keep mine").click()
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert site.read("dana", address, "a.js") == b"// mine\n// 1\n// 2\n// three\n"


def test_files_are_found_filtered_kept_open_and_saved_by_themselves(site: Site, open_page: OpenPage) -> None:
    files = {
        "a.js": "// a\n",
        "images/left.svg": "<svg/>",
        "images/right.svg": "<svg/>",
        "texts/end.md": "end",
    }
    address = site.make_study("dana", "Finding files", files)
    page = open_page("dana", address)
    assert not page.evaluate(
        "performance.getEntriesByType('resource').some((one) => one.name.includes('codemirror'))"
    )
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys.get_by_text("Go to file")).to_be_visible()
    picture(page, "keys")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("Control+p")
    dialog = page.get_by_role("dialog", name="Go to file")
    page.keyboard.type("tend")
    expect(dialog.get_by_role("option")).to_have_count(1)
    picture(page, "go-to-file")
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(page.locator(".tab-shown")).to_contain_text("end.md")
    page.get_by_label("Filter by name").fill("left")
    expect(page.get_by_role("treeitem")).to_have_count(2)
    picture(page, "tree-filter")
    page.get_by_label("Filter by name").fill("")
    open_file(page, "a.js")
    expect(page.locator(".tab-shown")).to_contain_text("a.js")
    page.get_by_label("Autosave").check()
    type_at_start(page, "// by itself\n")
    until(lambda: site.read("dana", address, "a.js") == b"// by itself\n// a\n", "the autosave")
    expect(page.locator("[data-status]")).to_have_text("Saved")
    page.reload()
    expect(page.locator(".tab")).to_have_count(2)
    expect(page.locator(".tab-shown")).to_contain_text("a.js")
    expect(page.get_by_label("Autosave")).to_be_checked()
    page.locator(".cm-content").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator(".cm-content")).not_to_be_focused()
