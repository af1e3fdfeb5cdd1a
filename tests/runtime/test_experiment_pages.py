"""The Experiments page: a file is made an experiment, set, closed and opened again; its link does what was chosen."""

from __future__ import annotations

from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.studies import queries
from minno_dashboard.studies.models import Experiment, ExperimentFile, Study


def test_a_file_becomes_an_experiment_and_its_settings_are_kept(
    client: Client, study: Study, alice: User
) -> None:
    client.force_login(alice)
    base = f"/studies/{study.public_id}/experiments/"
    node = queries.newest_version(study).tree.nodes.get(name="index.html")
    asked = client.get(f"{base}?file={node.pk}").content.decode()
    assert 'value="index"' in asked
    client.post(f"{base}add/", {"file": node.pk, "name": "main"})
    made = Experiment.objects.get()
    assert ExperimentFile.objects.get(experiment=made).node == node
    page = client.get(base).content.decode()
    link = f"/launch/{made.public_id}/{queries.newest_version(study).launch_id}"
    assert link in page
    assert "<svg" in page
    settings = {
        "name": "renamed",
        "launch_password": "sesame",
        "after_reload": "block",
        "place_minutes": "30",
        "recruitment": "prolific",
        "completion_code": "C1",
        "end_address": "javascript:alert(1)",
    }
    refused = client.post(f"{base}{made.public_id}/", settings)
    assert (refused.status_code, b"begins with https://" in refused.content) == (422, True)
    settings["end_address"] = "https://app.prolific.com/submissions/complete?cc=[CODE]"
    assert client.post(f"{base}{made.public_id}/", settings).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.after_reload, made.place_minutes) == ("renamed", "block", 30)
    assert "sesame" not in made.password
    assert "PROLIFIC_PID" in client.get(base).content.decode()
    assert b"launch_password" in client.get(link).content
    client.post(f"{base}{made.public_id}/close/")
    assert b"This study is closed." in client.get(link).content
    client.post(f"{base}{made.public_id}/close/", {"open": "yes"})
    assert b"launch_password" in client.get(link).content
