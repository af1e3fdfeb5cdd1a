"""What `deploy/` says: each command, variable, file and service that it names exists."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from minno_dashboard.config.cli import main
from minno_dashboard.config.gateway.routing import PARTICIPANTS_PREFIXES

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = {name: f"compose.{name}.yml" for name in ("one-machine", "department")}
OTHERS = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PATH", "DATABASE_URL"}
OF_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3"}


def known_variables() -> set[str]:
    """Return the variables that the product reads."""
    config = ROOT / "src/minno_dashboard/config"
    text = "".join(
        (config / name).read_text(encoding="utf-8") for name in ("env.py", "logs.py", "settings.py")
    )
    return set(re.findall(r'"(MINNO_[A-Z_]+)"', text)) | OTHERS | OF_BOTO3


def assert_is_a_command(words: list[str]) -> None:
    """Have the command line take these words, without running them."""
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    command.make_context(command.name, words)


def composed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / COMPOSE[name]).read_text(encoding="utf-8"))
    return found


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions: the word and its argument, with continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def test_the_image_holds_no_tools_and_runs_as_nobody_in_particular() -> None:
    found = instructions()
    last = max(number for number, (word, _) in enumerate(found) if word == "FROM")
    final = found[last:]
    assert [rest for word, rest in final if word == "USER"] == ["10001:10001"]
    assert not any(
        tool in rest for word, rest in final if word == "RUN" for tool in ("apt", "npm", "install -r")
    )
    named = dict(found)
    assert json.loads(named["ENTRYPOINT"]) == ["minno-dashboard"]
    assert_is_a_command(json.loads(named["CMD"]))
    variables = {word.partition("=")[0] for word in shlex.split(named["ENV"])}
    assert variables <= known_variables()


def test_the_image_is_built_of_files_that_are_there_and_of_all_that_the_build_reads() -> None:
    copied = [
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    sent = [
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    assert [source for source in copied if not any(source.startswith(one) for one in sent)] == []
    hook = (ROOT / "hatch_build.py").read_text(encoding="utf-8")
    needed = re.findall(r'root / "([\w./-]+)"', hook)
    assert "tools/compile_texts.py" in needed
    assert [path for path in needed if not any(path.startswith(one.rstrip("/")) for one in copied)] == []


@pytest.mark.parametrize("name", COMPOSE)
def test_services_run_our_commands_with_variables_that_exist(name: str) -> None:
    ours = {service: given for service, given in composed(name)["services"].items() if "build" in given}
    assert ours
    for service, given in ours.items():
        assert (DEPLOY / given["build"]["context"] / given["build"]["dockerfile"]).exists()
        assert_is_a_command(given.get("command", ["serve"]))
        assert set(given["environment"]) <= known_variables(), service
        assert given["read_only"], service
        assert given["cap_drop"] == ["ALL"]
        assert "/tmp" in given["tmpfs"]  # noqa: S108 - the container's
        assert "data:/data" in given["volumes"]
    parts = sorted(given.get("command", ["serve"])[-1] for given in ours.values())
    assert parts == (["serve"] if name == "one-machine" else ["participants", "web", "worker"])


@pytest.mark.parametrize("name", COMPOSE)
def test_what_a_compose_file_mounts_and_asks_for_is_there(name: str) -> None:
    found = composed(name)
    for given in found["services"].values():
        for volume in given.get("volumes", []):
            source = volume.partition(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in found["volumes"], (
                volume
            )
    text = (DEPLOY / COMPOSE[name]).read_text(encoding="utf-8")
    example = (DEPLOY / "env.example").read_text(encoding="utf-8")
    offered = set(re.findall(r"^([A-Z_0-9]+)=", example, re.MULTILINE))
    assert set(re.findall(r"\$\{([A-Z_0-9]+)", text)) <= offered
    # The network from which proxies are believed is the one that the file makes.
    subnets = {config["subnet"] for config in found["networks"]["default"]["ipam"]["config"]}
    trusted = {
        given["environment"]["MINNO_TRUSTED_PROXIES"]
        for given in found["services"].values()
        if "build" in given
    }
    assert trusted == subnets


@pytest.mark.parametrize("name", COMPOSE)
def test_caddy_sends_each_address_to_a_service_that_answers_it(name: str) -> None:
    text = (DEPLOY / f"Caddyfile.{name}").read_text(encoding="utf-8")
    services = composed(name)["services"]
    targets = set(re.findall(r"reverse_proxy ([a-z]+):8000", text))
    assert targets == {each for each in services if "build" in services[each]} - {"worker"}
    if name == "department":
        found = re.search(r"@participants path (.*)", text)
        assert found
        prefixes = {prefix.decode() for prefix in PARTICIPANTS_PREFIXES}
        assert set(found[1].split()) == {f"{prefix}*" for prefix in prefixes} | {"/data"}


def test_the_unit_starts_our_command_and_is_valid(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd/minno-dashboard.service").read_text(encoding="utf-8")
    started = re.search(r"^ExecStart=/opt/minno-dashboard/bin/minno-dashboard (.+)$", unit, re.MULTILINE)
    assert started
    assert_is_a_command(started[1].split())
    assert set(re.findall(r"^Environment=([A-Z_]+)=", unit, re.MULTILINE)) <= known_variables()
    if (verifier := shutil.which("systemd-analyze")) is None:
        pytest.skip("there is no systemd-analyze here")
    installed = str(Path(sys.executable).parent / "minno-dashboard")
    here = tmp_path / "minno-dashboard.service"
    here.write_text(unit.replace("/opt/minno-dashboard/bin/minno-dashboard", installed), encoding="utf-8")
    done = subprocess.run([verifier, "verify", str(here)], capture_output=True, text=True, timeout=300)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "minno-dashboard.service" in line]
    assert (done.returncode, said) == (0, [])


def test_the_rules_for_alerts_are_whole() -> None:
    found = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text(encoding="utf-8"))
    rules = [rule for group in found["groups"] for rule in group["rules"]]
    day = next(rule for rule in rules if rule["alert"] == "MirrorNotProvenForADay")
    assert day["expr"] == "minno_oldest_proof_age_seconds > 86400"
    assert all(rule["expr"] and rule["annotations"]["summary"] for rule in rules)
