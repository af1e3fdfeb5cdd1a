"""Every page of the site, wide and narrow, light and dark: whole, legible, and kept as a picture to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, assert_accessible, for_manual, picture, with_people
from tests.browser.filled import fill
from tests.browser.site import Site
from tests.config.addresses import BOTH, TABLE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("every_page")]

NOBODY = None
PAGES: dict[str, tuple[str | None, str]] = {
    "front_door": (NOBODY, "/"),
    "login": (NOBODY, "/login/"),
    "activate": (NOBODY, "{activation}"),
    "reset": (NOBODY, "/reset/unknown/"),
    "lost_password": (NOBODY, "/lost-password/"),
    "confirm_email": (NOBODY, "/confirm-email/unknown/"),
    "view_by_link": (NOBODY, "/view/{link}/?file=task.js"),
    "settings": ("dana", "/settings/"),
    "turn_second_step_on": ("dana", "/settings/security/two-step/"),
    "turn_second_step_off": ("tamar", "/settings/security/two-step/off/"),
    "new_recovery_codes": ("tamar", "/settings/security/recovery-codes/"),
    "make_token": ("dana", "/settings/tokens/new/"),
    "studies": ("dana", "/studies/"),
    "examples": ("dana", "/studies/examples/"),
    "example": ("dana", "/studies/examples/reaction-time/?file=task.js"),
    "tags": ("dana", "/tags/"),
    "messages": ("noa", "/messages/"),
    "invitation": (NOBODY, "/invitations/{invitation}/"),
    "study": ("dana", "{study}"),
    "study_version": ("dana", "{study}v1/"),
    "tag_study": ("dana", "{study}tags/"),
    "rename_study": ("dana", "{study}rename/"),
    "study_type": ("dana", "{study}type/"),
    "study_versions": ("dana", "{study}versions/"),
    "compare_versions": ("dana", "{study}versions/compare/?from=1&to=2"),
    "study_sharing": ("dana", "{study}sharing/"),
    "study_experiments": ("dana", "{study}experiments/"),
    "change_experiment": ("dana", "{study}experiments/{experiment}/"),
    "personal_links": ("dana", "{study}experiments/{experiment}/links/"),
    "study_data": ("dana", "{study}data/"),
    "study_session": ("dana", "{study}data/sessions/{session}/"),
    "data_requests": ("dana", "{study}data/downloads/"),
    "delete_data": ("dana", "{study}data/delete/?chosen=1"),
    "data_retention": ("dana", "{study}data/retention/?months=12"),
    "stored_data": ("dana", "{study}data/stored/"),
    "erase_participant": ("dana", "{study}data/erase/"),
    "study_activity": ("dana", "{study}activity/"),
    "dropbox_restore": ("dana", "/dropbox/restore"),
    "help": ("dana", "/help/"),
    "help_chapter": ("dana", "/help/sharing/"),
    "edit_configuration": ("ada", "/admin/configuration/"),
    "user_management": ("ada", "/admin/users/"),
    "new_user": ("ada", "/admin/users/new/"),
    "import_users": ("ada", "/admin/users/import/"),
    "act_as": ("ada", "/admin/users/{noa}/act-as/"),
    "deactivate_and_hand_over": ("ada", "/admin/users/{dana}/hand-over/"),
    "audit_log": ("ada", "/admin/audit/"),
    "usage": ("ada", "/admin/usage/"),
    "edit_home_page": ("ada", "/admin/home-page/"),
}
"""The pages by the names of their addresses: who opens them, and where."""
MORE = {
    "an-empty-list": ("tamar", "/studies/"),
    "no-messages": ("tamar", "/messages/"),
    "not-found": ("dana", "/studies/unknown/"),
    "not-allowed": ("dana", "/admin/users/"),
    "api-reference": ("dana", "/api/"),
    "a-file-open": ("dana", "{study}?file=task.js"),
}
REFUSED = {"not-found", "not-allowed"}
SHOWS = {
    "study": [".tree-row"],
    "study_version": [".tree-row"],
    "a-file-open": [".tree-row", ".cm-content"],
    "compare_versions": [".difference-body .cm-editor"],
    "view_by_link": [".cm-content"],
    "example": [".cm-content"],
}
"""What scripts put into a page, to be waited for."""
WITHOUT_PICTURE = {
    "front_door": "The first page of the Dashboard is the login form",
    "reset": "**Set password**",
    "confirm_email": "**Use this address**",
    "not-found": "Page not found",
    "not-allowed": "You don't have permission",
    "study": "The study opens",
    "study_version": "**View only**",
    "rename_study": "**Rename or describe…**",
    "study_type": "**⋯ → Study type…**",
    "new_recovery_codes": "**Create new recovery codes**",
    "turn_second_step_off": "**Turn off two-step login**",
    "dropbox_restore": "**Restore a study from Dropbox**",
    "no-messages": "No messages",
    "help": "**Help** in the top bar",
    "help_chapter": "**Help** in the top bar",
    "personal_links": "**Personal links**",
    "study_data": "Study → **Data**",
    "study_session": "one session",
    "data_requests": "**Request download**",
    "delete_data": "**Delete data…**",
    "data_retention": "**Automatic deletion…**",
    "stored_data": "**What is stored of participants**",
    "erase_participant": "**Erase a participant…**",
}
"""Pages without a picture of their own in the manual, with its words for them; each other has one of its name."""
ELSEWHERE = {
    "set_password": "`activate` leads there",
    "second_step": "tests/browser/test_administration.py",
    "replace_password": "tests/browser/test_dropbox_story.py",
    "add_passkey": "tests/browser/test_passkeys.py",
    "play_file": "tests/browser/test_playing.py",
    "change_tag": "a form of `tags`",
    "launch": "tests/browser/test_launching.py",
    "test_launch": "tests/browser/test_launching.py",
    "launch_file": "tests/browser/test_launching.py",
    "dropbox_set": "leads on to `settings`",
}
NOT_PAGES = {
    *(
        "healthz",
        "readyz",
        "metrics",
        "jatos_asset",
        "export_audit_log",
        "help_image",
        "dropbox_badge",
        "dropbox_study_badge",
        "dropbox_panel",
        "dropbox_webhook",
    ),
    *(
        "dropbox_restore_progress",
        "raw_by_link",
        "download_by_link",
        "study_raw",
        "download",
        "download_study",
        "tree",
    ),
    *("play_by_link", "play_example", "raw_of_example"),
    *(
        "deleted_nodes",
        "read_file",
        "read_base",
        "successors",
        "file_history",
        "read_file_version",
        "play",
        "play_player",
    ),
    *("find_in_files", "copy_targets", "download_data", "erasure_receipt", "export_personal_links"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Dashboard that nobody else has been to: its lists show what was filled in, and no more."""
    with with_people(Site(tmp_path_factory.mktemp("pages"))) as site:
        yield site


