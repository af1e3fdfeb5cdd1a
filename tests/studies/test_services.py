"""Studies from their beginning to their end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, NotFound, Refused
from minno_dashboard.files import queries as files
from minno_dashboard.files import services as file_services
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.studies import queries, services, tags
from minno_dashboard.studies.models import Collaboration, Study, Version
from tests.studies.conftest import share, write


def reread(study: Study) -> Study:
    return Study.objects.get(pk=study.pk)


def paths(version: Version) -> list[str]:
    return [entry.path for entry in files.listing(version.tree)]


def test_a_new_study_has_an_empty_version_in_development(alice: User) -> None:
    study = services.create_study(owner=alice, name=" e\u0301tude שלום 🎉 ", description="About")
    version = queries.newest_version(study)
    assert study.name == "étude שלום 🎉"
    assert (version.number, version.state, paths(version)) == (1, "develop", [])
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.actor) == ("study.create", study.name, alice)


@pytest.mark.parametrize("name", ["", "a/b", "con", "a.", "~$a", "ש" * 101])
def test_a_study_has_a_name_that_can_be_a_folder(alice: User, study: Study, name: str) -> None:
    with pytest.raises(Invalid):
        services.create_study(owner=alice, name=name)
    with pytest.raises(Invalid):
        services.rename_study(study=study, name=name, by=alice)


def test_two_studies_of_one_owner_never_have_one_name(alice: User, bob: User, study: Study) -> None:
    with pytest.raises(Invalid, match="You already have a study called “Faces”"):
        services.create_study(owner=alice, name="Faces")
    with pytest.raises(Invalid, match="upper and lower case"):
        services.create_study(owner=alice, name="FACES")
    other = services.create_study(owner=alice, name="Voices")
    with pytest.raises(Invalid):
        services.rename_study(study=other, name="faces", by=alice)
    services.rename_study(study=study, name="FACES", by=alice)
    services.create_study(owner=bob, name="Faces")


CHANGES: dict[str, Callable[[Study, User], object]] = {
    "study.rename": lambda study, by: services.rename_study(study=study, name="New", by=by),
    "study.describe": lambda study, by: services.describe_study(study=study, description="New", by=by),
    "study.archive": lambda study, by: services.archive_study(study=study, by=by),
    "study.delete": lambda study, by: services.delete_study(study=study, by=by),
    "study.publish": lambda study, by: services.publish(study=study, by=by),
}


@pytest.mark.parametrize("action", CHANGES)
def test_each_change_raises_the_revision_once_and_is_in_the_audit_log(
    alice: User, study: Study, action: str
) -> None:
    before = reread(study)
    CHANGES[action](study, alice)
    after = reread(study)
    assert after.revision == before.revision + 1
    assert after.changed_at > before.changed_at
    assert AuditEntry.objects.filter(action=action, actor=alice, details__study=study.public_id).count() == 1


def test_storing_the_same_values_again_changes_nothing(alice: User, study: Study) -> None:
    services.rename_study(study=study, name="Faces", by=alice)
    services.describe_study(study=study, description="", by=alice)
    services.unarchive_study(study=study, by=alice)
    services.bring_back_study(study=study, by=alice)
    assert reread(study).revision == 1
    assert AuditEntry.objects.count() == 1


def test_a_form_of_which_one_part_is_refused_changes_nothing(alice: User, study: Study) -> None:
    with pytest.raises(Invalid):
        services.save_details(study=study, name="Voices", description="a" * 10_001, by=alice)
    assert (reread(study).name, reread(study).revision) == ("Faces", 1)


def test_published_files_stay_and_the_next_version_starts_from_them(alice: User, study: Study) -> None:
    published = services.publish(study=study, by=alice)
    assert published.state == Version.State.PUBLISHED
    with pytest.raises(file_services.Frozen):
        write(study, "task.js", b"two")
    with pytest.raises(Refused, match="already published"):
        services.publish(study=study, by=alice)
    second = services.new_version(study=study, by=alice)
    assert (second.number, second.state, paths(second)) == (2, "develop", ["task.js"])
    with pytest.raises(Refused, match="still in development"):
        services.new_version(study=study, by=alice)
    write(reread(study), "task.js", b"two")
    write(reread(study), "more.js", b"three")
    assert paths(published) == ["task.js"]
    services.publish(study=study, by=alice)
    third = services.new_version(study=study, by=alice, source=published)
    assert paths(third) == ["task.js"]
    assert [v.number for v in reread(study).versions.order_by("number")] == [1, 2, 3]


def test_a_duplicate_is_the_copiers_own_and_shares_bytes(alice: User, bob: User, study: Study) -> None:
    copy = services.duplicate_study(study=study, by=bob)
    again = services.duplicate_study(study=study, by=bob)
    own = services.duplicate_study(study=study, by=alice, name="Mine")
    assert (copy.owner, copy.name, again.name, own.name) == (bob, "Faces", "Faces (2)", "Mine")
    write(copy, "task.js", b"changed")
    node = files.node_at(tree=queries.newest_version(study).tree, path="task.js")
    assert node
    assert node.revision == 1
    assert Node.objects.filter(blob=node.blob_id).count() == 3


def test_a_deleted_study_comes_back_within_thirty_days_under_a_free_name(alice: User, study: Study) -> None:
    services.delete_study(study=study, by=alice)
    with pytest.raises(NotFound):
        services.rename_study(study=study, name="x", by=alice)
    with pytest.raises(NotFound):
        services.duplicate_study(study=study, by=alice)
    services.create_study(owner=alice, name="faces")
    back = services.bring_back_study(study=study, by=alice)
    assert back.name == "Faces (2)"
    assert paths(queries.newest_version(back)) == ["task.js"]


def test_after_thirty_days_a_deleted_study_is_gone_for_good(alice: User, bob: User, study: Study) -> None:
    share(study, bob)
    services.publish(study=study, by=alice)
    services.new_version(study=study, by=alice)
    kept = services.duplicate_study(study=study, by=alice, name="Kept")
    services.delete_study(study=study, by=alice)
    Study.objects.update(deleted_at=None)
    Study.objects.filter(pk=study.pk).update(deleted_at=clock.now() - timedelta(days=29))
    assert services.purge_deleted() == 0
    Study.objects.filter(pk=study.pk).update(deleted_at=clock.now() - timedelta(days=31))
    assert services.purge_deleted() == 1
    assert list(Study.objects.all()) == [kept]
    assert Tree.objects.count() == Version.objects.count() == 1
    assert paths(queries.newest_version(kept)) == ["task.js"]
    with pytest.raises(NotFound):
        services.bring_back_study(study=study, by=alice)


def test_the_list_shows_each_person_what_is_theirs(alice: User, bob: User, study: Study) -> None:
    share(study, bob, status=Collaboration.Status.ACCEPTED)
    services.archive_study(study=services.create_study(owner=alice, name="Old"), by=alice)
    services.delete_study(study=services.create_study(owner=alice, name="Gone"), by=alice)
    services.create_study(owner=bob, name="Voices", description="שלום world")

    def shown(user: User, which: queries.Which, search: str = "") -> list[str]:
        return [row.study.name for row in queries.studies_of(user, which=which, search=search)]

    which = queries.Which
    assert shown(alice, which.ALL) == shown(alice, which.MINE) == ["Faces"]
    assert shown(alice, which.ARCHIVED) == ["Old"]
    assert shown(alice, which.DELETED) == ["Gone"]
    assert shown(alice, which.SHARED) == []
    assert shown(bob, which.ALL) == ["Voices", "Faces"]
    assert shown(bob, which.SHARED) == ["Faces"]
    assert shown(bob, which.MINE, "WORLD שלום") == ["Voices"]
    assert shown(bob, which.ALL, "alice") == ["Faces"]
    assert shown(bob, which.DELETED) == shown(bob, which.ARCHIVED) == []


def test_a_changed_file_brings_its_study_to_the_top(alice: User, study: Study) -> None:
    services.create_study(owner=alice, name="Newer")
    write(study, "task.js", b"just now")
    assert [row.study.name for row in queries.studies_of(alice)] == ["Faces", "Newer"]


def test_the_list_takes_as_many_queries_for_many_studies_as_for_one(
    alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        services.create_study(owner=alice, name=f"Study {number}")
    with django_assert_max_num_queries(4):
        assert len(queries.studies_of(alice)) == 30


def test_pages_of_the_list_join_to_the_list_and_search_looks_at_all_of_it(
    alice: User, bob: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(23):
        services.create_study(owner=alice, name=f"Study {number}", description="Ärger" if number < 2 else "")
    share(services.create_study(owner=bob, name="Shared"), alice, status="accepted", file_access="read")
    tag = tags.create_tag(user=alice, text="Mine")
    tag.studies.add(Study.objects.get(name="Study 3"))
    with django_assert_max_num_queries(4):
        pages = [queries.page_of_studies(alice, number=1, size=10)]
    pages += [queries.page_of_studies(alice, number=number, size=10) for number in (2, 3, 4)]
    assert [len(page.rows) for page in pages] == [10, 10, 4, 0]
    assert {(page.total, page.pages) for page in pages} == {(24, 3)}
    joined = [row.study.name for page in pages for row in page.rows]
    assert joined == [row.study.name for row in queries.studies_of(alice)]
    found = queries.page_of_studies(alice, search="ärger study", size=1)
    assert (found.rows[0].study.name, found.total, found.pages) == ("Study 1", 2, 2)
    assert [row.study.name for row in queries.page_of_studies(alice, search="BOB").rows] == ["Shared"]
    wanted = [str(tag.pk), "nonsense", "9" * 40]
    assert [row.study.name for row in queries.page_of_studies(alice, tag_ids=wanted).rows] == ["Study 3"]
    assert queries.page_of_studies(alice, tag_ids=["nonsense"]).rows == []
    assert queries.page_of_studies(bob, tag_ids=[str(tag.pk)]).total == 0


def test_the_list_is_sorted_by_name_as_people_read_it_and_by_age(alice: User) -> None:
    for name in ("beta", "Ärger", "Alpha", "אלף", "Zeta"):
        study = services.create_study(owner=alice, name=name)
        if name == "Alpha":
            alpha = study
    services.describe_study(study=alpha, description="changed last", by=alice)

    def sorted_by(order: queries.Order) -> list[str]:
        return [row.study.name for row in queries.page_of_studies(alice, order=order).rows]

    assert sorted_by(queries.Order.NAME) == ["Alpha", "beta", "Zeta", "Ärger", "אלף"]
    assert sorted_by(queries.Order.CREATED) == ["Zeta", "אלף", "Alpha", "Ärger", "beta"]
    assert sorted_by(queries.Order.CHANGED)[0] == "Alpha"


def test_the_order_stays_while_one_searches_filters_and_turns_pages(alice: User) -> None:
    for number in range(51):
        services.create_study(owner=alice, name=f"Study {number:02}")
    client = Client()
    client.force_login(alice)
    page = client.get("/studies/", {"sort": "name", "q": "study"})
    assert [row.study.name for row in page.context["rows"]][:2] == ["Study 00", "Study 01"]
    said = page.content.decode()
    assert '<input type="hidden" name="sort" value="name">' in said
    assert 'href="?sort=name&amp;q=study&amp;page=2"' in said
    assert 'href="?q=study&amp;sort=created"' in said
    assert "which=mine&amp;q=study&amp;sort=name" in said
    assert client.get("/studies/", {"sort": "nonsense"}).context["order"] == "changed"
