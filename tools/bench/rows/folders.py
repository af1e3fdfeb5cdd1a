"""What happens to whole folders and studies: no byte is sent again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.bench import workload
from tools.bench.bench import Bench, say, until
from tools.bench.installation import Installation
from tools.bench.measure import Goal, Measure, ReportRow

STUDY = "Study of folders"
RENAMED = "Study of renamed folders"
LIMIT = 300.0
MOVE_CALLS, COPY_CALLS, BURY_CALLS, REMOVE_CALLS = 5, 6, 5, 2


@dataclass
class Scene:
    """A mirrored study with one folder of many files, and the same as a folder of the computer for the peer."""

    bench: Bench
    installation: Installation
    local: Path
    files: int

    def row(
        self,
        key: str,
        work: str,
        action: Callable[[], object],
        *,
        calls: int,
        on_disk: Callable[[Path], object],
        flags: tuple[str, ...] = (),
        is_confirmed: bool = False,
    ) -> ReportRow:
        """Do an action in the Dashboard and mirror it; do the same on the disk and let rclone follow.

        What must be confirmed by its user is mirrored by a worker, as it is in use.
        """
        if is_confirmed:
            ours = self._by_worker(action)
        else:
            action()
            ours = self.installation.sync("ada", model=self.bench.model)
        say(f"  {key}: {ours.seconds:.1f} s, {ours.calls} calls {ours.by_route}")
        row = ReportRow(
            key=key,
            work=work,
            model=self.bench.model,
            ours=ours,
            goals=[Goal("calls", calls, ours.calls), Goal("content bytes", 0, ours.bytes_sent)],
        )
        for peer in self.bench.peers[:1]:
            name = " ".join([peer, *flags])
            row.peers[name] = self._peer(peer, flags, on_disk)
            say(f"  rclone {name}: {row.peers[name].seconds:.1f} s, {row.peers[name].calls} calls")
        return row

    def _by_worker(self, action: Callable[[], object]) -> Measure:
        """Let a worker that was idle mirror an action; its user says yes as soon as the mirror asks."""
        self.bench.dropbox.use(self.bench.model)
        with self.installation.worker() as worker:
            self.bench.quiet(worker)
            self.bench.dropbox.use(self.bench.model)
            at = time.time()
            action()
            until(lambda: self._is_proven(at), limit=LIMIT, what="the action is proven", every=0.1)
            self.bench.quiet(worker)
        figures = self.bench.dropbox.figures()
        return Measure.of(figures, None, changed=0, seconds=figures.last - at)

    def _is_proven(self, since: float) -> bool:
        if self.installation.status("ada")["state"] == "needs_user":
            self.installation.act("confirm_removal", name="ada")
        return int(self.installation.act("unproven", since={"ada": since})) == 0

    def _peer(self, peer: str, flags: tuple[str, ...], on_disk: Callable[[Path], object]) -> Measure:
        copy = self.bench.fresh("copy") / "Studies"
        workload.copied(self.local, copy)
        with self.bench.rclone("folders") as rclone:
            rclone.has(copy)
            on_disk(copy)
            measure = rclone.sync(copy, *flags, model=self.bench.model, flags=peer)
        shutil.rmtree(copy)
        return measure


@contextmanager
def _scene(bench: Bench, name: str) -> Iterator[Scene]:
    local = bench.fresh("local")
    files = bench.sizes.folder_files
    top = local / STUDY / "v1"
    workload.many_small(top / "stimuli", files=files, folders=bench.sizes.folder_folders)
    workload.many_small(top / "scripts", files=4, folders=1)
    with bench.installation(name) as installation:
        installation.user("ada")
        installation.import_study("ada", STUDY, top)
        installation.settle("ada")
        yield Scene(bench, installation, local, files)


def _moved(root: Path, before: str, after: str) -> None:
    (root / after).parent.mkdir(parents=True, exist_ok=True)
    (root / before).rename(root / after)


def rename_and_move(bench: Bench) -> Iterator[ReportRow]:
    """Rename a folder, move it, rename the study."""
    inside = f"{STUDY}/v1"
    with _scene(bench, "rename") as scene:
        act, files = scene.installation.act, f"{scene.files:,}"
        yield scene.row(
            "rename-folder",
            f"rename of a folder of {files} files",
            lambda: act("rename_node", owner="ada", study=STUDY, path="stimuli", name="pictures"),
            calls=MOVE_CALLS,
            on_disk=lambda root: _moved(root, f"{inside}/stimuli", f"{inside}/pictures"),
            flags=("--track-renames",),
        )
        yield scene.row(
            "move-folder",
            f"move of a folder of {files} files",
            lambda: act("move_node", owner="ada", study=STUDY, path="pictures", to="archive"),
            calls=MOVE_CALLS,
            on_disk=lambda root: _moved(root, f"{inside}/stimuli", f"{inside}/archive/stimuli"),
            flags=("--track-renames",),
        )
        yield scene.row(
            "rename-study",
            f"rename of a study of {files} files",
            lambda: act("rename_study", owner="ada", study=STUDY, name=RENAMED),
            calls=MOVE_CALLS,
            on_disk=lambda root: _moved(root, STUDY, RENAMED),
            flags=("--track-renames",),
        )


def copies(bench: Bench) -> Iterator[ReportRow]:
    """Make a new version of a mirrored study, and a duplicate of it."""
    with _scene(bench, "copies") as scene:
        act, files = scene.installation.act, f"{scene.files:,}"
        yield scene.row(
            "new-version",
            f"new version of a study of {files} files",
            lambda: act("new_version", owner="ada", study=STUDY),
            calls=COPY_CALLS,
            on_disk=lambda root: workload.copied(root / STUDY / "v1", root / STUDY / "v2"),
        )
        yield scene.row(
            "duplicate",
            f"duplicate of a study of {files} files",
            lambda: act("duplicate_study", owner="ada", study=STUDY, name="Duplicate"),
            calls=COPY_CALLS,
            on_disk=lambda root: workload.copied(root / STUDY, root / "Duplicate"),
        )


def delete(bench: Bench) -> Iterator[ReportRow]:
    """Delete a folder, with either policy."""
    for keep, calls, where in ((True, BURY_CALLS, "into /Deleted"), (False, REMOVE_CALLS, "really")):
        with _scene(bench, "delete") as scene:
            act = scene.installation.act
            act("choose_policy", name="ada", keep_deleted=keep)
            yield scene.row(
                f"delete-{'kept' if keep else 'really'}",
                f"delete of a folder of {scene.files:,} files, {where}",
                lambda act=act: act("delete_node", owner="ada", study=STUDY, path="stimuli"),  # type: ignore[misc]
                calls=calls,
                on_disk=lambda root: shutil.rmtree(root / STUDY / "v1" / "stimuli"),
                is_confirmed=True,
            )
