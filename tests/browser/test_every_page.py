"""Every page of the site, wide and narrow, light and dark: whole, legible, and kept as a picture to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site
from tests.config.test_every_address import BOTH, TABLE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NOBODY = None
PAGES: dict[str, tuple[str | None, str]] = {
    "front_door": (NOBODY, "/"),
    "login": (NOBODY, "/login/"),
    "activate": (NOBODY, "/activate/{activation}/"),
    "reset": (NOBODY, "/reset/unknown/"),
    "lost_password": (NOBODY, "/lost-password/"),
    "confirm_email": (NOBODY, "/confirm-email/unknown/"),
    "view_by_link": (NOBODY, "{link}?file=task.js"),
    "settings": ("dana", "/settings/"),
    "turn_second_step_on": ("dana", "/settings/security/two-step/"),
    "turn_second_step_off": ("tamar", "/settings/security/two-step/off/"),
    "new_recovery_codes": ("tamar", "/settings/security/recovery-codes/"),
    "make_token": ("dana", "/settings/tokens/new/"),
    "studies": ("dana", "/studies/"),
    "examples": ("dana", "/studies/examples/"),
    "tags": ("dana", "/tags/"),
    "messages": ("noa", "/messages/"),
    "study": ("dana", "{study}"),
    "study_version": ("dana", "{study}v1/"),
    "tag_study": ("dana", "{study}tags/"),
    "rename_study": ("dana", "{study}rename/"),
    "study_versions": ("dana", "{study}versions/"),
    "compare_versions": ("dana", "{study}versions/compare/?from=1&to=2"),
    "study_sharing": ("dana", "{study}sharing/"),
    "study_activity": ("dana", "{study}activity/"),
    "dropbox_restore": ("dana", "/dropbox/restore"),
    "edit_configuration": ("ada", "/admin/configuration/"),
    "user_management": ("ada", "/admin/users/"),
    "new_user": ("ada", "/admin/users/new/"),
    "import_users": ("ada", "/admin/users/import/"),
    "act_as": ("ada", "/admin/users/{noa}/act-as/"),
    "deactivate_and_hand_over": ("ada", "/admin/users/{noa}/hand-over/"),
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
ELSEWHERE = {
    "set_password": "`activate` leads there",
    "second_step": "tests/browser/test_administration.py",
    "replace_password": "tests/browser/test_dropbox_story.py",
    "add_passkey": "tests/browser/test_passkeys.py",
    "play_file": "tests/browser/test_playing.py",
    "change_tag": "a form of `tags`",
    "dropbox_set": "leads on to `settings`",
}
NOT_PAGES = {
    *(
        "healthz",
        "export_audit_log",
        "dropbox_badge",
        "dropbox_study_badge",
        "dropbox_panel",
        "dropbox_webhook",
    ),
    *("dropbox_restore_progress", "raw_by_link", "download_by_link", "study_raw", "download", "tree"),
    *("deleted_nodes", "read_file", "file_history", "read_file_version", "play", "play_player"),
    *("find_in_files", "copy_targets"),
}
FILES = {
    "index.html": "<!doctype html>\n<p>hello\n",
    "task.js": "// שלום\nconst trials = 40;\n\nfunction start() {\n  return trials;\n}\n",
    "images/פרצוף 😀.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a/b/c/deep.json": '{"a": 1}\n',
}
# A study with all that a study can have, and people for it; prints what the addresses above name.
FILLED = """
import json
from minno_dashboard.accounts import second_factor, services as accounts
from minno_dashboard.accounts.models import User
from minno_dashboard.studies import services, sharing, tags
from minno_dashboard.studies.models import Study
from minno_dashboard.files import services as files
import pyotp

user = {one.username: one for one in User.objects.all()}
study = Study.objects.get(owner=user["dana"], name__startswith="Every page")
services.describe_study(study=study, description="Do faces matter? — האם פנים חשובות?", by=user["dana"])
services.publish(study=study, by=user["dana"], note="As preregistered")
new = services.new_version(study=study, by=user["dana"])
files.write_file(
    tree=new.tree, by=user["dana"], path="task.js", source=b"const trials = 60;\\n", expected_blob=files.ANYTHING
)
share = sharing.invite(study=study, who="tamar-member", file_access="edit", sees_data=True, by=user["dana"])
sharing.answer(share=share, accept=True, by=user["tamar-member"])
sharing.invite(study=study, who="noa", file_access="read", sees_data=False, by=user["dana"])
for number, colour in enumerate(tags.PALETTE):
    tag = tags.create_tag(user=user["dana"], text=f"{colour.name} תג {number}", colour=colour.code)
    if number % 4 == 0:
        tag.studies.add(study)
factor = second_factor.begin(user=user["tamar"])
second_factor.confirm(user=user["tamar"], code=pyotp.TOTP(factor.secret).now())
invited = accounts.create_user(by=user["ada"], username="invited", email="invited@lab.example", full_name="מוזמנת")
print(json.dumps({
    "noa": user["noa"].pk,
    "link": sharing.make_link(study=study, by=user["dana"]),
    "activation": accounts.invite(by=user["ada"], user=invited),
}))
"""


def test_every_page_is_looked_at() -> None:
    pages = {name for name, row in TABLE.items() if row.method == "GET" or name in BOTH}
    api = {name for name in pages if name.startswith("api")}
    assert pages - api == PAGES.keys() | ELSEWHERE.keys() | NOT_PAGES


@pytest.fixture(scope="module")
def names(site: Site) -> Mapping[str, str]:
    """What the addresses name, in a site that is filled once."""
    site.add_users(("tamar", "Tamar Gil", "researcher"), ("tamar-member", "Tamar Member", "researcher"))
    site.session("tamar")  # before her log-in asks for a second step
    study = site.make_study("dana", "Every page — כל דף", FILES)
    for number in range(12):
        site.make_study("dana", f"Every other {number}")
    return {"study": study, **json.loads(site.python(FILLED))}


@pytest.mark.parametrize("name", PAGES | MORE)
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, True)])
def test_a_page_is_whole_in_every_form(
    names: Mapping[str, str], open_page: OpenPage, name: str, width: int, dark: bool
) -> None:
    user, path = (PAGES | MORE)[name]
    page = open_page(user, path.format(**names), width=width, dark=dark)
    expect(page.locator("h1").first).to_be_visible()
    if name == "a-file-open":
        expect(page.locator(".cm-content")).to_be_visible()
    picture(page, f"page-{name}-{width}{'-dark' if dark else ''}", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out to the side"
    assert_accessible(page)
