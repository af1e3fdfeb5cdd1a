"""The command create-user."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from minno_dashboard.accounts import second_factor
from minno_dashboard.accounts.commands import create_user, password_link, second_step_off
from minno_dashboard.accounts.models import AuditEntry, SecondFactor, User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused
from tests.accounts.conftest import PASSWORD, make

pytestmark = pytest.mark.django_db
BASE = ["Yaël", "--email", "Yael@lab.example.org"]


def test_a_user_with_a_password_can_come_in_at_once() -> None:
    done = CliRunner().invoke(
        create_user, [*BASE, "--password", PASSWORD, "--admin", "--full-name", "Yaël Levi"]
    )
    assert done.exit_code == 0
    user = User.objects.get()
    assert (user.username, user.email, user.role) == ("yaël", "yael@lab.example.org", "admin")
    assert user.full_name == "Yaël Levi"
    assert user.check_password(PASSWORD)
    assert not user.must_change_password
    assert PASSWORD not in done.output
    assert AuditEntry.objects.get().actor_name == "system"


def test_without_a_password_the_activation_link_is_printed() -> None:
    done = CliRunner().invoke(create_user, BASE)
    assert done.exit_code == 0
    assert "/activate/" in done.output
    assert User.objects.get().role == "researcher"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["x", "--email", "x@lab.example.org"], "2 to 150"),
        (["xavier", "--email", "nonsense"], "not a valid email address"),
        (["xavier", "--email", "x@lab.example.org", "--password", "short"], "too short"),
    ],
)
def test_what_is_refused_ends_with_a_sentence_and_changes_nothing(
    arguments: list[str], sentence: str
) -> None:
    done = CliRunner().invoke(create_user, arguments)
    assert done.exit_code != 0
    assert isinstance(done.exception, Refused)  # config.cli prints it as one sentence
    assert sentence in str(done.exception)
    assert not User.objects.exists()


def test_a_link_can_be_printed_for_who_lost_the_password() -> None:
    make("dana", role="admin")
    assert "/reset/" in CliRunner().invoke(password_link, ["DANA@lab.example.org"]).output
    CliRunner().invoke(create_user, BASE)
    assert "/activate/" in CliRunner().invoke(password_link, ["yaël"]).output
    refused = CliRunner().invoke(password_link, ["nobody"])
    assert refused.exit_code != 0
    assert "There is no user “nobody”" in str(refused.exception)


def test_the_second_step_can_be_turned_off_from_the_command_line() -> None:
    user = make("dana", role=User.Role.ADMIN)
    second_factor.begin(user=user)
    SecondFactor.objects.update(confirmed_at=clock.now())
    done = CliRunner().invoke(second_step_off, ["DANA@lab.example.org"])
    assert done.exit_code == 0
    assert not second_factor.is_on(user)
    assert AuditEntry.objects.filter(action="second_step.turn_off", actor_name="system").exists()
