"""Lost your password, where no mail is configured: the same answer for everybody, a mark for the admins."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from minno_dashboard.accounts import services, throttle
from minno_dashboard.accounts.models import AccessCode, User
from minno_dashboard.jobs.models import Job
from minno_dashboard.jobs.services import DueJobs
from tests.accounts.conftest import PASSWORD


def work() -> None:
    while do := DueJobs().claim_next("test"):
        do()


def ask(client: Client, name: str) -> str:
    return client.post("/lost-password/", {"name": name}).content.decode().replace(name, "NAME")


def without_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line and "nonce" not in line)


def test_the_answer_tells_nobody_who_has_an_account(
    alice: User, bob: User, dana: User, client: Client
) -> None:
    services.deactivate(by=dana, user=bob)
    answers = {without_token(ask(client, name)) for name in ("alice", "bob", "nobody")}
    assert len(answers) == 1
    assert Job.objects.count() == 3, "the same work for each"
    assert "alice" not in str(list(Job.objects.values("args")))


def test_the_log_in_page_leads_there(db: None, client: Client) -> None:
    assert 'href="/lost-password/"' in client.get("/login/").content.decode()
    assert "administrators" in client.get("/lost-password/").content.decode()


def test_admins_see_who_asked_until_a_link_is_made(
    alice: User, dana: User, client: Client, as_user: Callable[[User], Client]
) -> None:
    ask(client, "alice@lab.example.org")
    work()
    admin = as_user(dana)
    assert "Requested a new password" in admin.get("/admin/users/").content.decode()
    admin.post(f"/admin/users/{alice.pk}/link/")
    assert "Requested a new password" not in admin.get("/admin/users/").content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD), "the present one goes on working"


def test_asking_ends_no_link_that_an_admin_made(alice: User, client: Client) -> None:
    link = services.reset(by=None, user=alice)
    ask(client, "alice")
    work()
    assert client.get(link.removeprefix("http://127.0.0.1:8000")).status_code == 302
    assert AccessCode.objects.count() == 1


def test_asking_again_and_again_is_refused(alice: User, client: Client) -> None:
    for _ in range(throttle.MAX_FAILURES):
        assert client.post("/lost-password/", {"name": "alice"}).status_code == 200
    answer = client.post("/lost-password/", {"name": "alice"})
    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert client.post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 302, (
        "nobody is kept out by strangers who ask"
    )


def test_a_deactivated_account_gets_nothing(alice: User, dana: User, client: Client) -> None:
    services.deactivate(by=dana, user=alice)
    ask(client, "alice")
    work()
    alice.refresh_from_db()
    assert alice.reset_asked_at is None
