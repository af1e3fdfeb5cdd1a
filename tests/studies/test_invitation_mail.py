"""An invitation by mail, against a real mail server."""

from __future__ import annotations

from pathlib import Path

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.jobs.models import Job
from minno_dashboard.jobs.services import DueJobs
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies import services, sharing
from minno_dashboard.studies.models import Study
from tests.accounts.post_office import PASSWORD, USER, PostOffice, make_certificate


def test_whoever_is_invited_gets_a_mail_that_says_what_it_gives(
    alice: User, bob: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    office = PostOffice(certificate)
    study = services.create_study(owner=alice, name="Étude שלום")
    with office.open():
        chosen = {"provider": "smtp", "host": "localhost", "port": office.port, "security": "starttls"}
        save_section(
            siteconfig.MAIL,
            {**chosen, "sender": USER, "username": USER},
            {siteconfig.MAIL_PASSWORD: PASSWORD},
        )
        sharing.invite(study=study, who="bob", file_access="edit", sees_data=False, by=alice)
        while do := DueJobs().claim_next("test"):
            do()
    (letter,) = office.mails
    assert letter["To"] == "bob@lab.example.org"
    assert letter["Subject"] == "alice invites you to “Étude שלום”"
    body = letter.get_content()
    assert "read and change its files; its data would stay hidden" in body
    assert "/messages/" in body
    assert "Until you accept, you have no access." in body


def test_without_mail_nothing_waits_to_be_sent(alice: User, bob: User, study: Study) -> None:
    sharing.invite(study=study, who="bob", file_access="edit", sees_data=False, by=alice)
    assert not Job.objects.exists()
