"""The preview: whose address it is, what it gives, and that nothing it gives can act in the Dashboard's name."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import Invalid
from minno_dashboard.studies import players, playing, services, sharing
from minno_dashboard.studies.models import Study
from tests.studies.conftest import person, share, write

pytestmark = pytest.mark.django_db

PAGE = b'<!doctype html><head><!-- os:base --><!-- os:vars --></head><script src="js/a.js"></script>'


@pytest.fixture
def study() -> Study:
    study = services.create_study(owner=person("alice"), name="Playing", kind="html")
    for path, content in {
        "index.html": PAGE,
        "js/a.js": b"let a = 1;",
        "images/x.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "text/שלום.jst": "שלום".encode(),
        "data.json": b"{}",
        "sound.mp3": b"ID3",
        "strange.zzz": b"?",
    }.items():
        write(study, path, content)
    return study


def top_of(study: Study, user: User | None = None) -> str:
    client = Client()
    client.force_login(user or study.owner)
    answer = client.get(f"/studies/{study.public_id}/v1/play").json()
    assert answer["seconds"] == 7200
    return str(answer["files"])


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("js/a.js", "text/javascript; charset=utf-8"),
        ("images/x.svg", "image/svg+xml; charset=utf-8"),
        ("text/שלום.jst", "text/plain; charset=utf-8"),
        ("data.json", "application/json; charset=utf-8"),
        ("sound.mp3", "audio/mpeg"),
        ("strange.zzz", "application/octet-stream"),
        ("not there.js", "text/html; charset=utf-8"),
    ],
)
def test_every_answer_is_sandboxed_without_cookies(study: Study, path: str, content_type: str) -> None:
    answer = Client().get(f"{top_of(study)}{path}")
    assert answer.status_code == (404 if path == "not there.js" else 200)
    assert answer["Content-Type"] == content_type
    policy = answer["Content-Security-Policy"].split()
    assert policy[0] == "sandbox"
    assert "allow-same-origin" not in policy
    assert not [word for word in policy if word.startswith("allow-top-navigation") or "escape" in word]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "X-Frame-Options" not in answer
    assert not answer.cookies


def test_a_page_gets_its_base_and_session_and_other_bytes_stay_as_they_are(study: Study) -> None:
    top = top_of(study)
    page = Client().get(f"{top}index.html").content.decode()
    assert f'<base href="{top}">' in page
    assert "data-minno=" in page
    assert "&quot;sessionId&quot;: -1" in page
    assert b"".join(Client().get(f"{top}js/a.js")) == b"let a = 1;"


def test_unchanged_bytes_are_not_sent_again(study: Study) -> None:
    address = f"{top_of(study)}js/a.js"
    tag = Client().get(address)["ETag"]
    again = Client().get(address, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again["Content-Security-Policy"].startswith("sandbox")


def test_data_that_a_study_posts_is_answered_and_not_kept(study: Study) -> None:
    address = top_of(study).replace("/files/", "/data")
    asked = Client(enforce_csrf_checks=True).options(address, headers={"Origin": "null"})
    assert asked["Access-Control-Allow-Methods"] == "PUT, POST"
    body = json.dumps({"data": [{"name": "x"}], "sessionId": -1})
    for method in ("PUT", "POST"):
        answer = Client(enforce_csrf_checks=True).generic(method, address, body, "application/json")
        assert answer.json() == {"stored": False}


def test_a_forged_or_old_key_opens_nothing(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    top = top_of(study)
    key = top.split("/")[2]
    for forged in (key[:-1] + ("A" if key[-1] != "A" else "B"), "x", key.replace(":", ";")):
        assert Client().get(f"/play/{forged}/files/index.html").status_code == 404
    monkeypatch.setattr(playing, "LIFE", timedelta(seconds=-1))
    answer = Client().get(f"{top}index.html")
    assert answer.status_code == 404
    assert b"This preview has ended." in answer.content


def test_a_key_ends_with_the_right_of_its_person(study: Study) -> None:
    noa = person("noa")
    member = share(study, noa, status="accepted", file_access="read")
    top = top_of(study, noa)
    assert Client().get(f"{top}index.html").status_code == 200
    sharing.remove_member(share=member, by=study.owner)
    assert Client().get(f"{top}index.html").status_code == 404


def test_a_key_ends_with_the_password_and_the_person(study: Study) -> None:
    alice = study.owner
    top = top_of(study)
    alice.set_password("another passphrase")
    alice.save()
    assert Client().get(f"{top}index.html").status_code == 404
    top = top_of(study)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert Client().get(f"{top}index.html").status_code == 404


def test_a_key_is_for_one_version_only(study: Study) -> None:
    top = top_of(study)
    services.publish(study=study, by=study.owner)
    services.new_version(study=study, by=study.owner)
    write(study, "js/a.js", b"let a = 2;")
    assert b"".join(Client().get(f"{top}js/a.js")) == b"let a = 1;"


def player(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "pi-minno.js").write_text("// player")
    (folder / "main.css").write_text("body {}")
    (folder / "secret.pem").write_text("no part of a player")
    return folder


def test_a_minnojs_task_is_played_in_the_page_of_the_player(
    study: Study, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR = tmp_path / "data"
    Study.objects.filter(pk=study.pk).update(kind="minnojs")
    top = top_of(study)
    missing = Client().get(f"{top}js/a.js?play")
    assert missing.status_code == 404
    assert b"install-player" in missing.content
    assert players.install(player(tmp_path / "dist")) == 2
    page = Client().get(f"{top}js/a.js?play").content.decode()
    assert f'pi-manager="{top}js/a.js"' in page
    assert 'src="/play/player/pi-minno.js"' in page
    script = Client().get("/play/player/pi-minno.js")
    assert script["Content-Type"].startswith("text/javascript")
    for outside in ("secret.pem", "../../secret_key", "%2e%2e/%2e%2e/secret_key", "/etc/passwd"):
        assert Client().get(f"/play/player/{outside}").status_code == 404


def test_a_player_comes_from_a_zip_and_replaces_the_one_before(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    players.install(player(tmp_path / "old"))
    archive = tmp_path / "player.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("release/dist/pi-minno.js", "// newer")
    assert players.install(archive) == 1
    assert players.file_at("pi-minno.js").read_text() == "// newer"
    (tmp_path / "bad.zip").write_text("no zip")
    for wrong in (tmp_path / "bad.zip", tmp_path / "data" / "nothing"):
        wrong.parent.mkdir(exist_ok=True)
        if not wrong.exists():
            wrong.mkdir()
        with pytest.raises(Invalid):
            players.install(wrong)
    assert players.is_installed()
