"""Settings → Dropbox and the badge."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from dropbox_simulator import Simulator, faults
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link, Parked, RemoteNode
from minno_dashboard.studies.services import create_study
from tests.mirror.web.conftest import browser_of, configure, connect, said, text_of
from tests.studies.conftest import share

ANNA, BEN = "anna@dropbox.example", "ben@dropbox.example"


def settings_page(client: Client) -> str:
    return client.get("/settings/").content.decode()


def dropbox_section(client: Client) -> str:
    html = settings_page(client)
    return text_of(html[html.index('<section id="dropbox"') :])


@pytest.fixture
def connected(configured: Simulator, alice: User) -> Client:
    """Alice's browser, her Dropbox connected."""
    client = browser_of(alice)
    connect(client, configured, ANNA)
    return client


def test_the_folder_in_dropbox_is_named_and_opened(connected: Client, alice: User, bob: User) -> None:
    study = create_study(owner=alice, name="Stroop & co")
    page = f"/studies/{study.public_id}/"
    assert "Open in Dropbox" not in connected.get(page).content.decode(), "nothing is there yet"
    link = Link.objects.get(user=alice)
    above = RemoteNode.objects.create(link=link, name="Studies", name_key="studies", is_folder=True)
    RemoteNode.objects.create(
        link=link,
        parent=above,
        name="Stroop & co",
        name_key="stroop & co",
        is_folder=True,
        identity=f"study:{study.pk}",
    )
    for name, path, address in (
        ("", "Apps/<your app>", "https://www.dropbox.com/home/Apps"),
        ("Minno lab", "Apps/Minno lab", "https://www.dropbox.com/home/Apps/Minno%20lab"),
    ):
        configure(app_name=name)
        assert f"Folder in Dropbox {path}/Studies/… · Open in Dropbox" in dropbox_section(connected)
        assert f'href="{address}"' in settings_page(connected)
        html = connected.get(page).content.decode()
        assert f"Open in Dropbox {path}/Studies/Stroop & co" in text_of(html)
        assert f'href="{address}{"/Studies/Stroop%20%26%20co" if name else ""}"' in html
    share(study, bob, status="accepted", file_access="read")
    html = browser_of(bob).get(page).content.decode()
    assert "Stroop &amp; co" in html
    assert "Open in Dropbox" not in html, "it is in another person's Dropbox"


def test_the_feature_being_off_is_said_without_a_button(simulator: Simulator, alice: User) -> None:
    words = dropbox_section(browser_of(alice))
    assert "The administrator of this Dashboard has not enabled Dropbox synchronization." in words
    assert "Synchronize with your Dropbox Account" not in words


def test_before_connecting_it_explains_one_way_and_that_admins_get_no_access(
    configured: Simulator, alice: User
) -> None:
    client = browser_of(alice)
    words = dropbox_section(client)
    assert "One way only" in words
    assert "Administrators get no access to your Dropbox or your files." in words
    assert ">Synchronize with your Dropbox Account</button>" in settings_page(client)
    assert "Stop synchronizing with Dropbox" not in words


def test_when_connected_it_shows_whose_account_it_is_and_how_full(connected: Client) -> None:
    words = dropbox_section(connected)
    for expected in ("Anna A", ANNA, "of 2 GB used", "Last proof", "Waiting to upload", "Verify now"):
        assert expected in words
    assert ">Stop synchronizing with Dropbox</button>" in settings_page(connected)
    assert "Your files stay in your Dropbox" in settings_page(connected)
    assert "Synchronize with your Dropbox Account" not in words


def test_it_looks_again_by_itself_only_while_something_moves(connected: Client, alice: User) -> None:
    def looks_again() -> bool:
        return 'hx-trigger="every' in connected.get("/dropbox/panel").content.decode()

    assert looks_again()
    Link.objects.filter(user=alice).update(
        state=Link.State.NEEDS_USER, reason="reconnect", reason_at=clock.now()
    )
    assert not looks_again()


def test_what_is_said_stands_in_the_section_and_only_once(connected: Client) -> None:
    assert "Connected to the Dropbox of anna@dropbox.example." in dropbox_section(connected)
    assert "Connected to the Dropbox" not in settings_page(connected)


def test_prove_now_makes_a_proof_due(connected: Client, alice: User) -> None:
    Link.objects.update(next_proof_at=None)
    response = connected.post("/dropbox/prove")
    assert (response.status_code, response["Location"]) == (303, "/settings/#dropbox")
    due = Link.objects.get(user=alice).next_proof_at
    assert due is not None
    assert due <= clock.now()


def test_the_user_chooses_what_becomes_of_deleted_files(connected: Client, alice: User) -> None:
    assert Link.objects.get(user=alice).keep_deleted
    connected.post("/dropbox/policy", {"deleted_files": "delete"})
    assert not Link.objects.get(user=alice).keep_deleted
    response = connected.post("/dropbox/policy", {"deleted_files": "something"})
    assert "Nothing was changed" in said(response)
    connected.post("/dropbox/policy", {"deleted_files": "keep"})
    assert Link.objects.get(user=alice).keep_deleted


