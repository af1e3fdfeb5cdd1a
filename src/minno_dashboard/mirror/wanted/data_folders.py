"""Which Dropboxes receive the data of which studies, and what the folder `data` of a study holds.

A study's folder holds folders named `v1`, `v2`… otherwise, so that `data` collides with none of ours. Identities:
`data:<study>`, `raw:<study>` for the folder inside it, `datafile:<id>`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from django.db.models import F, QuerySet

from minno_dashboard.accounts.models import User
from minno_dashboard.collection.models import DataFile
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.mirror.models import DataOptIn
from minno_dashboard.mirror.planner.model import DATA_FILE, Content, Desired
from minno_dashboard.studies.access import Action, may
from minno_dashboard.studies.models import Study

NAME, RAW = "data", "raw"
FILE = DATA_FILE


def asked_for() -> QuerySet[DataOptIn]:
    """Return the opt-ins of Dropbox accounts that are still connected; rights are checked elsewhere."""
    return DataOptIn.objects.filter(account_id=F("link__account_id"))


def receives(user: User) -> set[int]:
    """Return the studies whose data a user asked for in the connected Dropbox, and may read now."""
    asked = asked_for().filter(link__user=user).values("study_id")
    studies = Study.objects.filter(pk__in=asked).prefetch_related("collaborations")
    return {study.pk for study in studies if may(user, Action.READ_DATA, study)}


def receivers(study: Study) -> set[int]:
    """Return the users whose Dropboxes receive the data of a study."""
    asked = asked_for().filter(study=study).select_related("link__user")
    return {one.link.user_id for one in asked if may(one.link.user, Action.READ_DATA, study)}


def both_folders(studies: Iterable[int]) -> set[str]:
    """Return the identities of the data folders of studies, whether they exist or not."""
    return {f"{kind}:{pk}" for pk in studies for kind in (NAME, RAW)}


def changed_since(study: int, revision: int) -> set[str]:
    """Return the identities of what changed in the data folder of a study after a revision, and of the folder."""
    files = DataFile.objects.filter(folder__study=study, revision__gt=revision)
    return both_folders([study]) | {f"{FILE}:{pk}" for pk in files.values_list("pk", flat=True)}


def studies_in(identities: Collection[str], files: Collection[int]) -> set[int]:
    """Return the studies to which identities of data folders and data files belong."""
    found = {int(one.partition(":")[2]) for one in identities if one.startswith((f"{NAME}:", f"{RAW}:"))}
    for portion in in_portions(sorted(files)):
        found.update(DataFile.objects.filter(pk__in=portion).values_list("folder__study_id", flat=True))
    return found


def folders(study: int) -> tuple[Desired, Desired]:
    """Return the folder of a study's data, and the folder of raw files in it."""
    name, raw = f"{NAME}:{study}", f"{RAW}:{study}"
    return Desired(name, f"study:{study}", NAME), Desired(raw, name, RAW)


def files(studies: Collection[int], pks: Collection[int]) -> Iterator[tuple[Desired, str]]:
    """Yield those of the files that lie in the data folders of these studies, each with the SHA-256 of its bytes."""
    for portion in in_portions(sorted(pks)):
        rows = DataFile.objects.filter(
            pk__in=portion, folder__study__in=studies, blob__isnull=False
        ).values_list("pk", "folder__study_id", "path", "blob__sha256", "blob__dropbox_hash", "blob__size")
        for pk, study, path, sha256, dropbox_hash, size in rows:
            above, _, name = path.rpartition("/")
            parent = f"{RAW if above else NAME}:{study}"
            yield Desired(f"{FILE}:{pk}", parent, name, Content(dropbox_hash, size)), sha256
