"""Our own store cannot be reached: nothing is parked, the mirror waits and goes on by itself."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from minno_dashboard.accounts.models import User
from minno_dashboard.mirror.models import Link, Parked
from minno_dashboard.mirror.pages.mirror_status import badge, status
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.test_calls import study_of


@pytest.mark.parametrize("files", [2, 60])
def test_a_bucket_out_of_reach_is_waited_for(
    world: MirrorWorld, anna: User, files: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-nobody")
    here = Path(str(settings.BLOB_STORE))
    study_of(anna, files)
    world.connect(anna, ANNA)
    settings.BLOB_STORE = f"s3://lab/{files}"
    world.run()
    link = Link.objects.get(user=anna)
    assert (link.last_error, link.state) == ("store_unavailable", Link.State.ACTIVE)
    assert not Parked.objects.filter(link=link).exists()
    assert status(anna)["state"] == "waiting"
    assert "had an internal error" in badge(anna).full
    settings.BLOB_STORE = str(here)
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"
