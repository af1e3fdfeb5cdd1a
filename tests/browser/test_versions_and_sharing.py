"""Versions and sharing, as the people who work on one study use them."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("versions_and_sharing")]

LOOKS = [(1180, False), (360, True)]


def confirm(page: Page, verb: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=verb).click()


def post_form(site: Site, by: str, address: str, /, **values: str) -> None:
    session = site.session(by)
    data = {**values, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    answer = session.post(f"{site.url}{address}", data=data, timeout=60)
    assert answer.ok, answer.text


def put(site: Site, who: str, address: str, version: int, path: str, content: str) -> None:
    answer = site.post(
        who, f"{address}v{version}/uploads/whole?path={path}&if_there=overwrite", data=content.encode()
    )
    assert answer.ok, answer.text


def node(site: Site, who: str, address: str, version: int, name: str) -> int:
    tree = site.session(who).get(f"{site.url}{address}v{version}/tree", timeout=60).json()["tree"]
    return next(int(one["id"]) for one in tree["nodes"] if one["name"] == name)


def two_versions(site: Site, name: str) -> str:
    """Make a study whose v2 has one file changed, one added, one removed, one moved and one left alone."""
    address = site.make_study(
        "dana",
        name,
        {
            "task.js": "const trials = 20;\nconst pause = 500;\nrun(trials);\n",
            "old.css": "body { color: black; }\n",
            "index.html": "<p>Hello</p>\n",
            "same.txt": "same\n",
        },
    )
    post_form(site, "dana", f"{address}publish/", note="As sent to the ethics board")
    post_form(site, "dana", f"{address}new-version/")
    put(site, "dana", address, 2, "task.js", "const trials = 40;\nconst pause = 500;\nrun(trials);\n")
    put(site, "dana", address, 2, "שאלון.json", '{"questions": []}\n')
    renamed = {"id": node(site, "dana", address, 2, "index.html"), "name": "start.html"}
    assert site.post("dana", f"{address}v2/rename", json=renamed).ok
    assert site.post(
        "dana", f"{address}v2/delete", json={"ids": [node(site, "dana", address, 2, "old.css")]}
    ).ok
    return address


def share(site: Site, owner: str, address: str, who: str, files: str, data: str = "invisible") -> None:
    post_form(site, owner, f"{address}sharing/invite/", who=who, files=files, data=data)


def test_a_version_is_published_followed_compared_and_gone_back_to(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Versions 1", {"task.js": "one\n"})
    page = open_page("dana", address)
    page.get_by_role("treeitem", name="task.js").click()
    expect(page.get_by_role("textbox", name="Text of task.js")).to_have_text("one")
    page.get_by_role("button", name="Publish…").click()
    dialog = page.get_by_role("dialog", name="Publish v1?")
    expect(dialog).to_contain_text("nobody can change, add or delete one")
    dialog.get_by_label("Note").fill("The first one")
    picture(page, "versions-publish-dialog")
    assert_accessible(page)
    dialog.get_by_role("button", name="Publish v1").click()
    expect(page.get_by_text("v1 is published. Its files are now locked.")).to_be_visible()
    expect(page.get_by_role("button", name="Version: v1, Published")).to_be_visible()
    expect(page.get_by_role("textbox", name="Text of task.js")).to_have_text("one")

    page.get_by_role("button", name="New version").click()
    expect(page.get_by_role("button", name="Version: v2, Develop")).to_be_visible()
    expect(page.get_by_role("textbox", name="Text of task.js")).to_have_text("one")
    put(site, "dana", address, 2, "task.js", "two\n")
    page.get_by_role("button", name="Version: v2, Develop").click()
    page.get_by_role("link", name="All versions and what changed").click()
    expect(page.locator(".version-note", has_text="The first one")).to_be_visible()

    page.get_by_role("link", name="What changed in v2").click()
    expect(page.get_by_role("heading", name="From v1 to v2")).to_be_visible()
    expect(page.locator(".cm-mergeView")).to_contain_text("one")
    expect(page.locator(".cm-mergeView")).to_contain_text("two")

    page.go_back()
    page.get_by_role("button", name="Actions for v1").click()
    page.get_by_role("button", name="Go back to v1…").click()
    expect(page.get_by_role("dialog")).to_contain_text(
        "v2 is published as it is now, so nothing of it is lost"
    )
    picture(page, "versions-go-back")
    confirm(page, "Go back to v1")
    expect(page.get_by_role("button", name="Version: v3, Develop")).to_be_visible()
    assert site.read("dana", address, "task.js") == b"one\n"
    page.goto(f"{address}versions/")
    page.get_by_role("button", name="Actions for v2").click()
    page.get_by_role("button", name="Change the note…").click()
    page.get_by_role("textbox", name="Note of v2").fill("A dead end")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("The note of v2 is saved.")).to_be_visible()
    expect(page.locator(".version-note", has_text="A dead end")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_versions_and_their_comparison_are_legible(
    site: Site, open_page: OpenPage, width: int, dark: bool
) -> None:
    look = f"{width}-{'dark' if dark else 'light'}"
    address = two_versions(site, f"מחקר תגובה {look}")
    page = open_page("dana", f"{address}versions/", width=width, dark=dark)
    expect(page.locator(".version-note", has_text="As sent to the ethics board")).to_be_visible()
    legible(page, f"versions-list-{look}")
    page.goto(f"{address}versions/compare/")
    expect(page.get_by_text("1 file unchanged")).to_be_visible()
    hows = page.locator(".difference-how").all_inner_texts()
    assert sorted(hows) == ["Added", "Changed", "Moved", "Removed"]
    page.locator("summary", has_text="task.js").click()
    expect(page.locator("details[open] .difference-body .cm-editor").last).to_contain_text("40")
    page.locator("summary", has_text="start.html").click()
    expect(page.get_by_text("The content is the same.")).to_be_visible()
    legible(page, f"versions-compare-{look}")


def legible(page: Page, name: str) -> None:
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    picture(page, name)
    assert overflow == 0
    assert_accessible(page)


def test_somebody_is_invited_accepts_works_and_is_removed(site: Site, open_page: OpenPage) -> None:
    site.add_user("shir")
    address = site.make_study("dana", "Shared 1", {"task.js": "one\n"})
    page = open_page("dana", address)
    page.get_by_role("link", name="Share").click()
    page.get_by_label("User name or email address").fill("nobody-at-all")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("No user has this user name or email address.")).to_be_visible()
    expect(page.get_by_label("User name or email address")).to_have_value("nobody-at-all")
    page.get_by_label("User name or email address").fill("shir@lab.example")
    page.get_by_label("Files", exact=True).select_option("Edit")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("shir is invited and finds the invitation under Messages.")).to_be_visible()
    expect(page.get_by_text("has not answered, so has no access yet")).to_be_visible()
    picture(page, "sharing-pending")

    other = open_page("shir")
    expect(other.get_by_text("You have no studies yet.")).to_be_visible()
    expect(
        other.get_by_text("1 invitation to another person’s study is waiting for your answer.")
    ).to_be_visible()
    assert site.session("shir").get(f"{site.url}{address}", timeout=60).status_code == 404
    other.get_by_role("link", name="Messages: 1 invitation").click()
    expect(
        other.get_by_text("You will be able to read and change its files, and not its data.")
    ).to_be_visible()
    other.get_by_role("button", name="Accept Shared 1").click()
    expect(other.get_by_text("“Shared 1” is now among your studies.")).to_be_visible()
    expect(other.get_by_role("link", name="Messages", exact=True)).to_be_visible()
    other.get_by_role("link", name="Shared 1").click()
    expect(other.get_by_text("Shared by Dana Levi")).to_be_visible()
    put(site, "shir", address, 1, "task.js", "hers\n")

    page.reload()
    page.get_by_label("Files, for shir").select_option("Read only")
    page.get_by_role("button", name="Save the share of shir").click()
    expect(page.get_by_text("The access of shir was changed.")).to_be_visible()
    other.reload()
    expect(other.locator(".study-head").get_by_text("View only")).to_be_visible()
    page.get_by_role("button", name="Remove shir").click()
    expect(page.get_by_role("dialog")).to_contain_text("loses all access to this study at once")
    confirm(page, "Remove")
    expect(page.get_by_text("shir no longer has access to this study.")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="Page not found")).to_be_visible()
    page.get_by_role("link", name="Activity", exact=True).click()
    expect(page.get_by_text("removed shir")).to_be_visible()


def test_an_invitation_is_declined(site: Site, open_page: OpenPage) -> None:
    site.add_user("ron")
    address = site.make_study("dana", "Shared 2")
    share(site, "dana", address, "ron", "none", "visible")
    page = open_page("ron", "/messages/")
    expect(page.get_by_text("You will have no access to its files, but to see its data.")).to_be_visible()
    page.get_by_role("button", name="Decline Shared 2").click()
    expect(page.get_by_text("You declined “Shared 2”. Dana Levi sees your answer.")).to_be_visible()
    expect(page.get_by_text("No messages.")).to_be_visible()
    owner = open_page("dana", f"{address}sharing/")
    expect(owner.get_by_text(re.compile("Declined .*; has no access"))).to_be_visible()


def test_a_member_leaves_and_an_owner_gives_the_study_away(site: Site, open_page: OpenPage) -> None:
    site.add_users(("gaya", "Gaya Tal", "researcher"), ("nir", "Nir Bar", "researcher"))
    address = site.make_study("dana", "Shared 3")
    for name in ("gaya", "nir"):
        share(site, "dana", address, name, "edit")
        invited = open_page(name, "/messages/")
        invited.get_by_role("button", name="Accept Shared 3").click()
        expect(invited.get_by_text("“Shared 3” is now among your studies.")).to_be_visible()
        if name == "gaya":
            invited.get_by_role("button", name="Actions for Shared 3").click()
            invited.get_by_role("button", name="Leave…").click()
            confirm(invited, "Leave study")
            expect(invited.get_by_text("You left “Shared 3”.")).to_be_visible()
    page = open_page("dana", f"{address}sharing/")
    page.get_by_label("New owner").select_option(label="Nir Bar (nir)")
    page.get_by_role("button", name="Transfer…").click()
    confirm(page, "Transfer the study")
    expect(page.get_by_text("“Shared 3” now belongs to Nir Bar.")).to_be_visible()
    expect(page.get_by_label("New owner")).to_have_count(0)


def test_a_read_only_link_works_without_logging_in_until_it_ends(site: Site, open_page: OpenPage) -> None:
    address = site.make_study(
        "dana",
        "מחקר לקריאה",
        {"images/איור.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>", "task.js": "one\n"},
    )
    page = open_page("dana", f"{address}sharing/")
    page.get_by_role("button", name="Create a link").click()
    expect(page.get_by_text("Link created.")).to_be_visible()
    link = page.get_by_label(re.compile("Anyone with this link")).input_value()
    visitor = open_page(None, link)
    expect(visitor.get_by_role("heading", name="מחקר לקריאה")).to_be_visible()
    visitor.get_by_role("link", name="task.js").click()
    expect(visitor.get_by_role("textbox", name="Text of task.js")).to_have_text("one")
    visitor.get_by_role("link", name="איור.svg").click()
    expect(visitor.get_by_role("img", name="איור.svg")).to_be_visible()
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Download all").click()
    assert download.value.suggested_filename == "מחקר לקריאה v1.zip"
    page.get_by_role("button", name="New link…").click()
    confirm(page, "Create a new link")
    expect(page.get_by_text("This is the new link; the previous one no longer works.")).to_be_visible()
    visitor.reload()
    expect(visitor.get_by_text("This link no longer works.")).to_be_visible()
    page.get_by_role("button", name="Revoke the link…").click()
    confirm(page, "Revoke the link")
    expect(page.get_by_role("button", name="Create a link")).to_be_visible()


def test_a_public_study_is_found_read_and_duplicated(site: Site, open_page: OpenPage) -> None:
    site.add_user("omer")
    address = site.make_study("dana", "For everybody", {"task.js": "one\n"})
    page = open_page("dana", f"{address}sharing/")
    page.get_by_role("button", name="Make public…").click()
    confirm(page, "Make public")
    expect(page.get_by_text("This study is public")).to_be_visible()
    other = open_page("omer")
    other.get_by_role("link", name="Public").click()
    other.get_by_role("link", name="For everybody").click()
    expect(other.get_by_text("By Dana Levi")).to_be_visible()
    expect(other.get_by_role("button", name="New file")).to_have_count(0)
    other.get_by_role("button", name="Actions for this study").click()
    picture(other, "sharing-public-study")
    other.get_by_role("button", name="Duplicate").click()
    expect(other.get_by_text("Duplicated as “For everybody”.")).to_be_visible()
    expect(other.get_by_role("button", name="New file")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_sharing_messages_link_and_activity_are_legible(
    site: Site, open_page: OpenPage, width: int, dark: bool
) -> None:
    look = f"{width}-{'dark' if dark else 'light'}"
    site.add_users((f"maya-{look}", "מאיה בן־דוד", "researcher"), (f"al-{look}", "أحمد علي", "researcher"))
    address = site.make_study(
        "noa", f"זיכרון ורגש {look}", {"דף/index.html": "<p>שלום</p>\n", "task.js": "x\n" * 80}
    )
    share(site, "noa", address, f"maya-{look}", "edit", "visible")
    share(site, "noa", address, f"al-{look}", "read")
    page = open_page(f"maya-{look}", "/messages/", width=width, dark=dark)
    legible(page, f"sharing-messages-{look}")
    page.get_by_role("button", name=re.compile("Accept")).click()
    expect(page.get_by_text("is now among your studies.")).to_be_visible()
    legible(page, f"sharing-list-{look}")
    page.goto(f"{address}sharing/")
    legible(page, f"sharing-editor-{look}")
    page.goto(address)
    expect(page.get_by_role("treeitem", name="task.js")).to_be_visible()
    legible(page, f"sharing-study-{look}")
    page.goto(f"{address}activity/")
    expect(page.get_by_text("accepted the invitation")).to_be_visible()
    legible(page, f"sharing-activity-{look}")
    post_form(site, "noa", f"{address}sharing/link/")
    page = open_page("noa", f"{address}sharing/", width=width, dark=dark)
    legible(page, f"sharing-owner-{look}")
    link = page.get_by_label(re.compile("Anyone with this link")).input_value()
    page = open_page(None, f"{link}?file=task.js", width=width, dark=dark)
    legible(page, f"sharing-by-link-{look}")
    assert json.dumps(page.context.cookies()).count("sessionid") == 0
