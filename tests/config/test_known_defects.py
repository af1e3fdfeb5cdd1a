"""Holes of the system that this one takes the place of, each tried here: reading files, rising by sharing, scripts in addresses."""

from __future__ import annotations

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.runtime import files_key
from minno_dashboard.studies import queries, sharing
from minno_dashboard.studies.models import Collaboration, Experiment, Study
from tests.collection.conftest import alice, experiment, study
from tests.studies.conftest import person, share, write

__all__ = ["alice", "experiment", "study"]
OUTSIDE = (
    "../secret.key",
    "..%2fsecret.key",
    "%2e%2e/%2e%2e/etc/passwd",
    "/etc/passwd",
    "a/../../secret.key",
    "..\\secret.key",
)


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_address_reads_a_file_outside_of_a_study(
    client: Client, study: Study, experiment: Experiment, alice: User, path: str
) -> None:
    key = files_key.make_key(queries.newest_version(study).tree_id, now=clock.now())
    code = sharing.make_link(study=study, by=alice)
    client.force_login(alice)
    for address in (
        f"/launch-files/{key}/{path}",
        f"/studies/{study.public_id}/raw/{path}",
        f"/studies/{study.public_id}/v1/raw/{path}",
        f"/view/{code}/raw/{path}",
        f"/download?path={path}",
        f"/play/player/{path}",
        f"/static/{path}",
        f"/studies/{study.public_id}/data/downloads/{path}",
    ):
        answer = client.get(address)
        assert answer.status_code == 404, address
        assert b"root:" not in answer.content


@pytest.mark.parametrize("visitor", ["stranger", "reader", "data only", "pending"])
def test_nobody_gives_themselves_rights_by_sharing(client: Client, study: Study, visitor: str) -> None:
    Study.objects.filter(pk=study.pk).update(is_public=True)
    mallory = person("mallory")
    if visitor != "stranger":
        files = "none" if visitor == "data only" else "read"
        status = "pending" if visitor == "pending" else "accepted"
        share(study, mallory, file_access=files, status=status, sees_data=visitor == "data only")
    other = share(study, person("other"), file_access="read", status="accepted")
    before = list(Collaboration.objects.order_by("pk").values())
    client.force_login(mallory)
    base = f"/studies/{study.public_id}"
    own = Collaboration.objects.filter(user=mallory).first() or other
    for address, form in (
        (f"{base}/sharing/invite/", {"who": "mallory", "files": "edit", "data": "visible"}),
        (f"{base}/sharing/{own.pk}/change/", {"files": "edit"}),
        (f"{base}/sharing/{own.pk}/change/", {"files": "owner"}),
        (f"{base}/sharing/{other.pk}/remove/", {}),
        (f"{base}/sharing/transfer/", {"share": own.pk}),
    ):
        assert client.post(address, form).status_code in (403, 404), address
    assert list(Collaboration.objects.order_by("pk").values()) == before
    assert Study.objects.get(pk=study.pk).owner_id == study.owner_id


def test_no_rights_beyond_those_that_there_are_can_be_given(
    client: Client, study: Study, alice: User
) -> None:
    client.force_login(alice)
    member = share(study, person("member"), file_access="read", status="accepted")
    for files in ("owner", "admin", "", "EDIT "):
        client.post(f"/studies/{study.public_id}/sharing/{member.pk}/change/", {"files": files})
        member.refresh_from_db()
        assert member.file_access == "read", files


EVIL = "%22%3E%27%3C/script%3E%3Cscript%3Ealert(1)%3C/script%3E%3C!--%E2%80%A8%3Cimg%20src=x%20onerror=alert(1)%3E"


@pytest.mark.parametrize("kind", ["html", "minnojs"])
@pytest.mark.parametrize("page", ["launch", "test"])
def test_an_address_puts_no_script_into_a_page(
    client: Client, study: Study, experiment: Experiment, kind: str, page: str
) -> None:
    write(study, "index.html", b"<!doctype html><head><!-- os:base --><!-- os:vars --></head><p>Hello</p>")
    Experiment.objects.update(kind=kind)
    version = queries.newest_version(study)
    address = f"/{page}/{experiment.public_id}/{version.launch_id}"
    shown = [client.get(f"{address}?x=1"), client.get(f"{address}?x={EVIL}&{EVIL}=1&link=&resume={EVIL}")]
    assert [answer.status_code for answer in shown] == [200, 200]
    plain, found = (answer.content for answer in shown)
    for piece in (b"<script", b"<img", b"onerror=alert(1)>"):
        assert found.count(piece) == plain.count(piece), piece
    assert client.get(f"{address}?link={EVIL}").content.count(b"<script") <= plain.count(b"<script")
    refused = client.get(f"/{page}/{EVIL}/{version.launch_id}")
    assert b"<script>alert" not in refused.content
    assert b"<img src=x" not in refused.content
