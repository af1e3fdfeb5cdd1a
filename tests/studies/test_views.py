"""The pages and JSON addresses of studies: who may reach them, what they answer, how bytes are served."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.studies import queries, services
from minno_dashboard.studies.models import Study

pytestmark = pytest.mark.django_db


def make_user(name: str, role: str = User.Role.RESEARCHER) -> User:
    return User.objects.create(username=name, email=f"{name}@lab.example", role=role, password="!")


@pytest.fixture
def owner() -> User:
    return make_user("dana")


@pytest.fixture
def study(owner: User) -> Study:
    return services.create_study(owner=owner, name="Stroop", kind="html")


def put(study: Study, path: str, content: bytes | str) -> Node:
    tree = study.versions.get(number=1).tree
    source = content.encode() if isinstance(content, str) else content
    return files.write_file(tree=tree, by=study.owner, source=source, expected_blob=files.ANYTHING, path=path)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def dana(owner: User) -> Client:
    return logged_in(owner)


def base(study: Study) -> str:
    return f"/studies/{study.public_id}/v1/"


def post(client: Client, address: str, body: dict[str, Any]) -> Any:
    return client.post(
        address, json.dumps(body), content_type="application/json", headers={"X-Requested-With": "fetch"}
    )


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_node_of_another_study_is_not_there(study: Study, dana: Client, owner: User) -> None:
    other = services.create_study(owner=make_user("noa"), name="Secret")
    secret = put(other, "secret.js", "hidden")
    asked: list[tuple[str, dict[str, Any]]] = [
        ("rename", {"id": secret.pk, "name": "x"}),
        ("move", {"ids": [secret.pk], "to": None}),
        ("copy", {"ids": [secret.pk], "to": None}),
        ("duplicate", {"ids": [secret.pk]}),
        ("bring-back", {"ids": [secret.pk]}),
        (f"files/{secret.pk}/save", {"text": "x", "blob": "", "bom": False, "newline": "\n"}),
        ("files", {"parent": secret.pk, "name": "x", "text": "", "bom": False, "newline": "\n"}),
    ]
    for address, body in asked:
        assert post(dana, base(study) + address, body).status_code == 404, address
    assert dana.get(f"{base(study)}files/{secret.pk}").status_code == 404
    assert dana.get(f"{base(study)}download?ids={secret.pk}").status_code == 404
    post(dana, base(study) + "delete", {"ids": [secret.pk]})
    assert Node.objects.get(pk=secret.pk).deleted_at is None


def test_changing_needs_a_csrf_token(study: Study, owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert post(client, base(study) + "folders", {"parent": None, "name": "x"}).status_code == 403
    assert client.post(f"/studies/{study.public_id}/delete/").status_code == 403


# -- bytes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content_type", "shown"),
    [
        ("a.html", "text/plain; charset=utf-8", True),
        ("a.svg", "image/svg+xml", True),
        ("a.js", "text/plain; charset=utf-8", True),
        ("a.png", "image/png", True),
        ("a.pdf", "application/pdf", True),
        ("a.swf", "application/octet-stream", False),
        ("a.xhtml", "application/xhtml+xml", False),
        ("a", "application/octet-stream", False),
    ],
)
def test_a_file_cannot_act_on_the_dashboards_own_address(
    study: Study, dana: Client, name: str, content_type: str, shown: bool
) -> None:
    put(study, name, "<script>alert(1)</script>")
    answer = dana.get(f"/studies/{study.public_id}/raw/{name}")
    assert body_of(answer) == b"<script>alert(1)</script>"
    assert answer["X-Content-Type-Options"] == "nosniff"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "allow-same-origin" not in policy
    assert "script-src" not in policy
    if name != "a.pdf":
        assert policy.startswith("sandbox;")
    if content_type != "application/octet-stream" or name == "a":
        assert answer["Content-Type"] == content_type
    assert answer.get("Content-Disposition", "inline").startswith("inline" if shown else "attachment")
    forced = dana.get(f"/studies/{study.public_id}/raw/{name}?download")
    assert forced["Content-Disposition"].startswith("attachment")


def test_an_unchanged_file_is_not_sent_again(study: Study, dana: Client) -> None:
    put(study, "a.png", b"png")
    address = f"/studies/{study.public_id}/raw/a.png"
    tag = dana.get(address)["ETag"]
    again = dana.get(address, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again["Content-Security-Policy"].startswith("sandbox")


def test_a_zip_holds_what_was_chosen(study: Study, dana: Client) -> None:
    put(study, "a.txt", "a")
    put(study, "תיקייה/b.txt", "b")
    put(study, "c.txt", "c")
    everything = dana.get(f"{base(study)}download")
    assert (
        "Stroop%20v1.zip" in everything["Content-Disposition"]
        or "Stroop v1.zip" in everything["Content-Disposition"]
    )
    with zipfile.ZipFile(io.BytesIO(body_of(everything))) as archive:
        assert sorted(n for n in archive.namelist() if not n.endswith("/")) == [
            "a.txt",
            "c.txt",
            "תיקייה/b.txt",
        ]
    chosen = Node.objects.filter(name__in=["c.txt", "תיקייה"]).values_list("pk", flat=True)
    some = dana.get(f"{base(study)}download?ids={','.join(map(str, chosen))}")
    with zipfile.ZipFile(io.BytesIO(body_of(some))) as archive:
        assert sorted(n for n in archive.namelist() if not n.endswith("/")) == ["c.txt", "תיקייה/b.txt"]


# -- saving ------------------------------------------------------------------------------------------------------


def text_of(client: Client, study: Study, node: Node) -> dict[str, Any]:
    return dict(client.get(f"{base(study)}files/{node.pk}").json()["file"])


def test_saving_names_what_it_started_from(study: Study, dana: Client) -> None:
    node = put(study, "task.js", "one\r\ntwo\r\n")
    read = text_of(dana, study, node)
    assert (read["text"], read["newline"], read["is_utf8"]) == ("one\ntwo\n", "\r\n", True)
    body = {"text": "mine\n", "blob": read["blob"], "bom": False, "newline": "\r\n", "since": 0}
    saved = post(dana, f"{base(study)}files/{node.pk}/save", body)
    assert saved.status_code == 200
    assert [one["id"] for one in saved.json()["tree"]["nodes"]] == [node.pk]

    again = post(dana, f"{base(study)}files/{node.pk}/save", {**body, "text": "other\n"})
    assert again.status_code == 409
    assert again.json()["theirs"]["text"] == "mine\n"

    files.delete(nodes=[node], by=study.owner)
    gone = post(dana, f"{base(study)}files/{node.pk}/save", {**body, "text": "late\n"})
    assert gone.status_code == 409
    assert gone.json()["theirs"] is None


def test_bytes_that_are_not_utf8_are_never_written_over(study: Study, dana: Client) -> None:
    node = put(study, "old.txt", "café".encode("latin-1"))
    read = text_of(dana, study, node)
    assert read["is_utf8"] is False
    body = {"text": read["text"], "blob": read["blob"], "bom": False, "newline": "mixed"}
    assert post(dana, f"{base(study)}files/{node.pk}/save", body).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": 1, "blob": "", "bom": False, "newline": "\n"},
        {"text": "x", "blob": "", "bom": False, "newline": "\n\n"},
        {"text": "\ud800", "blob": "", "bom": False, "newline": "\n"},
    ],
)
def test_nonsense_is_refused_with_a_sentence(study: Study, dana: Client, body: dict[str, Any]) -> None:
    node = put(study, "task.js", "one")
    answer = post(dana, f"{base(study)}files/{node.pk}/save", body)
    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize("sent", ["[]", "{", '"x"', '{"ids": "1"}', '{"ids": [true]}', '{"ids": []}'])
def test_damaged_json_is_refused(study: Study, dana: Client, sent: str) -> None:
    answer = dana.post(base(study) + "delete", sent, content_type="application/json")
    assert answer.status_code == 422


def test_the_tree_tells_only_what_changed(study: Study, dana: Client) -> None:
    first = put(study, "a.txt", "a")
    whole = dana.get(f"{base(study)}tree").json()["tree"]
    assert [one["name"] for one in whole["nodes"]] == ["a.txt"]
    put(study, "b.txt", "b")
    files.delete(nodes=[first], by=study.owner)
    changed = dana.get(f"{base(study)}tree?since={whole['revision']}").json()["tree"]
    assert [one["name"] for one in changed["nodes"]] == ["b.txt"]
    assert changed["gone"] == [first.pk]
    quiet = dana.get(f"{base(study)}tree?since={changed['revision']}").json()["tree"]
    assert (quiet["nodes"], quiet["gone"]) == ([], [])


# -- uploads -----------------------------------------------------------------------------------------------------


def test_an_upload_in_pieces_goes_on_where_it_stopped(study: Study, dana: Client) -> None:
    begun = post(dana, base(study) + "uploads", {"parent": None, "path": "big/film.mp4", "size": 6}).json()
    address = f"{base(study)}uploads/{begun['upload']}"
    assert dana.put(f"{address}?offset=0", b"abc", content_type="application/octet-stream").json() == {
        "offset": 3
    }
    wrong = dana.put(f"{address}?offset=0", b"abc", content_type="application/octet-stream")
    assert (wrong.status_code, wrong.json()["offset"]) == (409, 3)
    assert post(dana, f"{address}/finish", {"if_there": "overwrite"}).status_code == 409
    dana.put(f"{address}?offset=3", b"def", content_type="application/octet-stream")
    assert post(dana, f"{address}/finish", {"if_there": "overwrite"}).status_code == 200
    assert body_of(dana.get(f"/studies/{study.public_id}/raw/big/film.mp4")) == b"abcdef"


def test_taken_names_are_told_and_the_policy_is_kept(study: Study, dana: Client) -> None:
    put(study, "images/Cat.png", "old")
    taken = post(
        dana, base(study) + "uploads/check", {"parent": None, "paths": ["images/cat.png", "images/dog.png"]}
    )
    blob = Node.objects.get(name="Cat.png").blob
    assert blob
    seen = {"path": "images/cat.png", "there": "images/Cat.png", "blob": blob.sha256}
    assert taken.json() == {"taken": [seen], "twins": [], "litter": []}
    address = f"{base(study)}uploads/whole?path=images/Cat.png&if_there="
    for policy, status in [("skip", 200), ("keep_both", 200), ("overwrite", 200), ("nonsense", 422)]:
        sent = dana.post(address + policy, policy.encode(), content_type="application/octet-stream")
        assert sent.status_code == status
    names = sorted(Node.objects.filter(is_folder=False, deleted_at=None).values_list("name", flat=True))
    assert names == ["Cat (2).png", "Cat.png"]
    assert body_of(dana.get(f"/studies/{study.public_id}/raw/images/Cat.png")) == b"overwrite"


def test_names_that_are_one_among_themselves_are_told(study: Study, dana: Client) -> None:
    paths = ["a/Cat.png", "dog.png", "a/cat.png", "caf\u00e9", "cafe\u0301"]
    told = post(dana, base(study) + "uploads/check", {"parent": None, "paths": paths}).json()
    assert told == {
        "taken": [],
        "twins": [["a/Cat.png", "a/cat.png"], ["caf\u00e9", "cafe\u0301"]],
        "litter": [],
    }


def test_an_upload_overwrites_only_what_it_says_it_replaces(study: Study, dana: Client) -> None:
    seen = put(study, "old.txt", "seen").blob
    assert seen
    put(study, "old.txt", "a colleague's")
    put(study, "new.txt", "a colleague's too")

    def send(path: str, rest: str, content: bytes = b"mine") -> int:
        address = f"{base(study)}uploads/whole?path={path}&{rest}"
        return dana.post(address, content, content_type="application/octet-stream").status_code

    assert send("old.txt", f"if_there=overwrite&replaces={seen.sha256}") == 409
    assert send("new.txt", "if_there=new") == 409
    assert send("NEW.txt", "if_there=new", b"a colleague's too") == 409  # the same bytes, and another name
    assert send("new.txt", "if_there=new", b"a colleague's too") == 200  # a lost answer: it is sent again
    begun = post(dana, base(study) + "uploads", {"parent": None, "path": "old.txt", "size": 4}).json()
    upload = f"{base(study)}uploads/{begun['upload']}"
    dana.put(f"{upload}?offset=0", b"mine", content_type="application/octet-stream")
    finish = {"if_there": "overwrite", "replaces": seen.sha256}
    assert post(dana, f"{upload}/finish", finish).status_code == 409
    assert {
        name: body_of(dana.get(f"/studies/{study.public_id}/raw/{name}")) for name in ("old.txt", "new.txt")
    } == {"old.txt": b"a colleague's", "new.txt": b"a colleague's too"}
    assert post(dana, f"{upload}/finish", {"if_there": "keep_both"}).status_code == 200
    assert body_of(dana.get(f"/studies/{study.public_id}/raw/old (2).txt")) == b"mine"


# -- where a save can go on --------------------------------------------------------------------------------------


def test_a_save_into_a_published_version_is_told_where_to_go_on(
    study: Study, dana: Client, owner: User
) -> None:
    node = put(study, "task.js", "one\n")
    put(study, "copy.js", "one\n")
    services.publish(study=study, by=owner)
    body = {"text": "typed\n", "blob": "", "bom": False, "newline": "\n"}
    refused = post(dana, f"{base(study)}files/{node.pk}/save", body)
    assert refused.status_code == 403
    assert {key: refused.json()[key] for key in ("reason", "develop", "may_begin")} == {
        "reason": "published",
        "develop": None,
        "may_begin": True,
    }
    second = services.new_version(study=study, by=owner)
    files.rename(node=Node.objects.get(tree=second.tree, name="task.js"), name="renamed.js", by=owner)
    files.duplicate(node=Node.objects.get(tree=second.tree, name="renamed.js"), by=owner)
    there = f"/studies/{study.public_id}/v2/"
    refused = post(dana, f"{base(study)}files/{node.pk}/save", body).json()
    assert (refused["develop"], refused["may_begin"]) == ({"number": 2, "base": there}, False)
    renamed = Node.objects.get(tree=second.tree, name="renamed.js")
    assert dana.get(f"{there}successors?ids={node.pk},999").json() == {
        "successors": {str(node.pk): renamed.pk}
    }
    # Two versions on, through what was deleted in between: nothing has become of it.
    services.publish(study=study, by=owner)
    third = services.new_version(study=study, by=owner)
    latest = Node.objects.get(tree=third.tree, name="renamed.js")
    address = f"/studies/{study.public_id}/v3/successors?ids={node.pk}"
    assert dana.get(address).json() == {"successors": {str(node.pk): latest.pk}}
    files.delete(nodes=[latest], by=owner)
    again = dana.get(address).json()["successors"]
    assert again == {str(node.pk): Node.objects.get(tree=third.tree, name="renamed (2).js").pk}


def test_each_refusal_says_why_in_a_word(study: Study) -> None:
    node = put(study, "task.js", "one\n")
    body = {"text": "typed\n", "blob": "", "bom": False, "newline": "\n"}
    stranger = Client()
    stranger.force_login(make_user("stranger"))
    address = f"{base(study)}files/{node.pk}/save"
    assert post(stranger, address, body).json()["reason"] == "no_study"
    Study.objects.filter(pk=study.pk).update(is_public=True)
    assert post(stranger, address, body).json()["reason"] == "no_right"
    Study.objects.filter(pk=study.pk).update(is_public=False)
    assert post(stranger, address, body).json()["reason"] == "no_study"


def test_the_text_that_an_edit_started_from_is_given_for_merging(study: Study, dana: Client) -> None:
    node = put(study, "task.js", "base\n")
    base_blob = node.blob
    put(study, "task.js", "theirs\n")
    assert base_blob
    address = f"{base(study)}files/{node.pk}/blobs/"
    assert dana.get(address + base_blob.sha256).json()["file"]["text"] == "base\n"
    other = put(study, "secret.js", "of another file\n").blob
    assert other
    assert dana.get(address + other.sha256).status_code == 404


# -- the list ----------------------------------------------------------------------------------------------------


def test_a_study_is_listed_and_its_name_is_escaped(dana: Client, owner: User) -> None:
    services.create_study(owner=owner, name="A & B’s “study”", description="<b>bold</b>")
    page = dana.get("/studies/").content.decode()
    assert "A &amp; B’s “study”" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_file_names_cannot_break_out_of_the_pages_json(study: Study, dana: Client) -> None:
    files.make_folder(tree=study.versions.get().tree, parent=None, name="&amp;' onload='x", by=study.owner)
    page = dana.get(f"/studies/{study.public_id}/").content.decode()
    assert "&amp;' onload='x" not in page.split('id="study-config"')[1].split("</script>")[0]


def test_a_study_page_asks_the_database_a_bounded_number_of_times(
    study: Study, dana: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        put(study, f"folder {number % 5}/file {number}.txt", str(number))
    with django_assert_max_num_queries(20):
        assert dana.get(f"/studies/{study.public_id}/").status_code == 200


def test_the_list_leads_from_page_to_page_and_keeps_what_was_asked(alice: User) -> None:
    for number in range(queries.PAGE_SIZE + 1):
        services.create_study(owner=alice, name=f"Study {number}")
    client = Client()
    client.force_login(alice)
    first = client.get("/studies/?which=mine&q=study").content.decode()
    assert "Page 1 of 2, 31 studies" in first
    assert first.count('class="study-row"') == queries.PAGE_SIZE
    assert 'href="?which=mine&amp;q=study&amp;page=2"' in first
    second = client.get("/studies/?which=mine&q=study&page=2").content.decode()
    assert second.count('class="study-row"') == 1
    assert 'href="?which=mine&amp;q=study&amp;page=1"' in second
    assert "this page is empty" in client.get("/studies/?page=9").content.decode()
    for nonsense in ("0", "-1", "x", "9" * 30):
        assert client.get(f"/studies/?page={nonsense}").status_code == 200


def test_each_study_of_a_list_has_its_own_menu(study: Study, dana: Client, owner: User) -> None:
    other = services.create_study(owner=owner, name="Cats & 'dogs'")
    services.archive_study(study=services.create_study(owner=owner, name="Old"), by=owner)
    page = dana.get("/studies/").content.decode()
    for one, shown in ((study, "Stroop"), (other, "Cats &amp; &#x27;dogs&#x27;")):
        assert page.count(f'action="/studies/{one.public_id}/delete/"') == 1
        assert f"Delete “{shown}”?" in page
    assert "Unarchive" not in page
    assert "the-id-of-a-study" not in page
    assert "Unarchive" in dana.get("/studies/?which=archived").content.decode()


def test_what_systems_leave_in_folders_is_told_apart_before_an_upload(dana: Client, study: Study) -> None:
    litter = ["a/.DS_Store", "a/~$x.docx", "__MACOSX/._x", "Thumbs.db", "thumbs.db", ".~lock.x.ods#"]
    told = post(dana, base(study) + "uploads/check", {"parent": None, "paths": ["a/x.js", *litter]}).json()
    assert told == {"taken": [], "twins": [], "litter": litter}


def test_the_first_upload_says_what_plays_a_study_and_its_type_can_be_changed(
    dana: Client, study: Study
) -> None:
    put(study, "mgr.js", "define(['managerAPI'], function () {})")
    told = post(dana, base(study) + "recognise", {}).json()
    assert (told["kind"], told["has_changed"]) == ("minnojs", True)
    assert not post(dana, base(study) + "recognise", {}).json()["has_changed"]
    before = Study.objects.get().revision
    page = f"/studies/{study.public_id}/type/"
    assert b"Its files look like: MinnoJS" in dana.get(page).content
    assert dana.post(page, {"kind": "html"}).status_code == 302
    assert (Study.objects.get().kind, Study.objects.get().revision) == ("html", before + 1)
    assert dana.post(page, {"kind": "flash"}).status_code == 422
    assert page in dana.get(f"/studies/{study.public_id}/").content.decode()


def test_without_a_player_a_new_study_is_of_the_kind_that_plays(dana: Client) -> None:
    page = dana.get("/studies/").content.decode()
    assert "player is not installed yet" in page
    chosen = page[page.index('value="html"') :].split(">", 1)[0]
    assert "checked" in chosen


def test_the_menu_of_a_study_downloads_its_newest_version(dana: Client, study: Study) -> None:
    put(study, "task.js", "one")
    address = f"/studies/{study.public_id}/download"
    assert address in dana.get("/studies/").content.decode()
    assert address in dana.get(f"/studies/{study.public_id}/").content.decode()
    packed = zipfile.ZipFile(io.BytesIO(b"".join(dana.get(address).streaming_content)))
    assert packed.read("task.js") == b"one"
