"""User management: creating, inviting, roles, keeping out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from django.test import Client

from minno_dashboard.accounts import queries, services
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.accounts.names import FieldRefused, fold
from minno_dashboard.core.errors import NotAllowed, NotFound
from tests.accounts.conftest import PASSWORD, make
from tests.files.test_races import together


@pytest.fixture
def office(dana: User, as_user: Callable[[User], Client]) -> Client:
    """The browser of dana, an admin."""
    return as_user(dana)


def form(username: str = "carol", **more: str) -> dict[str, str]:
    return {
        "username": username,
        "email": "carol@lab.example.org",
        "full_name": "Carol",
        "role": "researcher",
        **more,
    }


def test_a_new_user_gets_an_activation_link_shown_once(office: Client, client: Client) -> None:
    answer = office.post("/admin/users/new/", form())
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "shown only once" in page
    assert "no-store" in answer["Cache-Control"]
    link = page.partition(">http://127.0.0.1:8000")[2].partition("<")[0]
    assert link.startswith("/activate/")
    code = link.split("/")[2]
    for path in ("/admin/users/", "/admin/users/?q=carol", "/settings/", "/admin/configuration/"):
        assert code not in office.get(path).content.decode()
    assert client.get(link).status_code == 302
    carol = User.objects.get(username="carol")
    assert (carol.is_activated, carol.role, carol.full_name) == (False, "researcher", "Carol")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Li", "li"),
        ("  Dana.S-x_1@lab ", "dana.s-x_1@lab"),
        ("Straße", "strasse"),
        ("李雷", "李雷"),
        ("יעל", "יעל"),
        ("นักวิจัย", "นักวิจัย"),
        ("ＡＢＣ", "abc"),
        ("o" * 150, "o" * 150),
        ("n\u0303andu", "ñandu"),
    ],
)
def test_user_names_of_any_script_are_folded(db: None, written: str, stored: str) -> None:
    user = services.create_user(by=None, username=written, email="x@lab.example.org")
    assert user.username == stored
    assert queries.find_user(written) == user
    assert fold(stored) == stored


@pytest.mark.parametrize(
    ("username", "sentence"),
    [
        ("x", "2 to 150"),
        ("x" * 151, "at most 150"),
        ("ß" * 76, "2 to 150"),
        ("two words", "a space"),
        ("a/b", "“/”"),
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("<script>", "“<”"),
        ("a'b", "“'”"),
        ("🦊🦊", "“🦊”"),
        ("..", "must start with"),
        ("@home", "must start with"),
        ("", "required"),
    ],
)
def test_a_user_name_that_is_refused_stays_in_the_form_with_a_sentence(
    office: Client, username: str, sentence: str
) -> None:
    answer = office.post("/admin/users/new/", form(username))
    assert answer.status_code == 422
    assert sentence in answer.content.decode().replace("&#x27;", "'").replace("&lt;", "<")
    assert 'value="carol@lab.example.org"' in answer.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("username", "email"),
    [
        ("ALICE", "new@lab.example.org"),
        ("carol", "Alice@LAB.example.org"),
        ("alice@lab.example.org", "new@lab.example.org"),
    ],
)
def test_a_name_that_would_find_two_people_is_refused(
    alice: User, office: Client, username: str, email: str
) -> None:
    answer = office.post("/admin/users/new/", form(username, email=email))
    assert answer.status_code == 422
    assert "belongs to another user" in answer.content.decode()


def test_an_email_equal_to_another_users_user_name_is_refused(db: None) -> None:
    make("ghost@lab.example.org", email="real@lab.example.org")
    with pytest.raises(FieldRefused, match="belongs to another user"):
        services.create_user(by=None, username="carol", email="ghost@lab.example.org")


def test_a_role_must_be_one_of_the_two(office: Client, alice: User, dana: User) -> None:
    assert office.post("/admin/users/new/", form(role="owner")).status_code == 422
    with pytest.raises(FieldRefused):
        services.create_user(by=dana, username="xx", email="xx@lab.example.org", role="su")
    assert office.post(f"/admin/users/{alice.pk}/role/", {"role": "su"}).status_code == 422
    alice.refresh_from_db()
    assert alice.role == "researcher"


def test_the_search_finds_names_and_addresses_in_any_case(db: None) -> None:
    services.create_user(by=None, username="yael", email="y@lab.example.org", full_name="Иван ПЕТРОВ")
    services.create_user(by=None, username="zoe", email="zoe@other.example.org", full_name="Zoë Ångström")

    def found(text: str) -> list[str]:
        return [user.username for user in queries.search_users(text)]

    assert found("петров иван") == ["yael"]
    assert found("A\u030aNGSTR") == ["zoe"]
    assert found("OTHER.example") == ["zoe"]
    assert found("") == ["yael", "zoe"]
    assert found("%") == []


def test_the_list_shows_who_is_there_and_finds_them(office: Client, alice: User, bob: User) -> None:
    page = office.get("/admin/users/").content.decode()
    assert "3 users" in page
    assert "Alice Ábel" in page
    found = office.get("/admin/users/", {"q": "ÁBEL"}).content.decode()
    assert "Alice Ábel" in found
    assert "bob@lab.example.org" not in found
    assert "No user name" in office.get("/admin/users/", {"q": "nobody here"}).content.decode()


def test_a_long_list_has_pages(office: Client) -> None:
    User.objects.bulk_create(User(username=f"u{n:03}", email=f"u{n:03}@lab.example.org") for n in range(60))
    page = office.get("/admin/users/", {"q": "lab"}).content.decode()
    assert "Page 1 of 2" in page
    assert "?q=lab&amp;page=2" in page
    assert "u059@" in office.get("/admin/users/", {"q": "lab", "page": "2"}).content.decode()
    assert office.get("/admin/users/", {"page": "nonsense"}).status_code == 200


def test_names_and_searches_are_text_and_never_code(office: Client, dana: User) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    services.create_user(by=dana, username="mallory", email="m@lab.example.org", full_name=evil)
    mallory = User.objects.get(username="mallory")
    pages = [
        office.get("/admin/users/"),
        office.get("/admin/users/", {"q": evil}),
        office.post(f"/admin/users/{mallory.pk}/link/"),
        office.post("/admin/users/new/", form(evil, full_name=evil, email=evil)),
    ]
    for page in pages:
        text = page.content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;" in pages[0].content.decode()


def test_a_reset_link_is_made_for_who_has_a_password_and_an_activation_link_for_who_has_none(
    office: Client, alice: User, dana: User
) -> None:
    carol = services.create_user(by=dana, username="carol", email="c@lab.example.org")
    assert "127.0.0.1:8000/reset/" in office.post(f"/admin/users/{alice.pk}/link/").content.decode()
    assert "127.0.0.1:8000/activate/" in office.post(f"/admin/users/{carol.pk}/link/").content.decode()
    services.deactivate(by=dana, user=alice)
    refused = office.post(f"/admin/users/{alice.pk}/link/")
    assert refused.status_code == 409
    assert "is deactivated" in refused.content.decode()


def test_deactivating_ends_sessions_at_once_and_activating_brings_none_back(
    office: Client, alice: User, as_user: Callable[[User], Client], client: Client
) -> None:
    inside, asleep = as_user(alice), as_user(alice)
    assert inside.get("/settings/").status_code == 200
    assert office.post(f"/admin/users/{alice.pk}/deactivate/").status_code == 302
    assert client.post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 422
    assert inside.get("/settings/").status_code == 302
    assert office.post(f"/admin/users/{alice.pk}/activate/").status_code == 302
    assert inside.get("/settings/").status_code == 302
    assert asleep.get("/settings/").status_code == 302, "a browser not used meanwhile"
    assert client.post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 302


def test_a_role_holds_from_the_next_request_on(
    office: Client, erin: User, as_user: Callable[[User], Client]
) -> None:
    other = as_user(erin)
    assert other.get("/admin/users/").status_code == 200
    office.post(f"/admin/users/{erin.pk}/role/", {"role": "researcher"})
    assert other.get("/admin/users/").status_code == 403
    office.post(f"/admin/users/{erin.pk}/role/", {"role": "admin"})
    assert other.get("/admin/users/").status_code == 200


def test_an_admin_cannot_remove_themself(office: Client, dana: User, erin: User) -> None:
    for path, data in (("role", {"role": "researcher"}), ("deactivate", {})):
        answer = office.post(f"/admin/users/{dana.pk}/{path}/", data)
        assert answer.status_code == 403
        assert "You cannot take away your own access" in answer.content.decode()
    dana.refresh_from_db()
    assert dana.is_active
    assert dana.is_admin


def test_the_last_active_admin_stays(dana: User, erin: User, alice: User) -> None:
    services.deactivate(by=erin, user=dana)
    with pytest.raises(NotAllowed, match="last active admin"):
        services.deactivate(by=dana, user=erin)
    with pytest.raises(NotAllowed, match="last active admin"):
        services.change_role(by=alice, user=erin, role="researcher")


def test_an_admin_who_never_set_a_password_does_not_count_as_one(dana: User, alice: User) -> None:
    services.create_user(by=dana, username="new", email="new@lab.example.org", role="admin")
    with pytest.raises(NotAllowed, match="last active admin"):
        services.deactivate(by=alice, user=dana)


@pytest.mark.django_db(transaction=True)
def test_two_admins_removing_each_other_at_once_leave_one() -> None:
    dana, erin = make("dana", role="admin"), make("erin", role="admin")
    results = together(
        partial(services.deactivate, by=dana, user=erin), partial(services.deactivate, by=erin, user=dana)
    )
    assert sum(isinstance(one, NotAllowed) for one in results) == 1
    assert User.objects.filter(role="admin", is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_creating_one_user_at_once_make_one_and_the_other_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked, forget = threading.Barrier(2), User.set_unusable_password

    def wait_for_each_other(user: User) -> None:
        with suppress(
            threading.BrokenBarrierError
        ):  # SQLite lets the second one look only after the first saved
            looked.wait(timeout=0.5)
        forget(user)

    admins = [make(name, role="admin") for name in ("dana", "erin")]
    monkeypatch.setattr(User, "set_unusable_password", wait_for_each_other)
    results = together(
        *(
            partial(services.create_user, by=admin, username="carol", email="carol@lab.example")
            for admin in admins
        )
    )
    assert [one.field for one in results if isinstance(one, FieldRefused)] == ["username"]
    assert User.objects.filter(username="carol").count() == 1


def test_an_unknown_user_is_not_found(office: Client) -> None:
    assert office.post("/admin/users/999999/link/").status_code == 404
    with pytest.raises(NotFound, match="There is no user “nobody”"):
        queries.find_user("nobody")


def test_every_deed_is_in_the_audit_log_without_secrets(office: Client, alice: User, dana: User) -> None:
    office.post("/admin/users/new/", form())
    carol = User.objects.get(username="carol")
    for path, data in (
        ("link", {}),
        ("role", {"role": "admin"}),
        ("deactivate", {}),
        ("activate", {}),
    ):
        office.post(f"/admin/users/{carol.pk}/{path}/", data)
    entries = AuditEntry.objects.filter(target="carol", actor=dana).order_by("pk")
    assert [entry.action for entry in entries] == [
        "user.create",
        "user.make_activation_link",
        "user.make_activation_link",
        "user.change_role",
        "user.deactivate",
        "user.activate",
    ]
    assert "http" not in str(entries.values())


def test_a_refused_deed_is_not_in_the_audit_log(office: Client, dana: User) -> None:
    before = AuditEntry.objects.count()
    office.post(f"/admin/users/{dana.pk}/deactivate/")
    office.post("/admin/users/new/", form("x"))
    assert AuditEntry.objects.count() == before


def test_the_audit_log_keeps_the_name_of_a_user_who_is_gone(alice: User) -> None:
    record(actor=alice, action=AuditAction.USER_RENAME, target="t" * 400, hand="left")
    alice.delete()
    entry = AuditEntry.objects.get(action="user.rename")
    assert (entry.actor, entry.actor_name, len(entry.target)) == (None, "alice", 300)
    assert entry.details == {"hand": "left"}


def test_a_new_address_undoes_nothing_that_changed_meanwhile(alice: User) -> None:
    before = User.objects.get(pk=alice.pk)
    services.change_full_name(user=alice, full_name="Alice, renamed")
    services.change_email(user=before, email="other@lab.example.org")
    after = User.objects.get(pk=alice.pk)
    assert (after.full_name, after.email) == ("Alice, renamed", "other@lab.example.org")
