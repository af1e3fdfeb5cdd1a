"""Every change of files: each is one transaction that locks the tree and raises its revision once."""

from __future__ import annotations

from minno_dashboard.files.services.change import Frozen, WriteConflict
from minno_dashboard.files.services.filling import fill_tree, unpack_into
from minno_dashboard.files.services.nodes import (
    bring_back,
    copy,
    delete,
    duplicate,
    make_folder,
    move,
    rename,
)
from minno_dashboard.files.services.trees import copy_tree, create_tree, freeze, remove_tree
from minno_dashboard.files.services.uploads import (
    UploadOffset,
    abandon_upload,
    append_upload,
    arrived_file,
    begin_upload,
    finish_upload,
)
from minno_dashboard.files.services.writing import (
    ANYTHING,
    Expected,
    IfThere,
    check_announced,
    put_upload,
    restore_version,
    save_file,
    write_file,
)

__all__ = [
    "ANYTHING",
    "Expected",
    "Frozen",
    "IfThere",
    "UploadOffset",
    "WriteConflict",
    "abandon_upload",
    "append_upload",
    "arrived_file",
    "begin_upload",
    "bring_back",
    "check_announced",
    "copy",
    "copy_tree",
    "create_tree",
    "delete",
    "duplicate",
    "fill_tree",
    "finish_upload",
    "freeze",
    "make_folder",
    "move",
    "put_upload",
    "remove_tree",
    "rename",
    "restore_version",
    "save_file",
    "unpack_into",
    "write_file",
]
