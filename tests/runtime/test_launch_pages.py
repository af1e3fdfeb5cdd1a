"""Launch pages: what they hold, what they refuse, and that loading them stores nothing."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.collection.models import ClientError, PersonalLink, Session
from minno_dashboard.core import clock
from minno_dashboard.files import queries as files
from minno_dashboard.files import services as file_services
from minno_dashboard.runtime import launching
from minno_dashboard.runtime.html_page import fill_page
from minno_dashboard.runtime.jatos import read_jas
from minno_dashboard.siteconfig.sealing import seal
from minno_dashboard.studies import experiments, queries, services
from minno_dashboard.studies.experiment_files import file_of
from minno_dashboard.studies.models import Experiment, ExperimentFile, Study, Version
from tests.collection.conftest import make_experiment
from tests.studies.conftest import write


def path_of(experiment: Experiment, version: Version | None = None, *, kind: str = "launch") -> str:
    """Return the path of a launch or test page."""
    version = version or queries.newest_version(Study.objects.get(pk=experiment.study_id))
    return f"/{kind}/{experiment.public_id}/{version.launch_id}"


def settings_of(content: bytes) -> dict[str, Any]:
    """Return what the page's script starts with."""
    found = re.search(r'data-minno="([^"]*)"', content.decode())
    assert found
    given: dict[str, Any] = json.loads(html.unescape(found[1]))
    return given


def test_a_launch_page_holds_the_session_and_stores_nothing(client: Client, experiment: Experiment) -> None:
    answer = client.get(f"{path_of(experiment)}?PROLIFIC_PID=007&x=%22%3E%3C/script%3E%3Cscript%3Ealert(1)")
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
    given = settings_of(answer.content)
    version = queries.newest_version(experiment.study)
    meta = {
        "sessionId": given["$meta"]["sessionId"],
        "studyId": experiment.public_id,
        "versionId": version.launch_id,
    }
    assert given["$meta"] == meta
    assert 0 < meta["sessionId"] < 2**52
    assert given["$postOnce"] == {
        "PROLIFIC_PID": "007",
        "x": '"></script><script>alert(1)',
        "descriptiveId": "index",
        "state": "Develop",
        **meta,
    }
    assert "allow-same-origin" not in answer["Content-Security-Policy"]
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert not Session.objects.exists()
    other = settings_of(client.get(path_of(experiment)).content)
    assert other["$meta"]["sessionId"] != meta["sessionId"]


def test_a_page_starts_its_session_once_and_data_are_not_for_django(
    client: Client, experiment: Experiment
) -> None:
    given = settings_of(client.get(f"{path_of(experiment)}?n=01").content)
    for _ in range(2):
        answer = client.post(f"{given['dataUrl']}/start", "{}", content_type="text/plain")
        assert answer.json()["stored"] is True
        assert answer["Access-Control-Allow-Origin"] == "*"
    assert Session.objects.get().params == {"n": "01"}
    assert client.post(f"{given['dataUrl']}x/start", "{}", content_type="text/plain").status_code == 404
    assert client.options(f"{given['dataUrl']}/start")["Access-Control-Allow-Headers"] == "content-type"
    # The gateway takes data (tests/collection/test_intake.py); there is no second way in.
    assert client.put(given["dataUrl"], "{}", content_type="application/json").status_code == 404


def test_a_test_page_stores_nothing_whatever_it_posts(client: Client, experiment: Experiment) -> None:
    given = settings_of(client.get(path_of(experiment, kind="test")).content)
    assert given["$meta"]["sessionId"] == -1
    for end, body in (
        ("/start", "{}"),
        ("/finish", "{}"),
        ("/error", '{"kind":"script"}'),
    ):
        answer = client.post(given["dataUrl"] + end, body, content_type="text/plain")
        assert answer.json()["stored"] is False
    state = client.post(f"{given['dataUrl']}/state", '{"component": 1}', content_type="text/plain")
    assert state.json() == {"stored": False}
    assert not Session.objects.exists()
    assert not ClientError.objects.exists()


