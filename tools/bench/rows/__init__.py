"""The rows of the report, in its order: each maker does its work and yields what was measured."""

from __future__ import annotations

from tools.bench.bench import Maker
from tools.bench.rows import crowd, first, folders, large, planning, small, thin_lines

MAKERS: dict[str, Maker] = {
    "first": first.first_mirror,
    "fallback": first.without_append_batch,
    "pessimistic": first.pessimistic,
    "large": large.large_files,
    "rename": folders.rename_and_move,
    "copies": folders.copies,
    "delete": folders.delete,
    "edit": small.one_edit,
    "burst": small.ten_saves,
    "nothing": small.nothing_changed,
    "planning": planning.one_change_in_a_large_account,
    "crowd": crowd.many_users,
    **{load.key: thin_lines.first_mirror(load) for load in thin_lines.LOADS},
    **{load.key: thin_lines.edits_beside(load) for load in thin_lines.BESIDE},
    "edit-crowded": thin_lines.an_edit_beside_long_mirrors,
}
"""What `--rows` takes."""