@pytest.mark.parametrize(
    ("reason", "keep_deleted", "sentence", "button"),
    [
        (
            "mass_removal_planned",
            True,
            "250 of 300 files are no longer in the Dashboard and would move to the folder Deleted",
            "Move 250 files to Deleted",
        ),
        (
            "mass_removal_planned",
            False,
            "250 of 300 files are no longer in the Dashboard and would be deleted from your Dropbox for good",
            "Delete 250 files from Dropbox",
        ),
        (
            "mass_removal_in_dropbox",
            True,
            "250 of 300 files were deleted in your Dropbox. They are safe in the Dashboard.",
            "Put 250 files back into your Dropbox",
        ),
    ],
)
def test_a_mass_removal_is_asked_about_with_its_consequences(
    connected: Client, alice: User, reason: str, keep_deleted: bool, sentence: str, button: str
) -> None:
    Link.objects.update(
        state=Link.State.NEEDS_USER,
        reason=reason,
        reason_at=clock.now(),
        keep_deleted=keep_deleted,
        removal_question={"removed": 250, "total": 300},
    )
    words = dropbox_section(connected)
    assert sentence in words
    assert button in words
    assert "Keep sync paused" in words
    assert "stays paused" in said(connected.post("/dropbox/confirm", {"answer": "refuse"}))
    assert Link.objects.get(user=alice).state == Link.State.NEEDS_USER
    connected.post("/dropbox/confirm", {"answer": "accept"})
    link = Link.objects.get(user=alice)
    assert (link.state, link.removal_answer) == (Link.State.ACTIVE, "accept")


def test_files_that_dropbox_refuses_are_named_with_their_reason_and_escaped(
    connected: Client, alice: User
) -> None:
    Parked.objects.create(
        link=Link.objects.get(user=alice),
        identity="node:1",
        path="/Studies/S/v1/<script>alert(1)</script>.js",
        reason="disallowed_name",
        at=clock.now(),
    )
    html = settings_page(connected)
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.js" in html


def test_a_hostile_account_name_is_escaped(connected: Client) -> None:
    Link.objects.update(account_name="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in settings_page(connected)


def test_a_broken_connection_offers_to_reconnect(
    connected: Client, configured: Simulator, alice: User
) -> None:
    Link.objects.update(state=Link.State.NEEDS_USER, reason="reconnect", reason_at=clock.now())
    assert ">Reconnect</button>" in settings_page(connected)
    connect(connected, configured, ANNA)
    assert Link.objects.get(user=alice).state == Link.State.ACTIVE
    assert ">Reconnect</button>" not in settings_page(connected)


def test_who_is_connected_can_stop_while_the_feature_is_off(connected: Client, alice: User) -> None:
    configure(is_enabled=False)
    words = dropbox_section(connected)
    assert "paused Dropbox synchronization" in words
    connected.post("/dropbox/stop")
    assert Link.objects.get(user=alice).state == Link.State.OFF
    assert AuditEntry.objects.filter(actor=alice, action="dropbox.disconnect").exists()


def test_stopping_twice_is_no_error_page(connected: Client) -> None:
    connected.post("/dropbox/stop")
    response = connected.post("/dropbox/stop")
    assert response.status_code == 303
    assert "not connected" in said(response)


def test_the_badge_is_on_every_page_with_words_and_is_announced(connected: Client) -> None:
    for page in (reverse("settings"), "/no/such/page/"):
        html = connected.get(page).content.decode()
        badge = html[html.index('<div class="mirror-bar"') :]
        assert 'aria-live="polite"' in badge[:60]
        assert text_of(badge[: badge.index("</a>")]).strip()
        assert 'aria-hidden="true"' in badge


def test_the_badge_is_sent_again_only_when_it_changed(connected: Client, alice: User) -> None:
    first = connected.get("/dropbox/badge")
    mark = first.content.decode().split("?was=")[1].split('"')[0]
    assert connected.get(f"/dropbox/badge?was={mark}").status_code == 204
    Link.objects.update(state=Link.State.NEEDS_USER, reason="reconnect", reason_at=clock.now())
    changed = connected.get(f"/dropbox/badge?was={mark}")
    assert changed.status_code == 200
    assert "Reconnect Dropbox" in changed.content.decode()


def test_every_address_of_the_mirror_needs_a_log_in_and_its_own_method(configured: Simulator) -> None:
    anonymous = Client(headers={"host": "127.0.0.1:8000"})
    for name in ("prove", "policy", "confirm", "stop", "connect"):
        response = anonymous.post(f"/dropbox/{name}")
        assert response.status_code == 302
        assert response["Location"].startswith("/login/")
    for name in ("badge", "panel"):
        assert anonymous.get(f"/dropbox/{name}")["Location"].startswith("/login/")


def test_changes_are_never_made_by_following_a_link(connected: Client) -> None:
    for name in ("prove", "policy", "confirm", "stop", "connect"):
        assert connected.get(f"/dropbox/{name}").status_code == 405


def test_forms_of_other_sites_are_refused(configured: Simulator, alice: User) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1:8000"})
    client.force_login(alice)
    for name in ("prove", "policy", "confirm", "stop", "connect"):
        assert client.post(f"/dropbox/{name}").status_code == 403


def test_the_page_stands_while_dropbox_is_down(connected: Client, configured: Simulator) -> None:
    configured.control.add_fault(faults.reset())
    assert "Anna A" in dropbox_section(connected)