@pytest.fixture(scope="module")
def filled(site: Site) -> Mapping[str, str]:
    """What the addresses of pages name, in a site with all that a page can show."""
    return fill(site)


def test_every_page_is_looked_at() -> None:
    pages = {name for name, row in TABLE.items() if row.method == "GET" or name in BOTH}
    api = {name for name in pages if name.startswith("api")}
    assert pages - api == PAGES.keys() | ELSEWHERE.keys() | NOT_PAGES


@pytest.mark.parametrize("name", PAGES | MORE)
def test_a_page_is_whole_in_every_form(filled: Mapping[str, str], open_page: OpenPage, name: str) -> None:
    user, path = (PAGES | MORE)[name]
    page = open_page(user, path.format(**filled), width=1280)
    assert_whole(page, name, 1280)
    if name not in WITHOUT_PICTURE:
        for_manual(page, name)
    page.emulate_media(color_scheme="dark")
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.reload()
        assert_whole(page, name, width, "-dark")


def assert_whole(page: Page, name: str, width: int, suffix: str = "") -> None:
    """Look at a page as it has just been loaded, and keep its picture."""
    expect(page.locator("h1").first).to_be_visible()
    assert page.locator(".error-page").count() == (name in REFUSED), "the page is there"
    in_tree_place = name == "a-file-open" and width == 360  # a phone shows a file instead of the tree
    for shown in SHOWS.get(name, ()):
        expect(page.locator(shown).first).to_be_visible(visible=not (in_tree_place and shown == ".tree-row"))
    if in_tree_place:
        # All that the line below the text can hold: what is unsaved, a mistake, three buttons.
        page.locator("[data-body] .cm-content").press("Control+End")
        page.keyboard.type("const = ;")
        expect(page.locator("[data-mistakes]")).to_be_visible()
    picture(page, f"page-{name}-{width}{suffix}", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out to the side"
    assert_accessible(page)
