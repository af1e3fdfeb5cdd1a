"""Steps that give files their content: copies where the bytes are in this Dropbox, uploads elsewhere; then empty folders.

A file that is there and holds something else is written in place, even where a copy could be had: that keeps its
history in Dropbox, and there is no moment without it.
"""

from __future__ import annotations

from collections import deque

from minno_dashboard.mirror.planner.apply import perform
from minno_dashboard.mirror.planner.draft import Draft
from minno_dashboard.mirror.planner.model import Content, Copy, Desired, MakeFolder, Remote, Step, UploadFile

MAX_COPY = 10_000
"""The most files and folders that Dropbox copies in one call."""

MIN_COPY = 2
"""The fewest files for which a folder is copied whole: its contents cost another plan, which adopts them."""


class ContentSteps:
    """Copies, uploads and empty folders; call the three methods in this order."""

    def __init__(self, draft: Draft) -> None:
        """Start after everything that exists was moved to its place."""
        self._draft = draft
        self._made = set(draft.place)
        self._sources: dict[Content, deque[Remote]] | None = None

    def copy(self) -> list[Step]:
        """Return the copies: of whole folders where nothing undesired would be copied, then of files.

        Folders come first, while nothing new is in them.
        """
        steps: list[Step] = []
        for node in self._draft.order:
            if node.content is None and node.identity not in self._made:
                steps.extend(self._copy_folder(node))
        for node in self._draft.order:
            if node.content is not None and node.identity not in self._made:
                steps.extend(self._copy_file(node, node.content))
        return steps

    def upload(self) -> list[Step]:
        """Return the uploads: of files that are missing, and of files with other content than desired."""
        steps: list[Step] = []
        for node in self._draft.order:
            if node.content is None:
                continue
            key = self._draft.place.get(node.identity)
            row = None if key is None else self._draft.remote.nodes[key]
            if row is not None and row.content != node.content:
                steps.append(UploadFile(node.identity, self._path(node), node.content, row.rev))
            elif node.identity not in self._made:
                self._bring_about(node)
                steps.append(UploadFile(node.identity, self._path(node), node.content))
        return steps

    def make_folders(self) -> list[Step]:
        """Return the folders that no other step creates; those above them are created with them."""
        steps: list[Step] = []
        for node in reversed(self._draft.order):
            if node.identity not in self._made:
                self._bring_about(node)
                steps.append(MakeFolder(node.identity, self._path(node)))
        return steps[::-1]

    def _bring_about(self, node: Desired) -> None:
        """Record that a node, and the folders above it, will exist."""
        here: str | None = node.identity
        while here is not None and here not in self._made:
            self._made.add(here)
            here = self._draft.desired.nodes[here].parent

    def _copy_file(self, node: Desired, content: Content) -> list[Step]:
        """Copy a missing file from an unchanged one of ours with the same content: its origin, else any, by turns."""
        source = self._draft.remote.of(node.origin) if node.origin else None
        if source is None or source.content != content or source.is_changed:
            if self._sources is None:
                self._sources = self._index()
            sources = self._sources.get(content)
            if not sources:
                return []
            sources.rotate(-1)
            source = sources[-1]
        self._bring_about(node)
        return [Copy(source.key, node.identity, self._draft.remote.path(source.key), self._path(node))]

    def _index(self) -> dict[Content, deque[Remote]]:
        sources: dict[Content, deque[Remote]] = {}
        for _, row in sorted(self._draft.remote.nodes.items()):
            if row.content is not None and row.identity is not None and not row.is_changed:
                sources.setdefault(row.content, deque()).append(row)
        return sources

    def _copy_folder(self, node: Desired) -> list[Step]:
        """Copy a missing folder from its origin, where the copy contains only what is desired."""
        source = self._draft.remote.of(node.origin) if node.origin else None
        if source is None or source.content is not None or self._lies_in(node, source):
            return []
        twins = self._twins(node, source)
        if sum(self._draft.desired.nodes[twin].content is not None for twin in twins) < MIN_COPY:
            return []
        if node.parent is not None:
            self._draft.make_folder(node.parent)
        step = Copy(source.key, node.identity, self._draft.remote.path(source.key), self._path(node))
        key = perform(self._draft.remote, step, self._draft.desired)
        self._draft.settle(node.identity, key)
        self._bring_about(node)
        self._made.update(twins)
        return [step]

    def _twins(self, node: Desired, source: Remote) -> list[str]:
        """Return the desired nodes that copying a folder creates; none where the copy would contain anything else.

        All below the source is ours, as we wrote it, and has a missing counterpart of the same name and content. What
        the copy lacks is copied or uploaded by itself.
        """
        nodes, rows = self._draft.desired.nodes, self._draft.remote.nodes
        pairs, twins = [(node.identity, source.key)], [node.identity]
        while pairs:
            folder, key = pairs.pop()
            wanted = self._draft.desired.inside(folder)
            for folded, below in self._draft.remote.inside(key).items():
                twin = nodes.get(wanted.get(folded, ""))
                if twin is None or not _is_twin(rows[below], twin) or len(twins) == MAX_COPY:
                    return []
                twins.append(twin.identity)
                pairs.append((twin.identity, below))
        return twins

    def _lies_in(self, node: Desired, folder: Remote) -> bool:
        return any(
            self._draft.place.get(above) == folder.key for above in self._draft.desired.above(node.identity)
        )

    def _path(self, node: Desired) -> str:
        return self._draft.desired.path(node.identity)


def _is_twin(row: Remote, node: Desired) -> bool:
    """Return whether a copy of a node would be exactly the desired one."""
    return (
        row.identity is not None
        and not row.is_changed
        and row.name == node.name
        and row.content == node.content
    )
