"""Archives that were uploaded to a study: looked into, and unpacked beside what is there."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest
from django.test import Client

from minno_dashboard.files import queries as file_queries
from minno_dashboard.files.models import Blob, Node
from minno_dashboard.studies.models import Study
from tests.studies.test_views import base, body_of, dana, owner, post, study

__all__ = ["dana", "owner", "study"]

pytestmark = pytest.mark.django_db


def zipped(**members: bytes) -> bytes:
    """Pack files; `__` in a name is a dot, `_` a slash."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", ".").replace("_", "/"), content)
    return whole.getvalue()


def arrive(client: Client, study: Study, name: str, content: bytes, parent: int | None = None) -> str:
    asked = {"parent": parent, "path": name, "size": len(content)}
    begun = post(client, base(study) + "uploads", asked).json()
    address = f"{base(study)}uploads/{begun['upload']}"
    assert (
        client.put(f"{address}?offset=0", content, content_type="application/octet-stream").status_code == 200
    )
    return address


def test_an_archive_is_looked_into_and_unpacked_beside_what_is_there(study: Study, dana: Client) -> None:
    def paths() -> list[str]:
        listed = file_queries.listing(study.versions.get().tree)
        return sorted(one.path for one in listed if not one.is_folder)

    before = paths()
    content = zipped(index__html=b"<p>", images_cat__svg=b"<svg/>", images_Thumbs__db=b"litter")
    address = arrive(dana, study, "Task.zip", content)
    told = post(dana, f"{address}/contents", {"zip_names": ""}).json()
    assert told["paths"] == ["images/cat.svg", "index.html"]
    assert (told["files"], told["bytes"], told["litter"], told["problems"]) == (2, 9, 1, [])
    assert told["encodings"] == []
    assert paths() == before
    assert post(dana, f"{address}/unpack", {"zip_names": ""}).json()["folder"] is None
    assert paths() == sorted([*before, "images/cat.svg", "index.html"])
    assert post(dana, f"{address}/unpack", {"zip_names": ""}).status_code == 404  # it is gone
    # What is there is never overwritten: the same names go into a folder of the archive's name.
    for expected in ("Task", "Task (2)"):
        address = arrive(dana, study, "Task.zip", zipped(index__html=b"other"))
        folder = post(dana, f"{address}/unpack", {"zip_names": ""}).json()["folder"]
        assert Node.objects.get(pk=folder).name == expected
        assert body_of(dana.get(f"/studies/{study.public_id}/raw/{expected}/index.html")) == b"other"
    assert body_of(dana.get(f"/studies/{study.public_id}/raw/index.html")) == b"<p>"
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        member = tarfile.TarInfo("a/b.txt")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"ab"))
    address = arrive(dana, study, "more.tar.gz", whole.getvalue(), Node.objects.get(pk=folder).pk)
    assert post(dana, f"{address}/unpack", {"zip_names": ""}).status_code == 200
    assert body_of(dana.get(f"/studies/{study.public_id}/raw/Task (2)/a/b.txt")) == b"ab"


def test_names_of_an_archive_are_read_in_the_chosen_encoding(study: Study, dana: Client) -> None:
    content = zipped(XXXX__js=b"x").replace(b"XXXX", "\u05e9\u05dc\u05d5\u05dd".encode("cp862"))
    address = arrive(dana, study, "h.zip", content)
    assert post(dana, f"{address}/unpack", {"zip_names": ""}).status_code == 422
    told = post(dana, f"{address}/contents", {"zip_names": ""}).json()
    assert told["encoding"] == told["encodings"][0]["encoding"] == "cp862"
    assert told["paths"] == ["\u05e9\u05dc\u05d5\u05dd.js"]
    other = post(dana, f"{address}/contents", {"zip_names": "cp437"}).json()
    assert other["paths"] != told["paths"]
    assert post(dana, f"{address}/unpack", {"zip_names": "cp862"}).status_code == 200
    assert body_of(dana.get(f"/studies/{study.public_id}/raw/\u05e9\u05dc\u05d5\u05dd.js")) == b"x"


def test_what_cannot_be_unpacked_says_why_and_can_still_be_kept(study: Study, dana: Client) -> None:
    blobs = set(Blob.objects.values_list("pk", flat=True))
    for content, reason in (
        (b"no zip at all", "not a complete zip file"),
        (zipped(a__js=b"1", A__js=b"2"), "differ only in upper and lower case"),
        (zipped(**{"_____x": b"1"}), "leads outside the study"),
    ):
        address = arrive(dana, study, "bad.zip", content)
        told = post(dana, f"{address}/contents", {"zip_names": ""}).json()
        assert reason in " ".join(told["problems"])
        assert post(dana, f"{address}/unpack", {"zip_names": ""}).status_code == 422
        assert set(Blob.objects.values_list("pk", flat=True)) == blobs
    assert post(dana, f"{address}/finish", {"if_there": "new"}).status_code == 200
    assert body_of(dana.get(f"/studies/{study.public_id}/raw/bad.zip")) == content
