"""Which file each experiment plays in each version: stored by node, and carried over into new versions."""

from __future__ import annotations

from minno_dashboard.files import queries as files
from minno_dashboard.files.models import Node
from minno_dashboard.studies.models import Experiment, ExperimentFile, Version


def carry_into(version: Version, *, source: Version, newest: Version) -> None:
    """Assign files to a study's experiments in a new version made from the files of `source`.

    An experiment without a file in `source` (it was made later) plays the file at the path it has in `newest`, if the
    new version has one there.
    """
    at_source = _nodes_of(source)
    at_newest = at_source if source.pk == newest.pk else _nodes_of(newest)
    copies = Node.objects.filter(tree=version.tree_id, copied_from__in=[one.pk for one in at_source.values()])
    nodes = {node.copied_from: node for node in copies}
    made = []
    for experiment_id in sorted({*at_source, *at_newest}):
        node = nodes.get(at_source[experiment_id].pk) if experiment_id in at_source else None
        if node is None and experiment_id in at_newest and at_newest[experiment_id].deleted_at is None:
            node = files.node_at(tree=version.tree, path=files.path_of(at_newest[experiment_id]))
        if node is not None and not node.is_folder:
            made.append(ExperimentFile(experiment_id=experiment_id, version=version, node=node))
    ExperimentFile.objects.bulk_create(made)


def file_of(experiment: Experiment, version: Version) -> Node | None:
    """Return the living file that an experiment plays in a version, or None."""
    found = ExperimentFile.objects.filter(experiment=experiment, version=version, node__deleted_at=None)
    place = found.select_related("node__blob").first()
    return place.node if place else None


def launched_files(version: Version) -> dict[int, str]:
    """Return the ids of the files of a version that are open experiments, with the experiments' names."""
    found = ExperimentFile.objects.filter(version=version, experiment__closed_at=None, node__deleted_at=None)
    return dict(found.values_list("node_id", "experiment__name"))


def _nodes_of(version: Version) -> dict[int, Node]:
    places = ExperimentFile.objects.filter(version=version).select_related("node")
    return {place.experiment_id: place.node for place in places}
