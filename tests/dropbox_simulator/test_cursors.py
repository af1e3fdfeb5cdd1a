"""Listings and cursors: whoever follows a cursor ends with the same tree."""

from __future__ import annotations

import contextlib
from typing import Any

import dropbox
import pytest
from dropbox import files
from dropbox.dropbox_client import create_session
from dropbox.exceptions import ApiError
from hypothesis import given, settings
from hypothesis import strategies as st

from dropbox_simulator import Simulator, VirtualClock, mount
from dropbox_simulator.refusals import LookupRefused, RelocationRefused, WriteRefused

from .conftest import ALICE

PATHS = [f"/{top}{below}" for top in "abc" for below in ("", "/x", "/X/y", "/z", "/x/w")]


class Follower:
    """A client that keeps its own picture of the tree, from cursors alone."""

    def __init__(self, client: Any, limit: int) -> None:
        """Start with nothing."""
        self._client = client
        self._limit = limit
        self._cursor: str | None = None
        self.seen: dict[str, str] = {}

    def follow(self) -> None:
        """Read all pages there are."""
        if self._cursor is None:
            page = self._client.files_list_folder("", recursive=True, limit=self._limit)
        else:
            page = self._client.files_list_folder_continue(self._cursor)
        while True:
            for entry in page.entries:
                self._take(entry)
            self._cursor = page.cursor
            if not page.has_more:
                return
            page = self._client.files_list_folder_continue(page.cursor)

    def _take(self, entry: Any) -> None:
        path = entry.path_lower
        if isinstance(entry, files.FolderMetadata):
            self.seen[path] = entry.id
            return
        for known in list(self.seen):
            if known == path or known.startswith(f"{path}/"):
                del self.seen[known]
        if isinstance(entry, files.FileMetadata):
            self.seen[path] = entry.rev


Step = tuple[str, str, str]
steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "folder", "delete", "move", "follow", "page"]),
        st.sampled_from(PATHS),
        st.sampled_from(PATHS),
    ),
    max_size=25,
)


def _apply(simulator: Simulator, step: Step, number: int) -> None:
    kind, path, other = step
    control = simulator.control
    with contextlib.suppress(WriteRefused, LookupRefused, RelocationRefused):
        if kind == "write":
            control.write_file(ALICE, path, f"{number}".encode())
        elif kind == "folder":
            control.make_folder(ALICE, path)
        elif kind == "delete":
            control.delete(ALICE, path)
        elif kind == "move":
            control.rename(ALICE, path, other)


@settings(max_examples=150)
@given(steps, st.integers(1, 4), st.booleans())
def test_whoever_follows_a_cursor_sees_the_tree(todo: list[Step], limit: int, children: bool) -> None:
    """Random changes, pages of any size, both ways of telling deletions."""
    simulator = Simulator(VirtualClock(), seed=3)
    simulator.behaviour.deleted_children_reported = children
    simulator.control.create_app()
    simulator.control.create_account("Alice Demo", ALICE)
    given_tokens = simulator.control.authorise(ALICE)
    client = dropbox.Dropbox(given_tokens["access_token"], session=mount(create_session(), simulator))
    follower = Follower(client, limit)
    for number, step in enumerate(todo):
        _apply(simulator, step, number)
        if step[0] == "follow":
            follower.follow()
    follower.follow()
    tree = {
        path.lower(): entry.get("rev", entry["id"]) for path, entry in simulator.control.tree(ALICE).items()
    }
    assert follower.seen == tree


@settings(max_examples=100)
@given(steps, st.integers(1, 4), st.booleans())
def test_a_late_cursor_shows_the_tree_as_it_was(todo: list[Step], limit: int, children: bool) -> None:
    """Every step takes a second; listings come two and a half seconds late, and say so of no change in between."""
    simulator = Simulator(VirtualClock(), seed=3)
    simulator.control.set_behaviour(
        deleted_children_reported=children, listing_lag_seconds=2.5, cursor_lag_seconds=2.5
    )
    simulator.control.create_app()
    simulator.control.create_account("Alice Demo", ALICE)
    given_tokens = simulator.control.authorise(ALICE)
    client = dropbox.Dropbox(given_tokens["access_token"], session=mount(create_session(), simulator))
    follower, trees = Follower(client, limit), [dict[str, str]()] * 3
    for number, step in enumerate([*todo, *[("follow", "", "")] * 3]):
        _apply(simulator, step, number)
        tree = simulator.control.tree(ALICE)
        trees.append({path.lower(): entry.get("rev", entry["id"]) for path, entry in tree.items()})
        simulator.clock.advance(1)
        if step[0] == "follow":
            follower.follow()
            assert follower.seen == trees[-3]
    fresh = Follower(client, limit)
    fresh.follow()
    assert fresh.seen == follower.seen == trees[-3]


