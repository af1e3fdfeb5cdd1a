"""The kind of an experiment: chosen in its settings, else detected from its file."""

from __future__ import annotations

from minno_dashboard.files import queries as files
from minno_dashboard.files import store
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.runtime.jatos import Component, JatosStudy, read_jas
from minno_dashboard.studies.models import Experiment

_MAX_BYTES = files.MAX_EDITOR_BYTES


def kind_of(node: Node, chosen: str = "") -> str:
    """Return the kind of experiment: the chosen one, else the detected one."""
    if chosen:
        return chosen
    name = node.name.lower()
    if name.endswith(".jas"):
        return Experiment.Kind.JATOS
    if name.endswith(".js"):
        return Experiment.Kind.MINNOJS
    if b"jatos.js" in _content(node):
        return Experiment.Kind.JATOS
    return Experiment.Kind.HTML


def jatos_study_at(tree: Tree, node: Node, path: str) -> JatosStudy:
    """Return the JATOS study of a file: the `.jas` file itself, or one that names the page.

    A page that no `.jas` file names is a study of one component.
    """
    entries = files.listing(tree)
    paths = {entry.path for entry in entries if not entry.is_folder}
    described = [entry for entry in entries if entry.name.lower().endswith(".jas") and not entry.is_folder]
    described.sort(key=lambda entry: entry.id != node.pk)
    for entry in described:
        text = _content(files.get_node(tree=tree, node_id=entry.id)).decode("utf-8", "replace")
        study = read_jas(text, folder=entry.path[: -len(entry.name)], paths=paths)
        if study and (entry.id == node.pk or path in {one.path for one in study.components}):
            return study
    return JatosStudy(node.name, (Component(node.name, path),))


def _content(node: Node) -> bytes:
    if node.blob is None or node.blob.size > _MAX_BYTES:
        return b""
    return b"".join(store.read_pieces(node.blob))
