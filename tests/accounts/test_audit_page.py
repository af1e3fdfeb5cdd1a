"""Admin → Audit log."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import AuditEntry, User


@pytest.fixture
def admin(dana: User, alice: User, as_user: Callable[[User], Client]) -> Client:
    """An admin, and a log with three entries."""
    AuditEntry.objects.all().delete()
    record(actor=alice, action=AuditAction.STUDY_CREATE, target="מחקר <b>", study="x1")
    record(actor=dana, action=AuditAction.USER_CHANGE_ROLE, target="bob", role="admin")
    AuditEntry.objects.create(actor_name="system", action="tidy", target='=HYPERLINK("http://evil.example")')
    AuditEntry.objects.filter(action="tidy").update(at=datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    return as_user(dana)


def rows(client: Client, query: str = "") -> list[list[str]]:
    answer = client.get(f"/admin/audit/export.csv{query}")
    assert "attachment" in answer["Content-Disposition"]
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text)))[1:]


def test_the_page_shows_who_did_what_and_escapes_it(admin: Client) -> None:
    page = admin.get("/admin/audit/").content.decode()
    assert "3 entries" in page
    assert "מחקר &lt;b&gt;" in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("query", "verbs"),
    [
        ("", {"study.create", "user.change_role", "tidy"}),
        ("?q=alice", {"study.create"}),
        ("?q=ROLE+bob", {"user.change_role"}),
        ("?q=role+alice", set()),
        ("?q=CREATED+a+alice", {"study.create"}),
        ("?action=tidy", {"tidy"}),
        ("?until=2026-03-01", {"tidy"}),
        ("?since=2026-03-02", {"study.create", "user.change_role"}),
        ("?since=2026-03-01&until=2026-03-01", {"tidy"}),
    ],
)
def test_it_is_searched_and_narrowed_and_exported_alike(admin: Client, query: str, verbs: set[str]) -> None:
    assert {row[2] for row in rows(admin, query)} == verbs
    page = admin.get(f"/admin/audit/{query}").content.decode()
    assert f"{len(verbs)} entr" in page


def test_a_deed_is_said_in_words_and_keeps_its_own_word_for_programs(admin: Client, dana: User) -> None:
    page = admin.get("/admin/audit/").content.decode()
    assert '<span class="muted">created a study</span>' in page
    assert '<span class="muted" lang="en" dir="ltr">tidy</span>' in page  # of no release that is known
    assert "<bdi>the Dashboard</bdi>" in page
    assert [(row[2], row[5]) for row in rows(admin)] == [
        ("user.change_role", "changed a role"),
        ("study.create", "created a study"),
        ("tidy", ""),
    ]
    dana.language = "he"
    dana.save()
    found = rows(admin, "?q=יצר/ה+מחקר")
    assert [(row[2], row[5]) for row in found] == [("study.create", "יצר/ה מחקר")]
    assert '<option value="study.create" >יצר/ה מחקר</option>' in " ".join(
        admin.get("/admin/audit/").content.decode().split()
    )


def test_who_acted_as_somebody_is_said_in_the_reader_s_language(admin: Client, dana: User) -> None:
    AuditEntry.objects.create(actor=dana, actor_name="dana as alice", action="study.create", target="x")
    assert "<bdi>dana as alice</bdi>" in admin.get("/admin/audit/").content.decode()
    dana.language = "he"
    dana.save()
    assert "<bdi>dana בשם alice</bdi>" in admin.get("/admin/audit/").content.decode()


def test_an_invalid_date_is_refused_with_a_sentence(admin: Client) -> None:
    assert "Enter a valid date" in admin.get("/admin/audit/?since=yesterday").content.decode()


def test_the_audit_export_disarms_spreadsheet_formulas(admin: Client) -> None:
    cells = [row[3] for row in rows(admin)]
    assert '\'=HYPERLINK("http://evil.example")' in cells


def test_a_long_log_is_paged_with_a_bounded_number_of_queries(
    admin: Client, django_assert_max_num_queries: Callable[..., object]
) -> None:
    now = AuditEntry.objects.latest("pk").at
    AuditEntry.objects.bulk_create(
        AuditEntry(actor_name=f"user{n}", action="session.log_in", target="x") for n in range(250)
    )
    AuditEntry.objects.filter(action="session.log_in").update(at=now - timedelta(days=1))
    with django_assert_max_num_queries(18):  # type: ignore[attr-defined]
        page = admin.get("/admin/audit/?q=user&page=3").content.decode()
    assert "Page 3 of 3" in page
    assert "q=user&amp;page=2" in page
