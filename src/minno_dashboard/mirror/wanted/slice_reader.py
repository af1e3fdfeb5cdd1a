"""Reads the slice of both trees that one plan needs: what changed, and everything that affects.

A slice is closed: with a node come the folders above it, what stands in its way, what lies below something that
goes, what its content can be copied from; and every identity met on one side is looked up on the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from django.db import connection, transaction
from django.db.models import F, Min, Q

from minno_dashboard.collection.models import DataFolder
from minno_dashboard.core.names import fold
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.models import Doubt, Link, RemoteNode, Taken
from minno_dashboard.mirror.planner.model import DELETED, SHARED, Content, Desired, Remote
from minno_dashboard.mirror.wanted import data_folders
from minno_dashboard.mirror.wanted.deleted_folder import outdated
from minno_dashboard.mirror.wanted.layout import FIXED, Layout, is_gone
from minno_dashboard.mirror.wanted.tree_slice import COLUMNS, ReadRevision, RemoteRow
from minno_dashboard.mirror.wanted.tree_slice import Slice as Slice
from minno_dashboard.studies.models import Study, Version


def read(link: Link) -> Slice:
    """Read what the link has not taken over yet, in one transaction: the revisions first, then the nodes."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if connection.vendor == "postgresql" and is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _SliceReader(link).read()


def is_behind(link: Link) -> bool:
    """Return whether there is anything the link has not taken over."""
    if link.wants_everything or Doubt.objects.filter(link=link).exists():
        return True
    if Taken.objects.filter(link=link, noted_revision__gt=F("revision")).exists():
        return True
    return bool(outdated(link))


def is_outrun(link: Link, marks: Iterable[ReadRevision]) -> bool:
    """Return whether anything that the link follows has changed since these revisions were read."""
    read = {(mark.kind, mark.object_id): mark.revision for mark in marks}
    behind = Taken.objects.filter(link=link, noted_revision__gt=F("revision"))
    noted = behind.values_list("kind", "object_id", "noted_revision")
    return any(revision > read.get((kind, pk), -1) for kind, pk, revision in noted)


