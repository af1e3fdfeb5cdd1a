"""The examples: each becomes a study of one's own, whole, and loads nothing from elsewhere."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from minno_dashboard.core.errors import NotFound
from minno_dashboard.files import queries as files
from minno_dashboard.files import store
from minno_dashboard.studies import starters
from minno_dashboard.studies.models import Study
from tests.studies.conftest import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("example", starters.EXAMPLES, ids=lambda one: one.slug)
def test_an_example_becomes_a_study_with_all_that_its_pages_name(example: starters.Example) -> None:
    study = starters.start_from_example(owner=person("alice"), slug=example.slug)
    assert (study.name, study.kind) == (example.name, example.kind)
    tree = study.versions.get().tree
    paths = {entry.path for entry in files.listing(tree) if not entry.is_folder}
    assert "README.md" in paths
    assert paths & ({"mgr.js"} if example.kind == Study.Kind.MINNOJS else {"index.html"})
    for path in sorted(paths):
        node = files.node_at(tree=tree, path=path)
        assert node
        text = store.read_verified(files.blob_of(node)).decode()
        for named in re.findall(r"(?:src|href)=\"([^\"$]+)\"|(?:scriptUrl|templateUrl): '([^']+)'", text):
            assert next(filter(None, named)) in paths, path
        if not path.startswith(("jspsych/", "images/")):
            assert not re.search(r"https?://", text), path
        if path.startswith("jspsych/"):
            assert "sourceMappingURL=http" not in text


def test_a_second_copy_gets_a_number() -> None:
    alice = person("alice")
    assert starters.start_from_example(owner=alice, slug="form").name == "A short form"
    assert starters.start_from_example(owner=alice, slug="form").name == "A short form (2)"


def test_everybody_sees_the_examples_and_makes_one_theirs() -> None:
    client = Client()
    client.force_login(person("bob"))
    page = client.get("/studies/examples/").content.decode()
    assert all(one.slug in page for one in starters.EXAMPLES)
    answer = client.post("/studies/new/example/", {"example": "association"})
    assert answer["Location"] == f"/studies/{Study.objects.get(name='Flowers and insects').public_id}/"


def test_an_unknown_example_is_not_there() -> None:
    with pytest.raises(NotFound):
        starters.start_from_example(owner=person("alice"), slug="nothing")
