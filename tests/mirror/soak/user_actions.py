"""What people do: in the Dashboard through its services, inside Dropbox by hand. Each deed is drawn from its own seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dropbox_simulator.control import ControlRefused
from dropbox_simulator.names import DisallowedName, MalformedPath
from dropbox_simulator.refusals import LookupRefused, RelocationRefused, TooManyFiles, WriteRefused
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused
from minno_dashboard.core.names import fold
from minno_dashboard.files import removal
from minno_dashboard.files import services as files
from minno_dashboard.files.models import FileVersion, Node, Tree
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.connecting.installation import MARKER
from minno_dashboard.mirror.dropbox_api import oauth_calls
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.models import Link
from minno_dashboard.studies import services as studies
from minno_dashboard.studies import sharing
from minno_dashboard.studies.models import Collaboration, Study, Version
from tests.mirror.soak.stage import APP_KEY, SoakStage, email

FILE_NAMES = ("a.js", "b.js", "A.js", "ß.txt", "İ.txt", "ς.txt", "é.js", "e\u0301.js", "😀.png", "x", "y", "data", "Data", "Deleted")  # fmt: skip
STUDY_NAMES = ("One", "one", "Two", "שלוש", "Deleted", "v1")
SECONDS_OF_A_DEED = 0.01
MONTH_SECONDS = 31 * 24 * 3600.0


class People:
    """The people of a story: what they do, and what of theirs must never be lost."""

    def __init__(self, stage: SoakStage, users: list[User]) -> None:
        self.stage, self.users = stage, users
        self.owned: dict[str, set[str]] = {user.username: set() for user in users}
        self.ever: dict[str, set[str]] = {user.username: set() for user in users}
        self.moved: dict[str, set[str]] = {user.username: set() for user in users}
        self.edited_at: dict[str, float] = {}
        self.written_bytes = 0

    # --- in the Dashboard ---

    def in_dashboard(self, name: str, seed: int) -> str:
        """Do one deed in the Dashboard; say what became of it."""
        rng = random.Random(seed)
        user = rng.choice(self.users)
        self.stage.advance(SECONDS_OF_A_DEED)
        try:
            done = getattr(self, f"_{name}")(rng, user)
        except Refused as refused:
            done = f"refused: {refused}"
        self.stage.advance(SECONDS_OF_A_DEED)
        return f"{user.username}: {name}: {done}"

    def _bytes(self, rng: random.Random) -> bytes:
        data = b"the same" if rng.random() < 0.3 else f"content {rng.randrange(10**9)}".encode()
        data *= rng.choice([0, 1, 1, 3, 100])
        self.written_bytes += len(data)
        return data

    def _study(self, rng: random.Random, user: User, **condition: Any) -> Study | None:
        found = Study.objects.filter(owner=user, **(condition or {"deleted_at": None})).order_by("pk")
        return rng.choice(found) if found else None

    def _tree(self, rng: random.Random, user: User) -> Tree | None:
        found = Version.objects.filter(study__owner=user, study__deleted_at=None, state="develop")
        found = found.select_related("tree").order_by("pk")
        return rng.choice(found).tree if found else None

    def _node(self, rng: random.Random, user: User, **condition: Any) -> Node | None:
        tree = self._tree(rng, user)
        found = Node.objects.filter(tree=tree, deleted_at=None, **condition).order_by("pk")
        return rng.choice(found) if found else None

    def _write(self, rng: random.Random, user: User) -> object:
        node = self._node(rng, user, is_folder=False)
        if node is not None and rng.random() < 0.5:
            return files.save_file(node=node, source=self._bytes(rng), expected_blob=files.ANYTHING, by=user)
        tree = self._tree(rng, user)
        if tree is None:
            return studies.create_study(owner=user, name=rng.choice(STUDY_NAMES))
        path = "/".join(rng.choice(FILE_NAMES) for _ in range(rng.randint(1, 3)))
        return files.write_file(
            tree=tree, path=path, source=self._bytes(rng), expected_blob=files.ANYTHING, by=user
        )

    def _fill(self, rng: random.Random, user: User) -> object:
        tree = self._tree(rng, user)
        if tree is None:
            return None
        folder = rng.choice(["", "data/", "more/"])
        for number in range(rng.randint(3, 14)):
            data = self._bytes(rng) + f" {number:02}".encode()
            self.written_bytes += 3
            files.write_file(
                tree=tree, path=f"{folder}{number}.js", source=data, expected_blob=files.ANYTHING, by=user
            )
        return folder

    def _make_folder(self, rng: random.Random, user: User) -> object:
        if (tree := self._tree(rng, user)) is None:
            return None
        folder = Node.objects.filter(tree=tree, deleted_at=None, is_folder=True).order_by("pk")
        parent = rng.choice([None, *folder])
        return files.make_folder(tree=tree, parent=parent, name=rng.choice(FILE_NAMES), by=user)

    def _rename(self, rng: random.Random, user: User) -> object:
        node = self._node(rng, user)
        return node and files.rename(node=node, name=rng.choice(FILE_NAMES), by=user)

    def _swap(self, rng: random.Random, user: User) -> object:
        one = self._node(rng, user)
        if one is None:
            return None
        others = Node.objects.filter(tree=one.tree_id, parent=one.parent_id, deleted_at=None)
        other = rng.choice([*others.exclude(pk=one.pk).order_by("pk"), None])
        if other is None:
            return None
        first, second = one.name, other.name
        files.rename(node=one, name="in between", by=user)
        files.rename(node=other, name=first, by=user)
        return files.rename(node=one, name=second, by=user)

    def _move(self, rng: random.Random, user: User) -> object:
        node = self._node(rng, user)
        if node is None:
            return None
        folders = Node.objects.filter(tree=node.tree_id, deleted_at=None, is_folder=True).order_by("pk")
        to = rng.choice([None, *folders])
        files.move(nodes=[node], to=to, by=user)
        return f"{node} → {to}"

    def _copy(self, rng: random.Random, user: User) -> object:
        node, tree = self._node(rng, user), self._tree(rng, user)
        return node and tree and files.copy(nodes=[node], to_tree=tree, to=None, by=user)

    def _duplicate(self, rng: random.Random, user: User) -> object:
        node = self._node(rng, user)
        return node and files.duplicate(node=node, by=user)

    def _delete(self, rng: random.Random, user: User) -> object:
        node = self._node(rng, user)
        if node is not None:
            files.delete(nodes=[node], by=user)
        return node

    def _bring_back(self, rng: random.Random, user: User) -> object:
        gone = Node.objects.filter(tree=self._tree(rng, user), deleted_at__isnull=False).order_by("pk")
        return files.bring_back(node=rng.choice(gone), by=user) if gone else None

    def _restore(self, rng: random.Random, user: User) -> object:
        kept = FileVersion.objects.filter(node__tree=self._tree(rng, user), node__deleted_at=None)
        kept = kept.order_by("pk")
        return files.restore_version(version=rng.choice(kept), by=user) if kept else None

    def _create_study(self, rng: random.Random, user: User) -> object:
        return studies.create_study(owner=user, name=rng.choice(STUDY_NAMES))

    def _rename_study(self, rng: random.Random, user: User) -> object:
        study = self._study(rng, user)
        return study and studies.rename_study(study=study, name=rng.choice(STUDY_NAMES), by=user)

    def _delete_study(self, rng: random.Random, user: User) -> object:
        study = self._study(rng, user)
        return study and studies.delete_study(study=study, by=user)

    def _bring_back_study(self, rng: random.Random, user: User) -> object:
        study = self._study(rng, user, deleted_at__isnull=False)
        return study and studies.bring_back_study(study=study, by=user)

    def _duplicate_study(self, rng: random.Random, user: User) -> object:
        study = self._study(rng, user)
        if study is None or Study.objects.count() > 6:
            return None
        return studies.duplicate_study(study=study, by=user)

    def _new_version(self, rng: random.Random, user: User) -> object:
        study = self._study(rng, user)
        if study is None or study.versions.count() > 2:
            return None
        studies.publish(study=study, by=user)
        return studies.new_version(study=study, by=user)

    def _roll_back(self, rng: random.Random, user: User) -> object:
        study = self._study(rng, user)
        if study is None or study.versions.count() > 3:
            return None
        return studies.roll_back(study=study, to=rng.choice(study.versions.order_by("pk")), by=user)

    def _archive(self, rng: random.Random, user: User) -> object:
        study = self._study(rng, user)
        return study and studies.archive_study(study=study, by=user)

    def _share(self, rng: random.Random, user: User) -> object:
        study, others = self._study(rng, user), [one for one in self.users if one != user]
        if study is None or not others:
            return None
        access = rng.choice(["edit", "read"])
        share = sharing.invite(
            study=study, who=others[0].username, file_access=access, sees_data=False, by=user
        )
        return sharing.answer(share=share, accept=True, by=others[0])

    def _unshare(self, rng: random.Random, user: User) -> object:
        shares = Collaboration.objects.filter(study__owner=user, study__deleted_at=None).order_by("pk")
        share = rng.choice([*shares, None])
        if share is not None:
            sharing.remove_member(share=share, by=user)
        return share

    def _transfer(self, rng: random.Random, user: User) -> object:
        shares = Collaboration.objects.filter(study__owner=user, study__deleted_at=None).order_by("pk")
        if not shares:
            return None
        share = rng.choice(shares)
        return sharing.transfer(study=share.study, share_id=share.pk, by=user)

    def _choose_policy(self, rng: random.Random, user: User) -> None:
        services.choose_policy(user=user, keep_deleted=rng.random() < 0.3)

    def _prove_now(self, rng: random.Random, user: User) -> None:
        services.prove_now(user=user)

    def _answer(self, rng: random.Random, user: User) -> str:
        accept = rng.random() < 0.7
        services.confirm_removal(user=user, accept=accept)
        return f"accept={accept}"

    def _reconnect(self, rng: random.Random, user: User) -> None:
        if rng.random() < 0.5:
            services.unlink(user=user)
        self.connect(user)

    def _month(self, rng: random.Random, user: User) -> str:
        self.stage.advance(MONTH_SECONDS)
        return f"{studies.purge_deleted()} studies, {removal.collect()} blobs purged"

    def connect(self, user: User) -> Link:
        """Connect a user with their Dropbox account, without the consent page."""
        given = self.stage.control.authorise(email(user.username))
        grant = Grant(
            access_token=given["access_token"],
            expires_at=clock.now() + timedelta(hours=4),
            refresh_token=given["refresh_token"],
            account_id=given["account_id"],
            scopes=" ".join(oauth_calls.SCOPES),
        )
        return services.link(user=user, app_key=APP_KEY, grant=grant)

    # --- inside Dropbox ---

    def in_dropbox(self, name: str, seed: int) -> str:
        """Do one deed inside a Dropbox; say what became of it."""
        rng = random.Random(seed)
        user = rng.choice(self.users).username
        return self.as_user(user, name, lambda rng: getattr(self, f"_user_{name}")(rng, user, seed), rng)

    def as_user(
        self, user: str, name: str, deed: Callable[[random.Random], object], rng: random.Random
    ) -> str:
        """Do one deed inside a user's Dropbox; say what became of it."""
        self.stage.advance(SECONDS_OF_A_DEED)
        try:
            done = deed(rng)
        except (ControlRefused, LookupRefused, WriteRefused, RelocationRefused, TooManyFiles, MalformedPath, DisallowedName) as refused:  # fmt: skip
            done = f"refused: {refused!r}"
        self.edited_at[user] = self.stage.simulator.clock.now()
        self.stage.advance(SECONDS_OF_A_DEED)
        return f"{user} in Dropbox: {name}: {done}"

    def _pick(self, rng: random.Random, user: str, *, folder: bool | None = None) -> str:
        tree = self.stage.control.tree(email(user))
        paths = [path for path, one in sorted(tree.items()) if folder is None or ("rev" not in one) == folder]
        if not paths:
            raise ControlRefused("nothing there")
        return str(rng.choice(paths))

    def _at(self, user: str, path: str) -> dict[str, Any] | None:
        tree = self.stage.control.tree(email(user))
        return next((one for at, one in tree.items() if fold(at) == fold(path)), None)

    def put(self, user: str, path: str, seed: int) -> str:
        """Write something of the user's own; what stood there was theirs to overwrite."""
        control = self.stage.control
        before = self._at(user, path)
        control.write_file(email(user), path, f"the user's own {seed}".encode())
        if before is not None:
            self.owned[user].discard(before.get("hash", ""))
        found = self._at(user, path) or {}
        self.owned[user].add(found["hash"])
        self.ever[user].add(found["hash"])
        return path

    def _user_edit(self, rng: random.Random, user: str, seed: int) -> str:
        return self.put(user, self._pick(rng, user, folder=False), seed)

    def _user_write_as_another_dashboard(self, rng: random.Random, user: str, seed: int) -> str:
        return self.put(user, f"/{MARKER}", seed)

    def _user_add(self, rng: random.Random, user: str, seed: int) -> str:
        beside = self._pick(rng, user)
        name = rng.choice([*FILE_NAMES, f"mine {seed}.txt", "new/mine.txt"])
        path = f"{rng.choice([beside, beside.rpartition('/')[0]])}/{name}"
        if any(fold(at) == fold(path) for at in self.stage.control.tree(email(user))):
            raise ControlRefused("taken")
        return self.put(user, path, seed)

    def _user_rename(self, rng: random.Random, user: str, seed: int) -> str:
        path = self._pick(rng, user)
        return self.rename_in_dropbox(user, path, f"{path.rpartition('/')[0]}/{rng.choice(FILE_NAMES)}")

    def rename_in_dropbox(self, user: str, path: str, to: str) -> str:
        """Rename something in a user's Dropbox."""
        self._note_moved(user, path)
        self.stage.control.rename(email(user), path, to)
        return f"{path} → {to}"

    def _user_move(self, rng: random.Random, user: str, seed: int) -> str:
        path = self._pick(rng, user)
        above = rng.choice(["", self._pick(rng, user, folder=True)])
        to = f"{above}/{path.rpartition('/')[2]}"
        self._note_moved(user, path)
        self.stage.control.rename(email(user), path, to)
        return f"{path} → {to}"

    def _note_moved(self, user: str, path: str) -> None:
        """Keep what the user moves: of a file replaced at the very same time, the moved one stays beside it."""
        tree = self.stage.control.tree(email(user))
        below = (one for at, one in tree.items() if at == path or at.startswith(f"{path}/"))
        self.moved[user].update(one["hash"] for one in below if "hash" in one)

    def _gone(self, user: str, path: str) -> None:
        for at, one in self.stage.control.tree(email(user)).items():
            if at == path or at.startswith(f"{path}/"):
                self.owned[user].discard(one.get("hash", ""))

    def _user_delete(self, rng: random.Random, user: str, seed: int) -> str:
        path = self._pick(rng, user, folder=False)
        self._gone(user, path)
        self.stage.control.delete(email(user), path)
        return path

    def _user_delete_folder(self, rng: random.Random, user: str, seed: int) -> str:
        path = self._pick(rng, user, folder=True)
        self._gone(user, path)
        self.stage.control.delete(email(user), path)
        return path

    def _user_delete_everything(self, rng: random.Random, user: str, seed: int) -> None:
        self.owned[user].clear()
        self.stage.control.delete_app_folder(email(user))

    def _user_replace_by_folder(self, rng: random.Random, user: str, seed: int) -> str:
        path = self._pick(rng, user, folder=False)
        self._gone(user, path)
        self.stage.control.delete(email(user), path)
        return self.put(user, f"{path}/inside.txt", seed)
