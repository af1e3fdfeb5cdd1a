"""Many users from a CSV file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from minno_dashboard.accounts import imports
from minno_dashboard.accounts.models import AuditEntry, User


@pytest.fixture
def send(dana: User, as_user: Callable[[User], Client]) -> Callable[[bytes], tuple[int, str]]:
    """Upload a file as an admin; return the status and the page."""
    client = as_user(dana)

    def upload(content: bytes) -> tuple[int, str]:
        answer = client.post("/admin/users/import/", {"file": SimpleUploadedFile("users.csv", content)})
        return answer.status_code, answer.content.decode()

    return upload


Send = Callable[[bytes], tuple[int, str]]


@pytest.mark.parametrize(
    "content",
    [
        "ruth,ruth@lab.example.org,רות לוי\nomar,OMAR@lab.example.org,,admin\n",
        "\ufeffE-mail;User name;Role;Full name\r\nruth@lab.example.org;Ruth;;רות לוי\r\n;;;\r\nomar@lab.example.org;omar;Admin;",
        "username\temail\tfull name\trole\nruth\truth@lab.example.org\tרות לוי\t\nomar\tomar@lab.example.org\t\tadmin",
    ],
)
def test_user_lists_of_excel_and_other_programs_are_read(send: Send, content: str) -> None:
    status, page = send(content.encode())
    assert status == 200
    assert "2 users created" in page
    ruth, omar = User.objects.get(username="ruth"), User.objects.get(username="omar")
    assert (ruth.email, ruth.full_name, ruth.role) == ("ruth@lab.example.org", "רות לוי", "researcher")
    assert (omar.email, omar.role, omar.is_activated) == ("omar@lab.example.org", "admin", False)
    assert page.count("/activate/") == 2
    assert AuditEntry.objects.filter(action="user.import", target="2 users").exists()


def test_one_wrong_line_and_nobody_is_created(send: Send, alice: User) -> None:
    before = User.objects.count()
    status, page = send(
        b"ruth,ruth@lab.example.org\nalice,x@lab.example.org\nomar,nothing\nruth,r2@lab.example.org,,king\n"
    )
    assert status == 422
    assert "Line 2: This user name belongs to another user." in page
    assert "Line 3: This is not a valid email address" in page
    assert "Line 4:" in page
    assert User.objects.count() == before
    assert not AuditEntry.objects.filter(action="user.create", target="ruth").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "contains no users"),
        (b"username,email\n", "contains no users"),
        ("רות,r@lab.example.org".encode("cp1255"), "not UTF-8"),
        (b"PK\x03\x04\0\0", "not a CSV file"),
        (b"x" * (imports.MAX_BYTES + 1), "larger than 1 MB"),
        (b"a,b\n" * (imports.MAX_USERS + 1), "more than 1000 lines"),
    ],
)
def test_a_file_that_is_no_user_list_is_refused(send: Send, content: bytes, sentence: str) -> None:
    status, page = send(content)
    assert status == 422
    assert sentence in page


def test_names_are_escaped(send: Send) -> None:
    assert "<script>" not in send(b"<script>,x@lab.example.org")[1]
