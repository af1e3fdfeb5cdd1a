"""Names the files whose stored bytes are damaged, for the administrator."""

from __future__ import annotations

from minno_dashboard.files import queries as files
from minno_dashboard.files.models import Blob, FileVersion, Node
from minno_dashboard.studies.models import Version


def damaged_files() -> list[str]:
    """Return a line for each place where damaged bytes are used: owner, study, version, path, SHA-256."""
    lines = []
    for blob in Blob.objects.filter(damaged_since__isnull=False).order_by("pk"):
        places = [_place(node) for node in Node.objects.filter(blob=blob).order_by("pk")]
        past = FileVersion.objects.filter(blob=blob).exclude(node__blob=blob).select_related("node")
        places += [f"{_place(one.node)} (an earlier state)" for one in past.order_by("pk")]
        lines += [f"{place}: {blob.sha256}" for place in places or ["not used by any study"]]
    return lines


def _place(node: Node) -> str:
    version = Version.objects.filter(tree=node.tree_id).select_related("study__owner").first()
    path = files.path_of(node) + (" (deleted)" if node.deleted_at else "")
    if version is None:
        return path
    return f"{version.study.owner.username} / {version.study.name} {version} / {path}"
