"""`make demo`: the Dashboard beside the Dropbox simulator, already configured, with a user, a study and an empty Dropbox."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"
FOLDER = Path(os.environ.get("MINNO_DATA_DIR", ROOT / "demo-data")).resolve()
APP_KEY, APP_SECRET = "demoappkey00000", "demoappsecret00"
START_SECONDS = 60


def start_simulator(redirect_uri: str) -> tuple[subprocess.Popen[bytes], dict[str, object]]:
    """Start the simulator on a free port, its accounts in a folder a person can open; return it with its port and CA."""
    ready = Path(tempfile.mkdtemp(prefix="minno-demo-")) / "ready.json"
    command = [
        str(BIN / "python"), "-m", "dropbox_simulator", "--port", os.environ.get("DEMO_DROPBOX_PORT", "0"),
        "--folder", str(FOLDER / "dropbox"), "--app-key", APP_KEY, "--app-secret", APP_SECRET,
        "--app-name", "Minno Dashboard", "--redirect-uri", redirect_uri,
        "--account", "Alice Demo <alice@example.com>", "--account", "Bob Demo <bob@example.com>",
        "--ready-file", str(ready),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("The Dropbox simulator did not start.")
        time.sleep(0.05)
    return process, json.loads(ready.read_text(encoding="utf-8"))


def point_to(simulator: dict[str, object]) -> None:
    """Send the product to the simulator by the SDK's own variables."""
    host = f"localhost:{simulator['port']}"
    for name in ("DROPBOX_API_HOST", "DROPBOX_API_CONTENT_HOST", "DROPBOX_API_NOTIFY_HOST"):
        os.environ[name] = host
    os.environ["DROPBOX_WEB_HOST"] = f"http://{host}"
    os.environ["REQUESTS_CA_BUNDLE"] = str(simulator["ca"])


def furnish() -> None:
    """Make the users, the configuration and the example study, where they are not there yet."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from minno_dashboard.accounts.first_admin import ensure_first_admin
    from minno_dashboard.accounts.models import User
    from minno_dashboard.accounts.services import create_user
    from minno_dashboard.siteconfig.services import save_section
    from minno_dashboard.studies.models import Study

    save_section(
        "dropbox", values={"is_enabled": True, "app_key": APP_KEY}, secrets={"app_secret": APP_SECRET}
    )
    ensure_first_admin()  # before anybody else: it makes none where there are users
    if not User.objects.filter(username="alice").exists():
        create_user(
            username="alice",
            email="alice@example.com",
            full_name="Alice Demo",
            password="alice-demo-password",
            by=None,
        )
    if not Study.objects.filter(owner__username="alice").exists():
        example = ROOT / "src/minno_dashboard/studies/examples/reaction-time"
        command = ["import-study", "--owner", "alice", "--name", "Left or right", str(example)]
        subprocess.run([str(BIN / "minno-dashboard"), *command], check=True, stdout=subprocess.DEVNULL)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a process that is still running and wait for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def main() -> None:
    """Start everything and stay until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["MINNO_DATA_DIR"] = str(FOLDER)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minno_dashboard.config.settings")
    os.environ.setdefault("MINNO_ADMIN_PASSWORD", "admin-demo-password")
    port = os.environ.setdefault("MINNO_PORT", "8000")
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = os.environ.get("MINNO_SERVER_URL", f"http://127.0.0.1:{port}")
    simulator, ready = start_simulator(f"{server}/dropbox/set")
    try:
        point_to(ready)
        furnish()
        print(
            f"\n  The Dashboard:        {server}\n"
            "  A researcher:         alice / alice-demo-password\n"
            "  The admin:            admin / admin-demo-password (to be changed at first login)\n"
            f"  Alice's Dropbox:      {FOLDER / 'dropbox' / 'alice@example.com'}\n\n"
            "  Log in as alice, open Settings (the gear), choose Synchronize with your Dropbox Account,\n"
            "  and watch the files appear in that folder.\n",
            flush=True,
        )
        dashboard = subprocess.Popen([str(BIN / "minno-dashboard"), "serve"])
        try:
            dashboard.wait()
        finally:
            end(dashboard)
    except KeyboardInterrupt:
        print("stopping", flush=True)
    finally:
        end(simulator)


if __name__ == "__main__":
    main()
