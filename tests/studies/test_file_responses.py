"""How the bytes of a file are sent: all of them, the part that is asked for, or nothing where nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpResponseBase
from django.test import Client, RequestFactory

from minno_dashboard.files import queries as files
from minno_dashboard.files import store
from minno_dashboard.studies import playing, sharing
from minno_dashboard.studies.contents import FileContent
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.views import file_responses
from tests.studies.conftest import write

pytestmark = pytest.mark.django_db

SONG = bytes(range(10))


@pytest.fixture(params=["the study page", "the link", "a preview"])
def address(request: pytest.FixtureRequest, study: Study) -> str:
    """Where the song is, in each way that it is given."""
    write(study, "song.mp3", SONG)
    if request.param == "the study page":
        return f"/studies/{study.public_id}/raw/song.mp3"
    if request.param == "the link":
        return f"/view/{sharing.make_link(study=study, by=study.owner)}/raw/song.mp3"
    return f"/play/{playing.make_key(user=study.owner, version=study.versions.get())}/files/song.mp3"


def body(answer: HttpResponseBase) -> bytes:
    return b"".join(answer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "status", "part", "content_range"),
    [
        ("bytes=0-", 206, SONG, "bytes 0-9/10"),
        ("bytes=2-4", 206, SONG[2:5], "bytes 2-4/10"),
        ("bytes=7-", 206, SONG[7:], "bytes 7-9/10"),
        ("bytes=7-99", 206, SONG[7:], "bytes 7-9/10"),
        ("bytes=-3", 206, SONG[-3:], "bytes 7-9/10"),
        ("bytes=-99", 206, SONG, "bytes 0-9/10"),
        ("bytes=9-9", 206, SONG[9:], "bytes 9-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=10-12", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=4-2", 200, SONG, None),
        ("bytes=0-1,4-5", 200, SONG, None),
        ("bytes=-", 200, SONG, None),
        ("bytes=a-b", 200, SONG, None),
        ("bytes=٣-٤", 200, SONG, None),
        ("lines=0-1", 200, SONG, None),
        ("bytes=" + "9" * 40 + "-", 200, SONG, None),
    ],
)
def test_a_range_request_is_answered_with_that_range(
    study: Study, address: str, asked: str, status: int, part: bytes, content_range: str | None
) -> None:
    client = Client()
    client.force_login(study.owner)
    answer = client.get(address, headers={"Range": asked})
    assert (answer.status_code, body(answer)) == (status, part)
    assert answer.get("Content-Range") == content_range
    assert answer["Accept-Ranges"] == "bytes"
    if status != 416:
        assert answer["Content-Length"] == str(len(part))
        assert answer["Content-Type"] == "audio/mpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")


def test_a_part_is_of_the_bytes_that_its_reader_has_begun(study: Study, address: str) -> None:
    client = Client()
    client.force_login(study.owner)
    tag = client.get(address)["ETag"]
    for begun, status in ((tag, 206), ('"another"', 200), (f"W/{tag}", 200)):
        assert client.get(address, headers={"Range": "bytes=2-3", "If-Range": begun}).status_code == status
    for known in (tag, f'"x", {tag}'):
        assert client.get(address, headers={"Range": "bytes=2-3", "If-None-Match": known}).status_code == 304


def test_nothing_of_an_empty_file_is_a_part() -> None:
    content = FileContent("empty.wav", 0, "e", lambda start, stop: iter([]))
    for asked in ("bytes=0-", "bytes=-1"):
        request = RequestFactory().get("/", headers={"Range": asked})
        answer = file_responses.sent(request, content, "audio/wav")
        assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */0")


def test_a_player_of_media_is_sent_no_more_than_the_server_holds_for_it() -> None:
    asked: list[tuple[int, int]] = []

    def read(start: int, stop: int) -> Iterator[bytes]:
        asked.append((start, stop))
        return iter([])

    content, most = FileContent("film.mp4", 10**10, "f", read), file_responses.MAX_MEDIA_BYTES
    for destination, stop in (("video", 5 + most), ("audio", 5 + most), ("empty", 10**10), ("", 10**10)):
        request = RequestFactory().get("/", headers={"Range": "bytes=5-", "Sec-Fetch-Dest": destination})
        answer = file_responses.sent(request, content, "video/mp4")
        assert asked.pop() == (5, stop)
        assert answer["Content-Range"] == f"bytes 5-{stop - 1}/10000000000"
        assert answer["Content-Length"] == str(stop - 5)


def test_a_part_is_read_in_pieces_and_nothing_before_it(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PIECE_BYTES", 4)
    write(study, "song.mp3", SONG)
    node = files.node_at(tree=study.versions.get().tree, path="song.mp3")
    assert node
    blob = files.blob_of(node)
    assert list(store.read_part(blob, 1, 8)) == [SONG[1:5], SONG[5:8]]
    with store.open_blob(blob) as stream:
        place = Path(stream.name)
    with place.open("r+b") as damaged:
        damaged.truncate(6)
    with pytest.raises(store.DamagedBlob):
        list(store.read_part(blob, 1, 8))
