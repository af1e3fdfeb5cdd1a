"""The files of a version or of an example, through one interface: to show, to play and to send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from django.utils.translation import gettext

from minno_dashboard.core.errors import NotFound
from minno_dashboard.files import queries as files
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob, Tree
from minno_dashboard.files.text_format import decode_text
from minno_dashboard.studies.starters import Example, files_of


class ListedItem(Protocol):
    """One folder or file of a list, each folder before what it holds; `depth` of those at the top is 0."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def depth(self) -> int: ...
    @property
    def is_folder(self) -> bool: ...
    @property
    def size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file's bytes: their number, `tag` (differs for other bytes), and how to read a range of them."""

    name: str
    size: int
    tag: str
    read: Callable[[int, int], Iterator[bytes]]

    def whole(self) -> bytes:
        """Return all bytes; for files that fit into memory."""
        return b"".join(self.read(0, self.size))

    def text(self) -> str | None:
        """Return the text, or None where it is too large to be shown, or no text."""
        if self.size > files.MAX_EDITOR_BYTES:
            return None
        text = decode_text(self.whole()).text
        return None if "\0" in text else text


class Files(Protocol):
    """Files by their paths; `kind` is that of the study they are or would be."""

    @property
    def kind(self) -> str: ...

    def lines(self) -> Sequence[ListedItem]:
        """Return all folders and files in the order of the page."""
        ...

    def at(self, path: str) -> FileContent:
        """Return a file.

        Raises:
            NotFound: there is none at this path.
        """
        ...


@dataclass(frozen=True, slots=True)
class FilesOfVersion:
    """The files of one version of a study."""

    kind: str
    tree: Tree

    def lines(self) -> Sequence[ListedItem]:
        """Return all folders and files in the order of the page."""
        return files.listing(self.tree)

    def at(self, path: str) -> FileContent:
        """Return a file, letter case aside.

        Raises:
            NotFound: there is none at this path.
        """
        node = files.node_at(tree=self.tree, path=path)
        if node is None or node.blob is None:
            raise NotFound(gettext("There is no file %(path)s in this version.") % {"path": path})
        return content_of(node.blob, name=node.name)


def content_of(blob: Blob, *, name: str) -> FileContent:
    """Return a blob as the content of a file; damaged bytes are never sent as a whole file (`store.read_proven`)."""
    return FileContent(name, blob.size, blob.sha256, partial(store.read_proven, blob))


@dataclass(frozen=True, slots=True)
class LineOfExample:
    """One folder or file of an example."""

    name: str
    path: str
    depth: int
    is_folder: bool
    size: int


@dataclass(frozen=True, slots=True)
class FilesOfExample:
    """The files of an example; they lie in the package, are few and fit into memory."""

    example: Example

    @property
    def kind(self) -> str:
        """Return the kind of study that the example becomes."""
        return self.example.kind

    def lines(self) -> Sequence[ListedItem]:
        """Return all folders and files in the order of the page."""
        return list(_lines_of(sorted(files_of(self.example)), "", 0))

    def at(self, path: str) -> FileContent:
        """Return a file.

        Raises:
            NotFound: there is none at this path.
        """
        file = dict(files_of(self.example)).get(path)
        if file is None:
            raise NotFound(gettext("There is no file %(path)s in this example.") % {"path": path})
        given = file.read_bytes()
        tag = sha256(given).hexdigest()
        return FileContent(file.name, len(given), tag, lambda start, stop: iter([given[start:stop]]))


def _lines_of(found: Sequence[tuple[str, Path]], above: str, depth: int) -> Iterator[ListedItem]:
    folders = sorted({path.split("/")[depth] for path, _ in found if path.count("/") > depth})
    for name in folders:
        inside = [one for one in found if one[0].startswith(f"{above}{name}/")]
        yield LineOfExample(name, f"{above}{name}", depth, True, 0)
        yield from _lines_of(inside, f"{above}{name}/", depth + 1)
    for path, file in found:
        if path.count("/") == depth:
            yield LineOfExample(path.split("/")[-1], path, depth, False, file.stat().st_size)
