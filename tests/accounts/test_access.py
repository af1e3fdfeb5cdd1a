"""Who reaches which address: every address of this app as everybody, and what no answer may tell."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core import management
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from minno_dashboard.accounts import services, urls
from minno_dashboard.accounts.models import User
from minno_dashboard.siteconfig.services import save_section
from tests.accounts.conftest import PASSWORD

OK, LOGIN, NO, METHOD = 200, "login", 403, 405
# name: (path, method, anonymous, researcher, admin); a number is a status, LOGIN leads to the login page.
TABLE: dict[str, tuple[str, str, object, object, object]] = {
    "login": ("/login/", "get", OK, 302, 302),
    "logout": ("/logout/", "post", 302, 302, 302),
    "activate": ("/activate/x/", "get", 404, 404, 404),
    "reset": ("/reset/x/", "get", 404, 404, 404),
    "set_password": ("/set-password/", "get", 404, 404, 404),
    "lost_password": ("/lost-password/", "get", OK, OK, OK),
    "confirm_email": ("/confirm-email/x/", "get", LOGIN, 404, 404),
    "replace_password": ("/new-password/", "get", LOGIN, 302, 302),
    "settings": ("/settings/", "get", LOGIN, OK, OK),
    "save_profile": ("/settings/profile/", "post", LOGIN, 302, 302),
    "save_password": ("/settings/password/", "post", LOGIN, 422, 422),
    "save_email": ("/settings/email/", "post", LOGIN, 422, 422),
    "second_step": ("/login/code/", "get", 302, 302, 302),
    "turn_second_step_on": ("/settings/security/two-step/", "get", LOGIN, OK, OK),
    "turn_second_step_off": ("/settings/security/two-step/off/", "get", LOGIN, 302, 302),
    "new_recovery_codes": ("/settings/security/recovery-codes/", "get", LOGIN, 302, 302),
    "add_passkey": ("/settings/passkeys/new/", "get", LOGIN, 302, 302),
    "begin_passkey": ("/settings/passkeys/begin/", "post", LOGIN, 422, 422),
    "finish_passkey": ("/settings/passkeys/finish/", "post", LOGIN, 422, 422),
    "remove_passkey": ("/settings/passkeys/999999999/remove/", "post", LOGIN, 404, 404),
    "begin_passkey_log_in": ("/login/passkey/begin/", "post", 422, 422, 422),
    "log_in_by_passkey": ("/login/passkey/", "post", 422, 422, 422),
    "end_session": ("/settings/security/sessions/999999999/end/", "post", LOGIN, 404, 404),
    "log_out_everywhere": ("/settings/security/log-out-everywhere/", "post", LOGIN, 302, 302),
    "hide_first_steps": ("/settings/first-steps/hide/", "post", LOGIN, 302, 302),
    "save_appearance": ("/settings/appearance/", "post", LOGIN, 302, 302),
    "turn_second_step_off_for": ("/admin/users/{bob}/second-step-off/", "post", LOGIN, NO, 302),
    "edit_configuration": ("/admin/configuration/", "get", LOGIN, NO, OK),
    "save_mail": ("/admin/configuration/mail/", "post", LOGIN, NO, 422),
    "send_test_mail": ("/admin/configuration/mail/test/", "post", LOGIN, NO, 302),
    "try_mails_again": ("/admin/configuration/mail/try-again/", "post", LOGIN, NO, 302),
    "audit_log": ("/admin/audit/", "get", LOGIN, NO, OK),
    "export_audit_log": ("/admin/audit/export.csv", "get", LOGIN, NO, OK),
    "user_management": ("/admin/users/", "get", LOGIN, NO, OK),
    "new_user": ("/admin/users/new/", "get", LOGIN, NO, OK),
    "import_users": ("/admin/users/import/", "get", LOGIN, NO, OK),
    "new_user_link": ("/admin/users/{bob}/link/", "post", LOGIN, NO, OK),
    "change_user_role": ("/admin/users/{bob}/role/", "post", LOGIN, NO, 422),
    "deactivate_user": ("/admin/users/{bob}/deactivate/", "post", LOGIN, NO, 302),
    "reactivate_user": ("/admin/users/{bob}/activate/", "post", LOGIN, NO, 302),
}
# Reachable without logging in; the mirror and participants' pages add their own.
OPEN = {
    "healthz",
    "login",
    "logout",
    "activate",
    "reset",
    "set_password",
    "lost_password",
    "second_step",
    "begin_passkey_log_in",
    "log_in_by_passkey",
}


def test_every_address_has_a_row() -> None:
    assert {pattern.name for pattern in urls.urlpatterns} == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("who", ["anonymous", "researcher", "admin"])
def test_each_role_reaches_only_its_addresses(
    alice: User, bob: User, dana: User, name: str, who: str
) -> None:
    path, method, *expected = TABLE[name]
    client = Client()
    if who != "anonymous":
        client.force_login(alice if who == "researcher" else dana)
    answer = getattr(client, method)(path.format(bob=bob.pk))
    wanted = expected[("anonymous", "researcher", "admin").index(who)]
    if wanted == LOGIN:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/")
    else:
        assert answer.status_code == wanted
        assert not (answer.status_code == 302 and answer["Location"].startswith("/login/?"))


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row[1] == "post"])
def test_nothing_changes_by_following_a_link(dana: User, bob: User, name: str) -> None:
    client = Client()
    client.force_login(dana)
    assert client.get(TABLE[name][0].format(bob=bob.pk)).status_code == METHOD


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row[1] == "post"] + ["new_user"])
def test_no_form_of_another_site_is_accepted(dana: User, bob: User, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(dana)
    answer = client.post(TABLE[name][0].format(bob=bob.pk), {"role": "admin"})
    assert answer.status_code == NO
    bob.refresh_from_db()
    assert bob.is_active
    assert not bob.is_admin


def test_a_form_with_its_token_is_accepted(dana: User, bob: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(dana)
    token = str(client.get("/admin/users/").context["csrf_token"])
    answer = client.post(f"/admin/users/{bob.pk}/role/", {"role": "admin", "csrfmiddlewaretoken": token})
    assert answer.status_code == 302


def test_a_researcher_sees_no_menu_for_admins(
    alice: User, dana: User, as_user: Callable[[User], Client]
) -> None:
    assert "Edit configuration" not in as_user(alice).get("/settings/").content.decode()
    page = as_user(dana).get("/settings/").content.decode()
    assert page.index(">Admin</button>") < page.index("Edit configuration") < page.index("User management")


def test_every_other_address_of_the_site_asks_for_a_log_in_unless_listed(db: None) -> None:
    found = {pattern.name for pattern in walk(get_resolver().url_patterns) if not needs_log_in(pattern)}
    ours = {pattern.name for pattern in urls.urlpatterns} | {"healthz"}
    assert found & ours == OPEN


def walk(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    flat: list[URLPattern] = []
    for one in patterns:
        flat += walk(one.url_patterns) if isinstance(one, URLResolver) else [one]
    return flat


def needs_log_in(pattern: URLPattern) -> bool:
    return bool(getattr(pattern.callback, "login_required", True))


def test_no_page_of_an_admin_tells_a_secret(
    alice: User, dana: User, as_user: Callable[[User], Client], caplog: pytest.LogCaptureFixture
) -> None:
    """Hashes of passwords, fingerprints and codes of links, sealed and unsealed secrets stay where they are."""
    with caplog.at_level(logging.DEBUG):
        save_section("dropbox", {"is_enabled": True, "app_key": "key1"}, {"app_secret": "s3cr3t-of-the-app"})
        link = services.reset(by=dana, user=alice)
        client = as_user(dana)
        paths = [
            "/admin/configuration/",
            "/admin/users/",
            "/admin/users/?q=alice",
            "/admin/users/new/",
            "/settings/",
        ]
        pages = "".join(client.get(path).content.decode() for path in paths)
        Client().post("/login/", {"name": "alice", "password": PASSWORD})
        Client().post("/login/", {"name": "alice", "password": "a wrong secret"})
    alice.refresh_from_db()
    code = link.rstrip("/").rpartition("/")[2]
    seals: list[str] = [row["fields"]["sealed"]["app_secret"]["sealed"] for row in dump("siteconfig.section")]
    prints = [str(row["fields"]["fingerprint"]) for row in dump("accounts.accesscode")]
    told: str = pages + caplog.text
    secrets: list[str] = [
        "s3cr3t-of-the-app",
        PASSWORD,
        "a wrong secret",
        alice.password,
        "argon2",
        code,
        *seals,
        *prints,
    ]
    assert [secret for secret in secrets if secret in told] == []
    assert "s3cr3t-of-the-app" not in json.dumps(dump())
    assert code not in json.dumps(dump())


def dump(*labels: str) -> list[dict[str, dict[str, dict[str, dict[str, str]]]]]:
    out = io.StringIO()
    management.call_command("dumpdata", *labels, stdout=out)
    found: list[dict[str, dict[str, dict[str, dict[str, str]]]]] = json.loads(out.getvalue())
    return found


def test_passwords_are_kept_as_argon2(alice: User) -> None:
    assert alice.password.startswith("argon2$argon2id$")


def test_the_log_in_pages_headers_keep_it_out_of_frames_caches_and_referers(client: Client, db: None) -> None:
    answer = client.get("/login/")
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    cookie = client.cookies["csrftoken"]
    assert cookie["samesite"] == "Lax"


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(alice: User, client: Client) -> None:
    client.post("/login/", {"name": "alice", "password": PASSWORD})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
