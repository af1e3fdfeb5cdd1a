"""Inserts the base address and the session into an HTML page; nothing else of the page is changed."""

from __future__ import annotations

import re

BASE_MARK, VARS_MARK = b"<!-- os:base -->", b"<!-- os:vars -->"
_HEAD = re.compile(rb"<head(\s[^>]*)?>", re.IGNORECASE)
_BASE = re.compile(rb"<base\s", re.IGNORECASE)
_BEFORE_HEAD = re.compile(rb"\s*(<!doctype[^>]*>)?\s*(<html(\s[^>]*)?>)?", re.IGNORECASE)


def fill_page(page: bytes, *, marked_base: bytes, own_base: bytes, session: bytes) -> bytes:
    """Return the page with its placeholders filled in.

    `marked_base` is a tag that names the top of the study, for the mark; `own_base` one that names the page's own
    folder, for a page without mark and without a base of its own. `session` is the script; where the page has no mark
    for it, it stands at the beginning of the head, so that it runs before everything else.
    """
    before = b""
    if BASE_MARK in page:
        page = page.replace(BASE_MARK, marked_base)
    elif not _BASE.search(page):
        before += own_base
    if VARS_MARK in page:
        page = page.replace(VARS_MARK, session, 1).replace(VARS_MARK, b"")
    else:
        before += session
    if not before:
        return page
    head = _HEAD.search(page) or _BEFORE_HEAD.match(page)
    place = head.end() if head else 0
    return page[:place] + before + page[place:]
