"""Trees and plans as lines of text, for examples that can be read.

A line of a tree is `who path` for a folder (`study /Studies/A/`) and `who path letter` for a file (`node /a.js u`).
In a desired tree `who` may be `copy<origin`. In a remote tree `-` is the user's, and `node!` a file of ours that the
user changed. The key of a remote node is its path.
"""

from __future__ import annotations

from minno_dashboard.mirror.planner.model import (
    Adopt,
    Content,
    Copy,
    Desired,
    Disown,
    MakeFolder,
    Move,
    Plan,
    Policy,
    Remote,
    Remove,
    Step,
    UploadFile,
)
from minno_dashboard.mirror.planner.plan import plan
from tests.mirror.engine.rig import KEEP, Rig, content


def want(*lines: str) -> list[Desired]:
    """Read a desired tree."""
    nodes, folders = [], {"": None}
    for line in lines:
        who, path, held = _read(line)
        identity, _, origin = who.partition("<")
        above, _, name = path.rpartition("/")
        nodes.append(Desired(identity, folders[above], name, held, origin or None))
        folders[path] = identity  # type: ignore[assignment]
    return nodes


def have(*lines: str) -> list[Remote]:
    """Read a remote tree."""
    rows = []
    for line in lines:
        who, path, held = _read(line)
        above, _, name = path.rpartition("/")
        identity = None if who == "-" else who.removesuffix("!")
        rows.append(
            Remote(
                path, above or None, name, held, "r" if held else "", identity, is_changed=who.endswith("!")
            )
        )
    return rows


def _read(line: str) -> tuple[str, str, Content | None]:
    who, _, rest = line.partition(" ")
    if rest.endswith("/"):
        return who, rest[:-1], None
    path, _, letter = rest.rpartition(" ")
    return who, path, content(letter)


def told(steps: Plan) -> list[str]:
    """Tell a plan."""
    return [_tell(step) for step in steps.steps]


def _tell(step: Step) -> str:
    match step:
        case Adopt():
            return f"adopt {step.key} as {step.identity}"
        case Disown():
            return f"disown {step.key}"
        case Move():
            return f"{'aside' if step.aside else 'move'} {step.from_path} → {step.to_path}"
        case Copy():
            return f"copy {step.from_path} → {step.to_path}"
        case UploadFile():
            return f"{'replace' if step.replaces_rev else 'upload'} {step.path} {step.content.hash[0]}"
        case MakeFolder():
            return f"make {step.path}"
        case Remove():
            return f"remove {step.path}"


def steps_between(desired: list[Desired], remote: list[Remote], policy: Policy = KEEP) -> list[str]:
    """Tell the first plan, having seen that carrying it out leads to the desired tree and loses nothing."""
    rig = Rig(desired, remote, policy)
    rig.run()
    rig.check_the_end()
    return told(plan(desired, remote, policy))
