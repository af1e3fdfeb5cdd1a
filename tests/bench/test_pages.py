"""The benchmark of pages still finds its pages."""

from __future__ import annotations

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from tools.bench import pages


@pytest.mark.django_db
def test_every_page_of_the_benchmark_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for size, count in (("STUDIES", 8), ("FILES", 20), ("FOLDERS", 2)):
        monkeypatch.setattr(pages, size, count)
    named = pages.fill()
    client = Client(headers={"Authorization": f"Bearer {named['TOKEN']}"})
    client.force_login(User.objects.get(username="alice"))
    times = {title: [pages.ask(client, address)] for title, address in pages.addresses(named).items()}
    assert pages.report({"SQLite": times}).count("| Studies list") == 4