class _SliceReader:
    """Reads one slice, in rounds, until no further node is affected."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.layout = Layout(link.user)
        self.rows: dict[int, RemoteRow] = {}
        self.by_identity: dict[str, int] = {}
        self.desired: dict[str, Desired] = {}
        self.seen: set[str] = set()
        self.base: frozenset[str] = frozenset()
        self.kept: set[str] = set()
        self.marks: list[ReadRevision] = []
        self.full_trees: set[int] = set()
        self._children_loaded: set[int | None] = set()
        self._below_loaded: set[int] = set()
        self._at: dict[tuple[int | None, str], int] = {}
        self._above: set[int] = set()
        self._adoptable: dict[str, int] = {}

    def read(self) -> Slice:
        doubts = list(Doubt.objects.filter(link=self.link).values_list("identity", flat=True))
        frontier = self._changed() | set(doubts) | {"readme"} | self._outdated()
        self.base = frozenset(frontier)
        while frontier:
            self.seen |= frontier
            found = self.layout.resolve(frontier)
            new = {one: node for one, node in found.items() if one not in self.desired}
            self.desired.update(new)
            self.seen |= new.keys()
            self._load(identity__in=frontier | new.keys())
            self._load_what_goes(frontier - found.keys())
            self._load_what_comes_back(new)
            self._load_occupants()
            more = self._whole_trees(new) | self._whole_data(new)
            self._load_sources(new.values())
            self._load_ancestors()
            more |= {row.identity for row in self.rows.values() if row.identity is not None}
            frontier = more - self.seen
        return self._slice(doubts)

    # --- where to begin ---

    def _changed(self) -> set[str]:
        """Return the identities that changed since they were taken over, and store the revisions read."""
        link, changed = self.link, set[str]()
        behind = list(
            Taken.objects.filter(link=link, noted_revision__gt=F("revision")).values_list(
                "kind", "object_id", "revision"
            )
        )
        if link.wants_everything:
            changed |= self._everything()
        studies = [pk for kind, pk, _ in behind if kind == Taken.Kind.STUDY]
        if studies:
            changed |= FIXED | {f"study:{pk}" for pk in self.layout.study_ids}
        for portion in in_portions(studies):
            self._mark(
                Taken.Kind.STUDY, portion, Study.objects.filter(pk__in=portion).values_list("pk", "revision")
            )
            changed |= {f"study:{pk}" for pk in portion}
            versions = Version.objects.filter(study__in=portion).values_list("pk", flat=True)
            changed |= {f"version:{pk}" for pk in versions} | data_folders.both_folders(portion)
        changed |= self._changed_data(
            {pk: revision for kind, pk, revision in behind if kind == Taken.Kind.DATA}
        )
        trees = {pk: revision for kind, pk, revision in behind if kind == Taken.Kind.TREE}
        self._mark(Taken.Kind.TREE, trees, self.layout.revisions(trees).items())
        for tree, revision in trees.items():
            changed |= self.layout.changed(tree, since=revision)
        return changed

    def _changed_data(self, studies: dict[int, int]) -> set[str]:
        """Return what changed in the data folders of studies since these revisions of them."""
        known = DataFolder.objects.filter(study__in=studies).values_list("study_id", "files_revision")
        self._mark(Taken.Kind.DATA, studies, known)
        changed = {one for pk, since in studies.items() for one in data_folders.changed_since(pk, since)}
        for portion in in_portions(sorted(data_folders.both_folders(studies))):
            there = RemoteNode.objects.filter(link=self.link, parent__identity__in=portion)
            changed.update(there.filter(identity__isnull=False).values_list("identity", flat=True))  # type: ignore[arg-type]
        return changed

    def _outdated(self) -> set[str]:
        """Return the identities below what is to be removed from the folder of deleted files."""
        gone = outdated(self.link)
        if gone:
            self._keep_deleted()
            self._load_below(gone)
        return {row.identity for row in self.rows.values() if row.identity is not None}

    def _mark(self, kind: str, asked: Iterable[int], found: Iterable[tuple[int, int]]) -> None:
        revisions = dict(found)
        far = 2**62  # of what is gone altogether: no revision of it will come
        self.marks += [ReadRevision(kind, pk, revisions.get(pk, far)) for pk in asked]

    def _everything(self) -> set[str]:
        changed = set(FIXED)
        for portion in in_portions(sorted(self.layout.study_ids)):
            studies = Study.objects.filter(pk__in=portion).values_list("pk", "revision")
            self._mark(Taken.Kind.STUDY, portion, studies)
            versions = list(
                Version.objects.filter(study__in=portion).values_list("pk", "tree_id", "tree__revision")
            )
            self.marks += [ReadRevision(Taken.Kind.TREE, tree, revision) for _, tree, revision in versions]
            changed |= {f"study:{pk}" for pk in portion} | {f"version:{pk}" for pk, _, _ in versions}
            self.full_trees |= {tree for _, tree, _ in versions}
            nodes = Node.objects.filter(tree__version__study__in=portion, deleted_at=None)
            changed |= {f"node:{pk}" for pk in nodes.values_list("pk", flat=True)}
        changed |= self._changed_data(dict.fromkeys(self.layout.with_data, -1))
        rows = self._keep(RemoteNode.objects.filter(link=self.link).values_list(*COLUMNS))
        return changed | {row.identity for row in rows if row.identity is not None}

    def _whole_trees(self, new: dict[str, Desired]) -> set[str]:
        """Return all nodes of the desired versions that are not in the Dropbox, or only among the deleted files."""
        absent = []
        for identity in new:
            if identity.startswith("version:"):
                row = self._row_of(identity)
                if row is None or self._is_deleted(row):
                    absent.append(int(identity.removeprefix("version:")))
        trees = {tree for tree, version in self.layout.version_of_tree.items() if version in absent}
        trees -= self.full_trees
        self.full_trees |= trees
        nodes = Node.objects.filter(tree__in=trees, deleted_at=None).values_list("pk", flat=True)
        return {f"node:{pk}" for pk in nodes} if trees else set()

    def _whole_data(self, new: dict[str, Desired]) -> set[str]:
        """Return all files of the desired data folders that are not in the Dropbox, or only among the deleted files."""
        prefix = f"{data_folders.NAME}:"
        absent = [
            int(one.removeprefix(prefix))
            for one in new
            if one.startswith(prefix) and ((row := self._row_of(one)) is None or self._is_deleted(row))
        ]
        return {one for pk in absent for one in data_folders.changed_since(pk, -1)}

    # --- the remote side ---

    def _load(self, **condition: object) -> list[RemoteRow]:
        """Read rows by one condition, in batches; return those not read before."""
        ((name, values),) = condition.items()
        new: list[RemoteRow] = []
        for portion in in_portions(list(values)):  # type: ignore[call-overload]
            rows = RemoteNode.objects.filter(Q(link=self.link), **{name: portion}).values_list(*COLUMNS)
            new += self._keep(rows)
        return new

    def _keep(self, rows: Iterable[tuple[object, ...]]) -> list[RemoteRow]:
        new = []
        for values in rows:
            row = RemoteRow(*values)  # type: ignore[arg-type]
            if row.pk not in self.rows:
                self.rows[row.pk] = row
                self._at[(row.parent, row.key)] = row.pk
                new.append(row)
                if row.parent is not None:
                    self._above.add(row.parent)
                if row.identity is not None:
                    self.by_identity[row.identity] = row.pk
        return new

    def _row_of(self, identity: str) -> RemoteRow | None:
        pk = self.by_identity.get(identity)
        return None if pk is None else self.rows[pk]

    def _load_ancestors(self) -> None:
        while missing := self._above - self.rows.keys():
            self._above.clear()
            self._load(pk__in=missing)
        self._above.clear()

    def _load_below(self, tops: Iterable[int]) -> None:
        """Read everything below some folders, also where their direct children were read already."""
        folders = [pk for pk in tops if self.rows[pk].is_folder and pk not in self._below_loaded]
        while folders:
            self._below_loaded.update(folders)
            self._children_loaded.update(folders)
            self._load(parent__in=folders)
            inside = set(folders)
            folders = [
                row.pk
                for row in self.rows.values()
                if row.parent in inside and row.is_folder and row.pk not in self._below_loaded
            ]

    def _load_what_goes(self, undesired: Collection[str]) -> None:
        """Read all below folders that are no longer desired, and the folder of deleted files."""
        self._load_ancestors()
        present = [one for one in undesired if one in self.by_identity]
        self.kept |= self.layout.kept(present)
        going = [
            self.by_identity[one]
            for one in present
            if one not in self.kept and not self._is_deleted(self.rows[self.by_identity[one]])
        ]
        self._load_below(going)
        if going:
            self._keep_deleted()

    def _load_what_comes_back(self, new: Iterable[str]) -> None:
        """Read all below folders that are restored from the deleted files: part of it may stay deleted."""
        rows = [self.rows[self.by_identity[one]] for one in new if one in self.by_identity]
        self._load_below([row.pk for row in rows if row.is_folder and self._is_deleted(row)])

    def _keep_deleted(self) -> None:
        """Read the folder of deleted files and its children; where a file has its name, also that file's siblings."""
        rows = RemoteNode.objects.filter(link=self.link, parent=None, name_key=fold(DELETED))
        self._keep(rows.values_list(*COLUMNS))
        pk = self._at.get((None, fold(DELETED)))
        if pk is not None:  # it may have been read before, as one of those at the top
            self._load_inside({pk if self.rows[pk].is_folder else None} - self._children_loaded)

    def _load_occupants(self) -> None:
        """Read what has the name of a desired node in its folder; where it must be renamed, its siblings too.

        A foreign folder where one of ours belongs will be adopted, so what lies in it is looked at as well.
        """
        wanted: dict[int | None, dict[str, str]] = defaultdict(dict)
        waiting = list(self.desired.values())
        while waiting:
            asked: dict[int | None, dict[str, str]] = defaultdict(dict)
            later: list[Desired] = []
            for node in waiting:
                if node.parent is not None and self._place_of(node.parent) is None:
                    later.append(node)
                else:
                    parent = None if node.parent is None else self._place_of(node.parent)
                    asked[parent][fold(node.name)] = node.identity
            self._load_named({one: keys for one, keys in asked.items() if one not in self._children_loaded})
            if not self._find_adoptable(asked):
                later = []
            for one, keys in asked.items():
                wanted[one].update(keys)
            waiting = later
        crowded = set()
        for row in self.rows.values():
            identity = wanted.get(row.parent, {}).get(row.key)
            is_in_the_way = identity is not None and row.identity != identity
            if is_in_the_way or (row.identity is not None and row.is_changed):
                crowded.add(row.parent)
        self._load_inside(crowded - self._children_loaded)

    def _place_of(self, identity: str) -> int | None:
        return self.by_identity.get(identity, self._adoptable.get(identity))

    def _find_adoptable(self, asked: dict[int | None, dict[str, str]]) -> bool:
        """Store the user's folders in places of ours; return whether any such place is known."""
        is_any = False
        for parent, keys in asked.items():
            for key, identity in keys.items():
                pk = self._at.get((parent, key))
                if self.desired[identity].content is not None or pk is None:
                    continue
                is_any = True
                if self.rows[pk].is_folder and identity not in self.by_identity:
                    self._adoptable[identity] = pk
        return is_any

    def _load_named(self, wanted: dict[int | None, dict[str, str]]) -> None:
        """Read rows with one of the desired names, folder by folder where there are many, else many folders at once."""
        pairs: list[tuple[int, str]] = []
        for parent, all_keys in wanted.items():
            keys = [key for key in all_keys if (parent, key) not in self._at]
            if not keys:
                continue
            if parent is None:
                top = RemoteNode.objects.filter(link=self.link, parent=None, name_key__in=list(keys))
                self._keep(top.values_list(*COLUMNS))
            elif len(keys) > 100:
                self._load_inside({parent})
            else:
                pairs += [(parent, key) for key in keys]
        for portion in in_portions(pairs, 500):
            rows = RemoteNode.objects.filter(
                link=self.link,
                parent__in={parent for parent, _ in portion},
                name_key__in={key for _, key in portion},
            )
            asked = set(portion)
            self._keep(row for row in rows.values_list(*COLUMNS) if (row[1], row[3]) in asked)

    def _load_inside(self, parents: Collection[int | None]) -> None:
        self._children_loaded.update(parents)
        if None in parents:
            top = RemoteNode.objects.filter(link=self.link, parent=None)
            self._keep(top.values_list(*COLUMNS))
        self._load(parent__in=[pk for pk in parents if pk is not None])

    def _load_sources(self, new: Iterable[Desired]) -> None:
        """Read what new files and folders can be copied from: their origins with all below, and files with equal bytes."""
        missing = [self._with_origin(node) for node in new if node.identity not in self.by_identity]
        origins = {node.origin for node in missing if node.origin is not None}
        if origins:
            self._load(identity__in=origins)
            self._load_below([self.by_identity[one] for one in origins if one in self.by_identity])
        hashes = {node.content.hash for node in missing if node.content is not None}
        for portion in in_portions(sorted(hashes), 500):
            rows = RemoteNode.objects.filter(
                link=self.link, content_hash__in=portion, identity__isnull=False, is_changed=False
            )
            one_each = rows.values("content_hash").annotate(first=Min("pk")).values("first")
            self._load(pk__in=one_each.values_list("first", flat=True))

    def _with_origin(self, node: Desired) -> Desired:
        """Return a new version with the version from which its files were copied."""
        if not node.identity.startswith("version:"):
            return node
        copied = Node.objects.filter(
            tree__version=int(node.identity.removeprefix("version:")), parent=None, copied_from__isnull=False
        ).values_list("copied_from", flat=True)
        origin = Version.objects.filter(tree__nodes=copied.first() or 0).values_list("pk", flat=True).first()
        if origin is None:
            return node
        self.desired[node.identity] = replace(node, origin=f"version:{origin}")
        return self.desired[node.identity]

    # --- the result ---

    def _top_of(self, row: RemoteRow) -> RemoteRow | None:
        while row.parent is not None:
            parent = self.rows.get(row.parent)
            if parent is None:
                return None
            row = parent
        return row

    def _is_deleted(self, row: RemoteRow) -> bool:
        self._load_ancestors()
        top = self._top_of(row)
        return top is not None and top.pk != row.pk and top.key == fold(DELETED)

    def _owner_of(self, row: RemoteRow) -> str | None:
        """Return the identity for the planner; a copy that is kept has none."""
        if row.identity is None or row.identity in self.desired:
            return row.identity
        if row.identity in self.kept:
            return None
        top = self._top_of(row)
        is_shared = top is not None and top.key == fold(SHARED)
        return None if is_shared and is_gone(row.identity) else row.identity

    def _slice(self, doubts: list[str]) -> Slice:
        self.kept |= self.layout.kept([one for one in self.by_identity if one not in self.desired])
        remote = [
            Remote(
                key=str(row.pk),
                parent=None if row.parent is None else str(row.parent),
                name=row.name,
                content=None if row.is_folder else Content(row.hash, row.size),
                rev=row.rev,
                identity=self._owner_of(row),
                is_changed=row.is_changed,
            )
            for row in self.rows.values()
        ]
        return Slice(
            desired=list(self.desired.values()),
            remote=remote,
            sources=self.layout.sources,
            marks=self.marks,
            doubts=doubts,
            is_everything=self.link.wants_everything,
            base=self.base,
        )