def test_a_study_gets_its_files_by_a_key_that_is_not_a_way_in(
    client: Client, study: Study, experiment: Experiment
) -> None:
    write(study, "images/dot.svg", b"<svg/>")
    page = client.get(path_of(experiment)).content.decode()
    base = re.search(r'<base href="(/launch-files/[^"]+/)">', page)
    assert base
    found = client.get(f"{base[1]}images/dot.svg")
    assert b"".join(found.streaming_content) == b"<svg/>"  # type: ignore[attr-defined]
    assert "allow-same-origin" not in found["Content-Security-Policy"]
    assert client.get(f"{base[1]}../../settings/").status_code == 404
    assert client.get(f"{base[1]}none.js").status_code == 404
    tree, rest = base[1].split("/")[2].split(".", 1)
    assert client.get(f"/launch-files/{int(tree) + 1}.{rest}/index.html").status_code == 404
    services.archive_study(study=study, by=study.owner)
    assert client.get(f"{base[1]}images/dot.svg").status_code == 404


@pytest.mark.parametrize(
    "address", ["/launch/nothing/nothing", "/launch/{experiment}/nothing", "/test/x/{version}"]
)
def test_an_unknown_link_says_so(client: Client, experiment: Experiment, address: str) -> None:
    version = queries.newest_version(experiment.study)
    answer = client.get(address.format(experiment=experiment.public_id, version=version.launch_id))
    assert answer.status_code == 403
    assert b"This study is not available." in answer.content


def test_a_password_is_asked_for_and_taken(client: Client, study: Study) -> None:
    experiment = make_experiment(study, password=seal("open sesame"))
    assert b"launch_password" in client.get(path_of(experiment)).content
    wrong = client.post(path_of(experiment), {"launch_password": "no"})
    assert (wrong.status_code, b"not the password" in wrong.content) == (403, True)
    right = client.post(path_of(experiment), {"launch_password": " open sesame "})
    assert settings_of(right.content)["$meta"]["studyId"] == experiment.public_id


def test_a_personal_link_works_once_or_goes_on(client: Client, experiment: Experiment) -> None:
    once = PersonalLink.objects.create(
        experiment=experiment, label="P1", params={"group": "a"}, created_at=clock.now()
    )
    again = PersonalLink.objects.create(
        experiment=experiment, label="P2", is_resumable=True, created_at=clock.now()
    )
    for link in (once, again):
        given = settings_of(client.get(f"{path_of(experiment)}?link={link.code}").content)
        client.post(f"{given['dataUrl']}/start", "{}", content_type="text/plain")
    assert Session.objects.get(link=once).params == {"group": "a"}
    used = client.get(f"{path_of(experiment)}?link={once.code}")
    assert b"already been used" in used.content
    resumed = settings_of(client.get(f"{path_of(experiment)}?link={again.code}").content)
    assert resumed["$meta"]["sessionId"] == Session.objects.get(link=again).pk
    assert resumed["sequenceBase"] > 4096
    assert b"not valid" in client.get(f"{path_of(experiment)}?link=unknown").content
    client.post(f"{resumed['dataUrl']}/finish", "{}", content_type="text/plain")
    assert b"already been used" in client.get(f"{path_of(experiment)}?link={again.code}").content


def test_a_full_experiment_sends_people_where_they_are_paid_for_coming(client: Client, study: Study) -> None:
    experiment = make_experiment(
        study, session_limit=0, end_address="https://panel.example/?cc=[CODE]", over_quota_code="FULL"
    )
    answer = client.get(path_of(experiment))
    assert answer.status_code == 403
    assert b"https://panel.example/?cc=FULL" in answer.content


def test_an_experiment_follows_its_file(
    study: Study, experiment: Experiment, alice: User, client: Client
) -> None:
    version = queries.newest_version(study)
    folder = file_services.make_folder(tree=version.tree, parent=None, name="task", by=alice)
    node = file_of(experiment, version)
    assert node
    file_services.move(nodes=[node], to=folder, by=alice)
    file_services.rename(node=node, name="start.html", by=alice)
    file_services.rename(node=folder, name="renamed", by=alice)
    assert b"Hello" in client.get(path_of(experiment)).content
    services.publish(study=study, by=alice)
    new = services.new_version(study=study, by=alice)
    moved = file_of(experiment, new)
    assert moved
    assert files.path_of(moved) == "renamed/start.html"
    assert moved.tree_id == new.tree_id
    file_services.delete(nodes=[moved], by=alice)
    gone = client.get(path_of(experiment, new))
    assert (gone.status_code, b"no longer exists" in gone.content) == (404, True)
    assert b"Hello" in client.get(path_of(experiment, version)).content


