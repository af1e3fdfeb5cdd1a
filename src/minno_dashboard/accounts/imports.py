"""Creates users from a CSV file: all of them, or none, with a list of invalid lines."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts import emails, services
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.core.errors import Invalid

MAX_BYTES = 1024 * 1024
MAX_USERS = 1000
COLUMNS = ("username", "email", "full_name", "role")
_HEADINGS = {
    "username": "username",
    "user name": "username",
    "user_name": "username",
    "login": "username",
    "email": "email",
    "e-mail": "email",
    "e-mail address": "email",
    "email address": "email",
    "full name": "full_name",
    "full_name": "full_name",
    "name": "full_name",
    "role": "role",
}


class BadLines(Invalid):
    """Some lines are invalid; `problems` has a sentence for each. No user was created."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(gettext("No users were created: some lines are invalid."))
        self.problems = problems


@dataclass(frozen=True)
class ImportedUser:
    """A new user and the link that sets the password."""

    user: User
    link: str
    is_mailed: bool


@transaction.atomic
def import_users(*, content: bytes, by: User) -> list[ImportedUser]:
    """Create a user for each line (user name, email address, full name, role; the last two may be left out).

    A first line with headings may give another order.

    Raises:
        Invalid: the file is no CSV file, too large, or empty.
        BadLines: lines are wrong; nobody was created.
    """
    problems: list[str] = []
    made: list[ImportedUser] = []
    for number, values in _lines(content):
        try:
            with transaction.atomic():
                user = services.create_user(by=by, **values)
                link = services.invite(by=by, user=user)
                made.append(ImportedUser(user, link, emails.send_activation(user=user, link=link)))
        except FieldRefused as error:
            problems.append(gettext("Line %(number)s: %(error)s") % {"number": number, "error": error})
    if problems:
        raise BadLines(problems)
    record(actor=by, action=AuditAction.USER_IMPORT, target=f"{len(made)} users")
    return made


def _lines(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return each line's number and values."""
    if len(content) > MAX_BYTES:
        raise Invalid(gettext("This file is larger than 1 MB. Split it into smaller files."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(gettext("This file is not UTF-8. Save it as “CSV UTF-8”.")) from error
    if "\0" in text:
        raise Invalid(gettext("This is not a CSV file."))
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [
            (number, [cell.strip() for cell in row])
            for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1)
        ]
    except csv.Error as error:
        raise Invalid(gettext("This is not a CSV file (%(error)s).") % {"error": error}) from error
    rows = [(number, row) for number, row in rows if any(row)]
    columns: tuple[str, ...] = COLUMNS
    if rows and all(cell.lower() in _HEADINGS for cell in rows[0][1] if cell):
        columns = tuple(_HEADINGS.get(cell.lower(), "") for cell in rows[0][1])
        rows = rows[1:]
    if not rows:
        raise Invalid(gettext("The file contains no users."))
    if len(rows) > MAX_USERS:
        raise Invalid(
            gettext("This file has more than %(most_users)s lines. Split it into smaller files.")
            % {"most_users": MAX_USERS}
        )
    return [(number, _values(columns, row)) for number, row in rows]


def _values(columns: tuple[str, ...], row: list[str]) -> dict[str, str]:
    given = {name: cell for name, cell in zip(columns, row, strict=False) if name}
    role = given.get("role", "").lower() or User.Role.RESEARCHER
    return {
        "username": given.get("username", ""),
        "email": given.get("email", ""),
        "full_name": given.get("full_name", ""),
        "role": role,
    }