def test_changes_between_pages_are_not_lost(client: Any, simulator: Simulator) -> None:
    """What changes while a listing is read comes behind its last page."""
    for number in range(6):
        simulator.control.write_file(ALICE, f"/{number}", b"x")
    page = client.files_list_folder("", limit=3)
    simulator.control.delete(ALICE, "/1")
    simulator.control.write_file(ALICE, "/0new", b"x")
    names = [entry.name for entry in page.entries]
    while page.has_more:
        page = client.files_list_folder_continue(page.cursor)
        names += [
            f"-{entry.name}" if isinstance(entry, files.DeletedMetadata) else entry.name
            for entry in page.entries
        ]
    assert names == ["0", "1", "2", "3", "4", "5", "-1", "0new"]


def test_a_change_of_case_that_is_done_is_told(client: Any, simulator: Simulator) -> None:
    simulator.behaviour.case_only_move = "rename"
    client.files_upload(b"x", "/dir/a")
    cursor = client.files_list_folder("", recursive=True).cursor
    client.files_move_v2("/dir", "/DIR")
    told = client.files_list_folder_continue(cursor).entries
    assert [(entry.path_display, entry.path_lower) for entry in told] == [("/DIR", "/dir")]


def test_cursors_reset_and_lose_their_folder(client: Any, simulator: Simulator) -> None:
    """409 reset on demand and by age; 409 path when the folder is gone."""
    client.files_upload(b"x", "/dir/a")
    inside = client.files_list_folder("/dir").cursor
    whole = client.files_list_folder("", recursive=True).cursor
    simulator.control.delete(ALICE, "/dir")
    with pytest.raises(ApiError, match="not_found"):
        client.files_list_folder_continue(inside)
    entries = client.files_list_folder_continue(whole).entries
    assert [(type(entry).__name__, entry.path_lower) for entry in entries] == [("DeletedMetadata", "/dir")]
    simulator.control.reset_cursors(ALICE)
    with pytest.raises(ApiError, match="reset"):
        client.files_list_folder_continue(whole)
    simulator.behaviour.cursor_seconds = 60
    young = client.files_list_folder("").cursor
    simulator.clock.advance(61)
    with pytest.raises(ApiError, match="reset"):
        client.files_list_folder_continue(young)


def test_a_deleted_app_folder_is_missing_or_empty_and_a_write_brings_it_back(
    client: Any, simulator: Simulator
) -> None:
    """Both answers are possible; the switch chooses."""
    client.files_upload(b"x", "/a")
    simulator.control.delete_app_folder(ALICE)
    with pytest.raises(ApiError, match="not_found"):
        client.files_list_folder("")
    simulator.behaviour.app_folder_deleted = "empty"
    assert client.files_list_folder("").entries == []
    client.files_upload(b"x", "/b")
    assert [entry.name for entry in client.files_list_folder("").entries] == ["b"]


def test_moving_the_app_folder_changes_nothing_for_the_app(client: Any, simulator: Simulator) -> None:
    """The token is bound to the folder, not to its name."""
    client.files_upload(b"x", "/a")
    cursor = client.files_list_folder("").cursor
    simulator.control.move_app_folder(ALICE, "Work/Minno (old)")
    assert client.files_list_folder_continue(cursor).entries == []


def test_longpoll_waits_for_changes(client: Any, simulator: Simulator) -> None:
    """At once when there are changes, after the timeout when there are none."""
    cursor = client.files_list_folder("").cursor
    before = simulator.clock.now()
    assert not client.files_list_folder_longpoll(cursor, timeout=40).changes
    assert simulator.clock.now() == before + 40
    simulator.control.write_file(ALICE, "/a", b"x")
    assert client.files_list_folder_longpoll(cursor, timeout=40).changes