def test_going_back_keeps_experiments_that_were_made_later(study: Study, alice: User) -> None:
    services.publish(study=study, by=alice)
    first = queries.newest_version(Study.objects.get(pk=study.pk))
    newer = services.new_version(study=study, by=alice)
    experiment = make_experiment(Study.objects.get(pk=study.pk))
    assert ExperimentFile.objects.get(experiment=experiment).version == newer
    back = services.roll_back(study=study, to=first, by=alice)
    node = file_of(experiment, back)
    assert node
    assert files.path_of(node) == "index.html"


def test_publishing_keeps_the_launch_link_or_gives_a_new_one(
    client: Client, study: Study, experiment: Experiment, alice: User
) -> None:
    v1 = services.publish(study=study, by=alice, relink=experiments.keep_launch_link)
    known = path_of(experiment, v1)
    given = settings_of(client.get(known).content)
    client.post(f"{given['dataUrl']}/start", "{}", content_type="text/plain")
    services.new_version(study=study, by=alice)
    write(Study.objects.get(pk=study.pk), "index.html", b"<p>Second</p>")
    v2 = services.publish(study=study, by=alice, relink=experiments.keep_launch_link)
    assert b"Second" in client.get(known).content
    v1.refresh_from_db()
    assert b"Hello" in client.get(path_of(experiment, v1)).content
    assert (
        Session.objects.get().version == v1
    )  # what was collected stays with the version it was collected with
    services.new_version(study=study, by=alice)
    v3 = services.publish(study=study, by=alice, relink=experiments.new_launch_link)
    assert b"Second" in client.get(known).content
    assert len({v1.launch_id, v2.launch_id, v3.launch_id}) == 3


def test_a_page_is_filled_in_where_it_says_so_or_at_the_beginning() -> None:
    def filled(page: bytes) -> bytes:
        return fill_page(page, marked_base=b"(top)", own_base=b"(own)", session=b"(session)")

    assert filled(b"<head><!-- os:base --><p><!-- os:vars --></head>") == b"<head>(top)<p>(session)</head>"
    assert filled(b"<!DOCTYPE html>\n<html><head lang='x'><title>") == (
        b"<!DOCTYPE html>\n<html><head lang='x'>(own)(session)<title>"
    )
    assert filled(b"<!doctype html><p>x") == b"<!doctype html>(own)(session)<p>x"
    assert filled(b"<head><base href='x'>") == b"<head>(session)<base href='x'>"
    assert filled(b"plain") == b"(own)(session)plain"


def test_a_jas_file_is_read_as_far_as_its_pages_are_there() -> None:
    def content(**values: Any) -> str:
        return json.dumps({"data": {"dirName": "exp", "componentList": [values]}})

    paths = {"up/exp/a.html", "up/b.html", "c.html"}
    for html_path, place in (("a.html", "up/exp/a.html"), ("b.html", "up/b.html"), ("/c.html", "c.html")):
        study = read_jas(content(htmlFilePath=html_path, jsonData='{"x": 1}'), folder="up/", paths=paths)
        assert study
        assert [one.path for one in study.components] == [place]
        assert study.components[0].json_input == {"x": 1}
    for bad in ("", "[]", "{}", '{"data": {"componentList": 5}}'):
        assert read_jas(bad, folder="", paths=paths) is None
    none = read_jas(content(htmlFilePath="../../etc/passwd"), folder="", paths=paths)
    assert none
    assert none.components == ()


def test_long_parameters_are_refused_in_words(client: Client, experiment: Experiment) -> None:
    answer = client.get(f"{path_of(experiment)}?x={'y' * (launching.MAX_PARAMS_CHARACTERS + 1)}")
    assert answer.status_code == 422
    assert b"too many parameters" in answer.content
