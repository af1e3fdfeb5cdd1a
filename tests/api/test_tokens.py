"""Tokens: made and revoked on the Settings page, and what they open."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client

from minno_dashboard.accounts import services as accounts
from minno_dashboard.accounts.models import AuditEntry, LoginFailure, User
from minno_dashboard.accounts.throttle import MAX_FAILURES
from minno_dashboard.api import services
from minno_dashboard.api.commands import tokens
from minno_dashboard.api.models import ApiToken
from minno_dashboard.core import clock
from minno_dashboard.studies.models import Study
from tests.accounts.conftest import PASSWORD, make
from tests.api.conftest import ALL, Program, code_for


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def form(**changes: Any) -> dict[str, Any]:
    return {"name": "Upload", "scopes": ["studies:write"], "days": "30", "password": PASSWORD, **changes}


def test_a_token_is_shown_once_kept_as_a_fingerprint_listed_used_and_revoked(alice: User) -> None:
    client = logged_in(alice)
    page = client.post("/settings/tokens/new/", form())
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    found = re.search(r"minno_[\w-]{43}", page.content.decode())
    assert found
    code = found[0]
    token = ApiToken.objects.get()
    assert code not in str(ApiToken.objects.values().get())
    assert timedelta(days=29) < token.expires_at - clock.now() <= timedelta(days=30)
    settings = client.get("/settings/").content.decode()
    assert "never used" in settings
    assert code not in settings
    assert Program(code)("POST", "/studies", {"name": "By a program"}).status_code == 201
    assert "never used" not in client.get("/settings/").content.decode()
    assert client.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 302
    assert Program(code)("GET", "/studies").status_code == 401
    verbs = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert "token.create" in verbs
    assert verbs[-1] == "token.revoke"
    assert AuditEntry.objects.get(action="study.create").details["api_token"] == "Upload"
    assert not [entry for entry in AuditEntry.objects.all() if code in str(entry.details)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "not it at all"}, "Wrong password"),
        ({"scopes": []}, "Choose what this token may be used for"),
        ({"scopes": ["admin"]}, "admin"),
        ({"name": "  "}, "required"),
        ({"name": "a\0b"}, "Null characters"),
        ({"days": "9999"}, "9999"),
    ],
)
def test_a_refused_token_says_why_and_is_not_made(
    alice: User, changes: dict[str, Any], sentence: str
) -> None:
    page = logged_in(alice).post("/settings/tokens/new/", form(**changes))
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert not ApiToken.objects.exists()


def test_guessing_the_password_there_is_slowed_down(alice: User) -> None:
    client = logged_in(alice)
    for _ in range(MAX_FAILURES):
        assert client.post("/settings/tokens/new/", form(password="wrong")).status_code == 422
    assert client.post("/settings/tokens/new/", form()).status_code == 429


def test_a_person_has_a_limited_number_of_tokens(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_TOKENS", 1)
    code_for(alice)
    assert logged_in(alice).post("/settings/tokens/new/", form()).status_code == 422


def test_nobody_revokes_somebody_elses_token(alice: User, bob: User) -> None:
    code_for(alice)
    answer = logged_in(bob).post(f"/settings/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert answer.status_code == 404
    assert ApiToken.objects.exists()


def refused(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert error["message"].endswith(".")
    return answer.status_code, error["code"]


def test_without_a_token_that_counts_nobody_comes_in(alice: User, study: Study, program: Program) -> None:
    session = logged_in(alice)
    for method in ("get", "delete"):
        answer = getattr(session, method)(f"/api/v1/studies/{study.public_id}")
        assert refused(answer) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    basic = Client().get("/api/v1/studies", headers={"Authorization": "Basic YTpi"})
    assert refused(basic) == (401, "not_authenticated")
    assert refused(Program(program.code[:-1])("GET", "/studies")) == (401, "not_authenticated")
    assert refused(Program("\x00é")("GET", "/studies")) == (401, "not_authenticated")
    token = ApiToken.objects.get()
    ApiToken.objects.update(expires_at=clock.now())
    assert refused(program("GET", "/studies")) == (401, "not_authenticated")
    ApiToken.objects.update(expires_at=token.expires_at)
    assert program("GET", "/studies").status_code == 200
    User.objects.filter(pk=alice.pk).update(must_change_password=True)
    assert refused(program("GET", "/studies")) == (403, "not_allowed")
    User.objects.filter(pk=alice.pk).update(must_change_password=False, is_active=False)
    assert refused(program("GET", "/studies")) == (401, "not_authenticated")


def test_unknown_tokens_are_throttled_by_address_and_good_ones_go_on(program: Program) -> None:
    LoginFailure.objects.all().delete()
    for _ in range(MAX_FAILURES):
        assert Program("minno_nonsense")("GET", "/studies").status_code == 401
    answer = Program("minno_nonsense")("GET", "/studies")
    assert refused(answer) == (429, "too_many")
    assert int(answer["Retry-After"]) > 0
    assert program("GET", "/studies").status_code == 200


NEEDS = [
    ("GET", "/studies", {"studies:read", "studies:write"}),
    ("POST", "/studies", {"studies:write"}),
    ("GET", "/studies/STUDY/versions/1/files/task.js", {"studies:read", "studies:write"}),
    ("PUT", "/studies/STUDY/versions/1/files/task.js", {"studies:write"}),
    ("GET", "/studies/STUDY/members", {"studies:read", "studies:write", "members:write"}),
    ("POST", "/studies/STUDY/members", {"members:write"}),
    ("GET", "/mirror", {"mirror:read"}),
    ("GET", "/token", set(ALL)),
]


def test_a_token_opens_only_what_it_was_made_for(alice: User, study: Study) -> None:
    codes = {scope: code_for(alice, scope) for scope in ALL}
    for method, path, needed in NEEDS:
        for scope, code in codes.items():
            answer = Program(code)(method, path.replace("STUDY", study.public_id))
            if scope in needed:
                assert answer.status_code not in (401, 403), (method, path, scope)
            else:
                assert refused(answer) == (403, "scope_missing"), (method, path, scope)


@pytest.mark.parametrize(
    "path", ["/settings/", "/admin/users/", "/dropbox/panel/", "/settings/tokens/new/", "/studies/", "/api/"]
)
def test_a_token_opens_no_page(alice: User, path: str) -> None:
    User.objects.update(role=User.Role.ADMIN)
    client = Client(headers={"Authorization": f"Bearer {code_for(alice)}"})
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code in (302, 403, 404)
        assert answer.status_code != 302 or answer["Location"].startswith("/login/")


def test_old_tokens_are_forgotten_a_while_after_they_ended(alice: User) -> None:
    code_for(alice)
    ApiToken.objects.update(expires_at=clock.now() - services.KEPT_AFTER_END + timedelta(hours=1))
    services.forget_ended()
    assert ApiToken.objects.exists()
    ApiToken.objects.update(expires_at=clock.now() - services.KEPT_AFTER_END - timedelta(hours=1))
    services.forget_ended()
    assert not ApiToken.objects.exists()


def test_an_admin_on_the_server_lists_and_ends_tokens(alice: User) -> None:
    code_for(alice, "mirror:read")
    code = code_for(alice, "studies:read")
    run = CliRunner().invoke
    listed = run(tokens, ["list", "--user", "alice"])
    assert "for a test  studies:read  ends" in listed.output
    assert code not in listed.output
    one = ApiToken.objects.get(scopes=["mirror:read"])
    assert run(tokens, ["revoke", "--user", "alice", "--token", str(one.pk)]).output == "Revoked 1 token.\n"
    assert run(tokens, ["revoke", "--user", "alice"]).output == "Revoked 1 token.\n"
    assert Program(code)("GET", "/studies").status_code == 401
    assert AuditEntry.objects.filter(action="token.revoke_all", actor=None).exists()


def test_the_tokens_of_a_deactivated_account_do_not_come_back_with_it(alice: User, program: Program) -> None:
    admin = make("ada", role=User.Role.ADMIN)
    assert program("GET", "/token").status_code == 200
    accounts.deactivate(by=admin, user=alice)
    assert program("GET", "/token").status_code == 401
    accounts.reactivate(by=admin, user=alice)
    assert program("GET", "/token").status_code == 401
    assert AuditEntry.objects.get(action="token.revoke_all").actor == admin
