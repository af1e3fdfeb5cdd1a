"""Usage, the home page, and who reaches the pages of this app."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.administration import homepage, plots, schedule
from minno_dashboard.administration.models import UsageDay
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies import services as studies


@pytest.mark.parametrize("name", ["usage", "edit_home_page"])
def test_only_admins_see_these_pages(
    alice: User, dana: User, as_user: Callable[[User], Client], name: str
) -> None:
    assert Client().get(reverse(name)).status_code == 302
    assert as_user(alice).get(reverse(name)).status_code == 403
    assert as_user(dana).get(reverse(name)).status_code == 200


def test_usage_counts_people_studies_files_and_bytes(
    alice: User,
    dana: User,
    as_user: Callable[[User], Client],
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    study = studies.create_study(owner=alice, name="Mood")
    files.write_file(
        tree=study.versions.get().tree, path="a", source=b"x" * 3000, expected_blob=files.ANYTHING, by=alice
    )
    schedule.count()
    schedule.count()
    today = UsageDay.objects.get()
    assert (today.users, today.studies, today.files, today.bytes) == (2, 1, 1, 3000)
    UsageDay.objects.create(day=clock.now().date() - timedelta(days=30), users=1, studies=0, files=0, bytes=0)
    client = as_user(dana)
    with django_assert_max_num_queries(24):  # type: ignore[attr-defined]
        page = client.get("/admin/usage/").content.decode()
    assert "Alice Ábel" in page
    assert "2.9 KB" in page
    assert page.count("<polyline") == 3
    assert f"since {clock.now().date() - timedelta(days=30):%-d %B %Y}" in page


def test_a_plot_goes_from_the_first_day_to_the_last_and_from_zero_to_the_most() -> None:
    day = date(2026, 1, 1)
    line = plots.line([(day, 0), (day + timedelta(days=5), 5), (day + timedelta(days=10), 10)])
    assert line == "6.0,90.0 160.0,48.0 314.0,6.0"
    assert plots.line([(day, 7)]) == "6.0,6.0 314.0,6.0"
    assert plots.line([]) == ""
    assert plots.line([(day, 0), (day, 0)])


BAD = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/x.png'>",
    "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<iframe src='https://evil.example'></iframe>",
    "<form action='https://evil.example'><input name=password></form>",
    "<p style='position:fixed'>x</p>",
    "<p id='name' class='btn'>x</p>",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<link rel=stylesheet href='https://evil.example/x.css'><base href='https://evil.example'>",
]
FORBIDDEN = re.compile(
    r"script|onerror|evil|javascript|style|<form|<input|<iframe|<svg|svg\+xml|class=|id=", re.I
)


@pytest.mark.parametrize("html", BAD)
def test_nothing_that_runs_or_calls_elsewhere_is_kept(html: str) -> None:
    assert not FORBIDDEN.search(homepage.clean(html))


def test_html_that_the_home_page_allows_is_kept() -> None:
    picture = '<img src="data:image/png;base64,iVBORw0KGgo=" alt="Logo">'
    html = f'<h2>ברוכים הבאים</h2><p>Ask <a href="https://lab.example.org">us</a></p><ul><li>1</li></ul>{picture}'
    cleaned = homepage.clean(html)
    assert picture in cleaned
    assert "<h2>ברוכים הבאים</h2>" in cleaned
    assert 'href="https://lab.example.org"' in cleaned
    assert 'rel="noopener noreferrer"' in cleaned
    assert homepage.clean(cleaned) == cleaned


def test_the_panels_stand_on_the_log_in_page(dana: User, as_user: Callable[[User], Client]) -> None:
    client = as_user(dana)
    given = {"above": "<h2>The lab of Dana</h2><script>1</script>", "beside": "<p>Call 5 for help</p>"}
    page = client.post("/admin/home-page/", given, follow=True).content.decode()
    assert "Saved, without anything that could run" in page
    entrance = Client().get("/login/").content.decode()
    assert "<h2>The lab of Dana</h2>" in entrance
    assert entrance.index("The lab of Dana") < entrance.index('name="password"') < entrance.index("Call 5")
    assert AuditEntry.objects.filter(target="Home page", actor=dana).exists()


def test_what_was_stored_uncleaned_is_cleaned_as_it_is_shown(db: None) -> None:
    save_section(siteconfig.HOME_PAGE, {"above": "<p>Hello</p><script>alert(1)</script>", "beside": ""}, {})
    page = Client().get("/login/").content.decode()
    assert "<p>Hello</p>" in page
    assert "alert(1)" not in page


def test_a_panel_that_is_too_long_keeps_what_was_typed(dana: User, as_user: Callable[[User], Client]) -> None:
    long = "x" * (homepage.MAX_CHARACTERS + 1)
    answer = as_user(dana).post("/admin/home-page/", {"above": long, "beside": ""})
    assert answer.status_code == 413
    assert long in answer.content.decode()
    assert siteconfig.home_page().above == ""
