"""A tree against a plain dictionary: whatever is done in whatever order, both hold the same."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from minno_dashboard.core import names
from minno_dashboard.core.errors import Refused
from minno_dashboard.files import queries, services
from minno_dashboard.files.models import FileVersion, Node
from tests.files.conftest import at, revision, shown

NAMES = st.sampled_from(["a", "A", "b", "e\u0301", "É", "שלום", "🎉.txt", "con", "x (2)"])
CONTENT = st.sampled_from([b"", b"one", b"two"])
Path = tuple[str, ...]
Model = dict[Path, bytes | None]


class TreeMachine(RuleBasedStateMachine):
    """Does things to a tree and to a dictionary from paths to content (None for folders)."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = services.create_tree()
        self.model: Model = {}
        self.graves: list[tuple[int, Path, Model]] = []
        self.expected_revision = 0

    def pick(self, data: st.DataObject, *, folders: bool = False, top: bool = False) -> Path:
        """Choose a path that is there; () is the top."""
        paths = [path for path, content in self.model.items() if content is None or not folders]
        return data.draw(st.sampled_from([*([()] if top else []), *sorted(paths)]))

    def node(self, path: Path) -> Node:
        return at(self.tree, "/".join(path))

    def folder(self, path: Path) -> Node | None:
        return self.node(path) if path else None

    def twin(self, folder: Path, name: str, but: Path | None = None) -> Path | None:
        """Return what has this name in a folder of the model."""
        for path in self.model:
            if path[:-1] == folder and path != but and names.fold(path[-1]) == names.fold(name):
                return path
        return None

    def below(self, path: Path) -> Model:
        return {p: content for p, content in self.model.items() if p[: len(path)] == path}

    def graft(self, part: Model, old: Path, new: Path) -> None:
        self.model.update({new + path[len(old) :]: content for path, content in part.items()})

    @rule(data=st.data(), name=NAMES, content=CONTENT)
    def write(self, data: st.DataObject, name: str, content: bytes) -> None:
        folder = self.pick(data, folders=True, top=True)
        there = self.twin(folder, name)
        possible = names.is_good(name) and (there is None or self.model[there] is not None)
        try:
            services.write_file(
                tree=self.tree, by=None, parent=self.folder(folder), name=name, source=content,
                expected_blob=services.ANYTHING,
            )  # fmt: skip
        except Refused:
            assert not possible
            return
        assert possible
        path = there or (*folder, names.clean(name))
        self.expected_revision += self.model.get(path, b"nothing") != content
        self.model[path] = content

    @rule(data=st.data(), name=NAMES)
    def make_folder(self, data: st.DataObject, name: str) -> None:
        folder = self.pick(data, folders=True, top=True)
        possible = names.is_good(name) and self.twin(folder, name) is None
        try:
            services.make_folder(tree=self.tree, parent=self.folder(folder), name=name, by=None)
        except Refused:
            assert not possible
            return
        assert possible
        self.model[(*folder, names.clean(name))] = None
        self.expected_revision += 1

    @precondition(lambda self: self.model)
    @rule(data=st.data(), name=NAMES)
    def rename(self, data: st.DataObject, name: str) -> None:
        path = self.pick(data)
        possible = names.is_good(name) and self.twin(path[:-1], name, but=path) is None
        try:
            services.rename(node=self.node(path), name=name, by=None)
        except Refused:
            assert not possible
            return
        assert possible
        new = (*path[:-1], names.clean(name))
        self.expected_revision += new != path
        self.relocate([path], [new])

    def relocate(self, old: list[Path], new: list[Path]) -> None:
        parts = [self.below(path) for path in old]
        for part in parts:
            for path in part:
                del self.model[path]
        for path, target, part in zip(old, new, parts, strict=True):
            self.graft(part, path, target)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.model)), min_size=1, max_size=3, unique=True))
        top = [p for p in chosen if not any(p != q and p[: len(q)] == q for q in chosen)]
        target = self.pick(data, folders=True, top=True)
        moving = [path for path in top if path[:-1] != target]
        keys = [names.fold(path[-1]) for path in moving]
        possible = (
            not any(target[: len(path)] == path for path in moving)
            and not any(self.twin(target, path[-1]) for path in moving)
            and len(set(keys)) == len(keys)
        )
        try:
            services.move(nodes=[self.node(path) for path in chosen], to=self.folder(target), by=None)
        except Refused:
            assert not possible
            return
        assert possible
        self.relocate(moving, [(*target, path[-1]) for path in moving])
        self.expected_revision += bool(moving)

    @precondition(lambda self: self.model and len(self.model) < 60)
    @rule(data=st.data())
    def duplicate(self, data: st.DataObject) -> None:
        path = self.pick(data)
        copy = services.duplicate(node=self.node(path), by=None)
        assert self.twin(path[:-1], copy.name) is None
        self.graft(self.below(path), path, (*path[:-1], copy.name))
        self.expected_revision += 1

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        path = self.pick(data)
        node = self.node(path)
        services.delete(nodes=[node], by=None)
        part = self.below(path)
        for gone in part:
            del self.model[gone]
        self.graves.append((node.pk, path, part))
        self.expected_revision += 1

    @precondition(lambda self: self.graves)
    @rule(data=st.data())
    def bring_back(self, data: st.DataObject) -> None:
        grave = data.draw(st.integers(0, len(self.graves) - 1))
        node_id, old, part = self.graves.pop(grave)
        back = services.bring_back(node=Node.objects.get(pk=node_id), by=None)
        new = tuple(queries.path_of(back).split("/"))
        assert self.twin(new[:-1], new[-1]) is None
        assert new[:-1] == () or self.model[new[:-1]] is None
        self.graft(part, old, new)
        self.expected_revision += 1

    @invariant()
    def both_hold_the_same(self) -> None:
        assert shown(self.tree) == {"/".join(path): content for path, content in self.model.items()}
        assert revision(self.tree) == self.expected_revision

    @rule()
    def copy_the_tree(self) -> None:
        copy = services.copy_tree(source=self.tree, by=None)
        assert shown(copy) == shown(self.tree)
        services.remove_tree(tree=copy)

    def teardown(self) -> None:
        history = FileVersion.objects.filter(node__tree=self.tree).order_by("pk")
        newest = dict(history.values_list("node_id", "blob_id"))
        files = Node.objects.filter(tree=self.tree, is_folder=False)
        assert newest == dict(files.values_list("pk", "blob_id")), (
            "every file has its present state in its history"
        )


@pytest.mark.slow
@pytest.mark.django_db
def test_a_tree_behaves_like_a_dictionary() -> None:
    run_state_machine_as_test(
        TreeMachine,
        settings=settings(
            max_examples=15, stateful_step_count=25, database=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
