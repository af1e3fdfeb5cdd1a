"""Decodes raw answers of Dropbox into the types of `port`; unknown fields are ignored."""

from __future__ import annotations

from typing import Any

from minno_dashboard.mirror.dropbox_api import answers
from minno_dashboard.mirror.dropbox_api.port import BatchJob, Entry, Outcome, Page, Space
from minno_dashboard.mirror.errors import Ambiguous


def entry(raw: dict[str, Any]) -> Entry:
    """Decode metadata; those of an upload carry no tag."""
    kind = raw.get(".tag")
    if kind not in ("file", "folder", "deleted"):
        kind = "file" if "rev" in raw else "folder"
    return Entry(
        kind=kind,
        name=raw["name"],
        path_lower=raw.get("path_lower") or "",
        id=raw.get("id", ""),
        rev=raw.get("rev", ""),
        content_hash=raw.get("content_hash", ""),
        size=raw.get("size", 0),
        modified=raw.get("client_modified", ""),
    )


def page(raw: dict[str, Any]) -> Page:
    """Decode one page of a listing."""
    return Page(tuple(entry(one) for one in raw["entries"]), raw["cursor"], bool(raw["has_more"]))


def outcome(route: str, raw: dict[str, Any]) -> Outcome:
    """Decode one entry of a batch: the metadata are inline, under `success` or under `metadata`."""
    if raw.get(".tag") == "success":
        return entry(raw.get("success") or raw.get("metadata") or {**raw, ".tag": None})
    return answers.meaning_of_tags(route, raw.get("failure", raw))


def space(raw: dict[str, Any]) -> Space:
    """Decode used and total bytes; a member's limit counts only where Dropbox stops at it."""
    allocation = raw["allocation"]
    if allocation.get(".tag") != "team":
        return Space(int(raw["used"]), int(allocation.get("allocated", 0)))
    of_team = Space(int(allocation["used"]), int(allocation["allocated"]))
    limit = int(allocation.get("user_within_team_space_allocated", 0))
    kind = allocation.get("user_within_team_space_limit_type", {}).get(".tag")
    if not limit or kind != "stop_sync":
        return of_team
    own = Space(int(allocation.get("user_within_team_space_used_cached") or raw["used"]), limit)
    return min(own, of_team, key=lambda one: one.allocated - one.used)


def job(route: str, raw: dict[str, Any], *, job_id: str = "") -> BatchJob:
    """Decode the launch or the state of an asynchronous batch.

    Raises:
        Ambiguous: the job ended without saying what it did.
    """
    tag = raw.get(".tag")
    if tag == "complete":
        return BatchJob(route, job_id, tuple(outcome(f"files/{route}", one) for one in raw["entries"]))
    if tag == "async_job_id":
        return BatchJob(route, raw["async_job_id"])
    if tag == "in_progress":
        return BatchJob(route, job_id)
    raise Ambiguous("job_failed")
