"""Which kind of study files make, seen from the files: a page to begin with makes it HTML, MinnoJS scripts make it MinnoJS."""

from __future__ import annotations

import re
from collections.abc import Iterable

from minno_dashboard.files import queries as files
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob, Node, Tree
from minno_dashboard.studies.models import Study

_FIRST_PAGES = frozenset(["index.html", "index.htm", "start.html"])
_PAGES = (".html", ".htm")
_MINNOJS = re.compile(rb"\b(?:pip|time|quest|manager|mix)API\b|\bpi(?:Manager|Quest|Player)\b")
_MAX_SCRIPTS = 50
_MAX_BYTES = files.MAX_EDITOR_BYTES


def kind_of_files(found: Iterable[tuple[str, Blob]]) -> str:
    """Return the kind of study that files make, by path and blob; "" where nothing among them says it."""
    listed = sorted(found, key=lambda one: (one[0].count("/"), one[0]))
    paths = [path.lower() for path, _ in listed]
    if _FIRST_PAGES.intersection(paths):
        return Study.Kind.HTML
    scripts = [blob for path, blob in listed if path.lower().endswith(".js") and blob.size <= _MAX_BYTES]
    if any(_MINNOJS.search(_content(blob)) for blob in scripts[:_MAX_SCRIPTS]):
        return Study.Kind.MINNOJS
    if any(path.endswith(_PAGES) for path in paths):
        return Study.Kind.HTML
    return Study.Kind.MINNOJS if scripts else ""


def kind_of_tree(tree: Tree) -> str:
    """Return the kind of study that the files of a version make; "" where nothing among them says it."""
    paths = {entry.id: entry.path for entry in files.listing(tree) if not entry.is_folder}
    nodes = Node.objects.filter(tree=tree, deleted_at=None, blob__isnull=False).select_related("blob")
    return kind_of_files((paths[node.pk], node.blob) for node in nodes if node.blob and node.pk in paths)


def _content(blob: Blob) -> bytes:
    """Return a script's bytes; damaged ones say nothing, and are told where they are read."""
    try:
        return b"".join(store.read_pieces(blob))
    except store.DamagedBlob:
        return b""
