"""Every address of the site and what each needs: one table that the tests of addresses, pages and languages read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from minno_dashboard.api import endpoints

OPEN, LOGGED_IN, ADMINS, LINK = "open to all", "whoever is logged in", "admins", "whoever has the link"
KEY = "whoever has the key of a preview"
OTHERS = "whose it is, and that is somebody else"
NOT_STUDIES = {OPEN, LOGGED_IN, ADMINS, LINK, KEY, OTHERS}


@dataclass(frozen=True)
class AddressRow:
    """What one address needs: a right of the table in `studies.access`, or one of the words above."""

    method: str
    need: str
    json: dict[str, Any] | None = None
    form: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    bytes: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def get(need: str) -> AddressRow:
    return AddressRow("GET", need)


def post(need: str, **form: Any) -> AddressRow:
    return AddressRow("POST", need, form=form)


def send(need: str, **body: Any) -> AddressRow:
    """A JSON address; words in capitals stand for ids of the world below."""
    return AddressRow("POST", need, json=body)


def call(method: str, need: str, json: dict[str, Any] | None = None) -> AddressRow:
    """An address of the API, by token."""
    return AddressRow(method, need, json=json)


TEXT = {"text": "new\n", "bom": False, "newline": "\n"}

TABLE: dict[str, AddressRow] = {
    # accounts and the site
    "front_door": get(OPEN),
    "healthz": get(OPEN),
    "readyz": get(OPEN),
    "metrics": get(OPEN),  # 404 to whom the settings do not admit
    "help": get(LOGGED_IN),
    "help_chapter": get(LOGGED_IN),
    "help_image": get(LOGGED_IN),
    "login": get(OPEN),
    "logout": post(OPEN),
    "activate": get(OPEN),
    "reset": get(OPEN),
    "set_password": get(OPEN),
    "lost_password": get(OPEN),
    "confirm_email": get(OTHERS),
    "replace_password": get(LOGGED_IN),
    "settings": get(LOGGED_IN),
    "save_profile": post(LOGGED_IN),
    "save_password": post(LOGGED_IN),
    "save_email": post(LOGGED_IN),
    "second_step": get(OPEN),
    "turn_second_step_on": get(LOGGED_IN),
    "turn_second_step_off": get(LOGGED_IN),
    "new_recovery_codes": get(LOGGED_IN),
    "end_session": post(OTHERS),
    "log_out_everywhere": post(LOGGED_IN),
    "save_appearance": post(LOGGED_IN),
    "hide_first_steps": post(LOGGED_IN),
    "add_passkey": get(LOGGED_IN),
    "begin_passkey": send(LOGGED_IN, password="wrong"),
    "finish_passkey": send(LOGGED_IN, name="Mine", credential={}),
    "remove_passkey": post(OTHERS),
    "begin_passkey_log_in": post(OPEN),
    "log_in_by_passkey": post(OPEN),
    "edit_configuration": get(ADMINS),
    "save_mail": post(ADMINS),
    "send_test_mail": post(ADMINS),
    "try_mails_again": post(ADMINS),
    "audit_log": get(ADMINS),
    "export_audit_log": get(ADMINS),
    "user_management": get(ADMINS),
    "new_user": get(ADMINS),
    "new_user_link": post(ADMINS),
    "change_user_role": post(ADMINS),
    "deactivate_user": post(ADMINS),
    "reactivate_user": post(ADMINS),
    "turn_second_step_off_for": post(ADMINS),
    "act_as": get(ADMINS),
    "end_act_as": post(LOGGED_IN),
    "usage": get(ADMINS),
    "edit_home_page": get(ADMINS),
    "save_limits": post(ADMINS),
    "import_users": get(ADMINS),
    "deactivate_and_hand_over": get(ADMINS),
    # the mirror
    "dropbox_connect": post(LOGGED_IN),
    "dropbox_set": get(OPEN),
    "dropbox_badge": get(LOGGED_IN),
    "dropbox_study_badge": get("see"),
    "dropbox_panel": get(LOGGED_IN),
    "dropbox_prove": post(LOGGED_IN),
    "dropbox_policy": post(LOGGED_IN),
    "dropbox_confirm": post(LOGGED_IN),
    "dropbox_stop": post(LOGGED_IN),
    "dropbox_restore": get(LOGGED_IN),
    "dropbox_restore_progress": get(LOGGED_IN),
    "dropbox_restore_allow": post(LOGGED_IN),
    "dropbox_webhook": get(OPEN),
    "save_dropbox_configuration": post(ADMINS),
    # the list, messages, the read-only link
    "studies": get(LOGGED_IN),
    "new_study": post(LOGGED_IN),
    "new_study_from_example": post(LOGGED_IN),
    "examples": get(LOGGED_IN),
    "example": get(LOGGED_IN),
    "play_example": get(LOGGED_IN),
    "raw_of_example": get(LOGGED_IN),
    "tags": get(LOGGED_IN),
    "change_tag": post(OTHERS, text="Mine now", colour="#d2cccc"),
    "remove_tag": post(OTHERS),
    "messages": get(LOGGED_IN),
    "answer_invitation": post("answer", answer="accept"),
    "invitation": get(OPEN),
    "answer_link_invitation": post(OTHERS, answer="accept"),
    "view_by_link": get(LINK),
    "play_by_link": get(LINK),
    "raw_by_link": get(LINK),
    "download_by_link": get(LINK),
    # the preview: its key is made for the study's owner
    "play": get("read_files"),
    "play_file": get(KEY),
    "play_data": post(KEY),
    "play_player": get(OPEN),
    # what participants open and post to: the token and the key stand in the address
    "launch": get(OPEN),
    "test_launch": get(OPEN),
    "launch_file": get(OPEN),
    "jatos_asset": get(OPEN),
    "start_session": send(OPEN),
    "finish_session": send(OPEN),
    "session_state": send(OPEN, component=0),
    "client_error": send(OPEN, kind="script", message="x"),
    # a study
    "study": get("read_files"),
    "study_version": get("read_files"),
    "study_raw": get("read_files"),
    "tag_study": get("see"),
    "study_versions": get("read_files"),
    "compare_versions": get("read_files"),
    "duplicate_study": post("duplicate"),
    "rename_study": post("manage", name="Renamed"),
    "study_type": post("manage", kind="html"),
    "recognise_type": send("manage"),
    "archive_study": post("manage"),
    "unarchive_study": post("manage"),
    "publish_study": post("manage"),
    "new_version": post("manage"),
    "roll_back": post("manage"),
    "note_version": post("manage", note="Note"),
    "delete_study": post("delete"),
    "bring_back_study": post("delete"),
    "study_activity": get("see_members"),
    "study_sharing": get("see_members"),
    "invite_member": post("share", who="dora", files="read"),
    "change_member": post("share", files="edit"),
    "remove_member": post("share"),
    "take_back_invitation": post("share"),
    "set_public": post("share", public="yes"),
    "make_link": post("share"),
    "revoke_link": post("share"),
    "transfer_study": post("transfer", share="CAROL"),
    "leave_study": post("leave"),
    "study_experiments": get("see_members"),
    "add_experiment": post("launch", file="NODE", name="again"),
    "change_experiment": get("launch"),
    "close_experiment": post("launch"),
    "change_conditions": post("launch", **{"conditions-TOTAL_FORMS": "0", "conditions-INITIAL_FORMS": "0"}),
    "personal_links": get("launch"),
    "export_personal_links": get("launch"),
    "revoke_personal_link": post("launch"),
    "set_active": post("launch"),
    # participants' data
    "study_data": get("read_data"),
    "mark_sessions": post("read_data", session="SESSION", mark="test"),
    "study_session": get("read_data"),
    "delete_data": get("delete_data"),
    "undo_deletion": post("delete_data"),
    "data_retention": get("delete_data"),
    "erase_participant": get("delete_data"),
    "stored_data": get("read_data"),
    "erasure_receipt": get("delete_data"),
    "data_requests": get("read_data"),
    "download_data": get("read_data"),
    "request_data_again": post("read_data"),
    "cancel_data_request": post("read_data"),
    "study_data_in_dropbox": post("read_data", wanted="off"),
    # the files of a version
    "download": get("read_files"),
    "download_study": get("read_files"),
    "tree": get("read_files"),
    "find_in_files": get("read_files"),
    "successors": AddressRow("GET", "read_files", query="?ids=1,2"),
    "here": send("read_files", open=["NODE"]),
    "copy_targets": get("read_files"),
    "copy_to_study": send("read_files", ids=["NODE"], study=""),
    "deleted_nodes": get("read_history"),
    "read_file": get("read_files"),
    "read_base": get("read_history"),
    "file_history": get("read_history"),
    "read_file_version": get("read_history"),
    "new_file": send("edit_files", parent=None, name="new.js", **TEXT),
    "new_folder": send("edit_files", parent=None, name="new"),
    "rename_node": send("edit_files", id="NODE", name="renamed.js"),
    "move_nodes": send("edit_files", ids=["NODE"], to="FOLDER"),
    "copy_nodes": send("edit_files", ids=["NODE"], to="FOLDER"),
    "duplicate_nodes": send("edit_files", ids=["NODE"]),
    "delete_nodes": send("edit_files", ids=["NODE"]),
    "bring_back_nodes": send("edit_files", ids=["GONE"]),
    "save_file": send("edit_files", blob="BLOB", **TEXT),
    "restore_file_version": send("edit_files", blob="BLOB"),
    "check_uploads": send("edit_files", parent=None, paths=["task.js"]),
    "upload_whole": AddressRow("POST", "edit_files", query="?path=up.js&if_there=overwrite", bytes=b"up"),
    "begin_upload": send("edit_files", parent=None, path="big.bin", size=3),
    "upload": AddressRow("PUT", "edit_files", query="?offset=0", bytes=b"abc"),
    "finish_upload": send("edit_files", if_there="overwrite"),
    "upload_contents": send("edit_files", zip_names=""),
    "unpack_upload": send("edit_files", zip_names=""),
    # tokens and the API
    "make_token": get(LOGGED_IN),
    "revoke_token": post(OTHERS),
    "api_reference": get(LOGGED_IN),
    "api_document": get(OPEN),
    "api_nothing": get(OPEN),
    "api_token GET": call("GET", LOGGED_IN),
    "api_mirror GET": call("GET", LOGGED_IN),
    "api_studies GET": call("GET", LOGGED_IN),
    "api_studies POST": call("POST", LOGGED_IN, {"name": "Made by a program"}),
    "api_studies_study GET": call("GET", "see"),
    "api_studies_study PATCH": call("PATCH", "manage", {"name": "Renamed"}),
    "api_studies_study DELETE": call("DELETE", "delete"),
    "api_studies_study_bring_back POST": call("POST", "delete"),
    "api_studies_study_duplicate POST": call("POST", "duplicate", {}),
    "api_studies_study_publish POST": call("POST", "manage", {}),
    "api_studies_study_versions GET": call("GET", "read_files"),
    "api_studies_study_versions POST": call("POST", "manage", {}),
    "api_studies_study_versions_number GET": call("GET", "read_files"),
    "api_studies_study_versions_number PATCH": call("PATCH", "manage", {"note": "Note"}),
    "api_studies_study_versions_number_tree GET": call("GET", "read_files"),
    "api_studies_study_versions_number_zip GET": call("GET", "read_files"),
    "api_studies_study_versions_number_files_path GET": call("GET", "read_files"),
    "api_studies_study_versions_number_files_path PUT": AddressRow(
        "PUT", "edit_files", bytes=b"new", headers={"If-Match": "*"}
    ),
    "api_studies_study_versions_number_files_path DELETE": call("DELETE", "edit_files"),
    "api_studies_study_versions_number_folders POST": call("POST", "edit_files", {"path": "new/inside"}),
    "api_studies_study_versions_number_rename POST": call(
        "POST", "edit_files", {"path": "task.js", "name": "renamed.js"}
    ),
    "api_studies_study_versions_number_move POST": call(
        "POST", "edit_files", {"paths": ["task.js"], "to": "folder"}
    ),
    "api_studies_study_versions_number_copy POST": call(
        "POST", "edit_files", {"paths": ["task.js"], "to": "folder"}
    ),
    "api_studies_study_sessions GET": call("GET", "read_data"),
    "api_studies_study_data GET": call("GET", "read_data"),
    "api_studies_study_experiments GET": call("GET", "see_members"),
    "api_studies_study_experiments POST": call("POST", "launch", {"path": "folder/inside.js"}),
    "api_studies_study_experiments_experiment PATCH": call("PATCH", "launch", {"closed": True}),
    "api_studies_study_experiments_experiment_links GET": call("GET", "launch"),
    "api_studies_study_experiments_experiment_links POST": call("POST", "launch", {"labels": ["P9"]}),
    "api_studies_study_members GET": call("GET", "see_members"),
    "api_studies_study_members POST": call("POST", "share", {"who": "dora", "files": "read"}),
    "api_studies_study_members_member PATCH": call("PATCH", "share", {"files": "edit"}),
    "api_studies_study_members_member DELETE": call("DELETE", "share"),
}
BOTH = {
    "study_type",
    "confirm_email",
    "data_requests",
    "delete_data",
    "data_retention",
    "erase_participant",
    "make_token",
    "dropbox_restore",
    "rename_study",
    "change_experiment",
    "personal_links",
    "new_user",
    "replace_password",
    "tags",
    "change_tag",
    "tag_study",
    "import_users",
    "deactivate_and_hand_over",
    "act_as",
    "edit_home_page",
    "turn_second_step_on",
    "turn_second_step_off",
    "new_recovery_codes",
}
"""These show a form by GET and take it by POST."""
# These change what is in the tree of a version; the others of `edit_files` only prepare or ask.
CHANGE_A_TREE = {name for name, row in TABLE.items() if row.need == "edit_files"} - {
    "check_uploads",
    "begin_upload",
    "upload",
    "upload_contents",
}

# An admin who acts as somebody reaches that person's studies by their pages, and what stands beside them here;
# never what the person answers for, gives away or gives back, and never participants' data.
GIVES_A_WAY_IN = {
    "invite_member",
    "change_member",
    "remove_member",
    "take_back_invitation",
    "set_public",
    "make_link",
    "revoke_link",
    "add_experiment",
    "change_experiment",
    "personal_links",
    "export_personal_links",
    "download",
}
WHILE_ACTING = {
    name
    for name, row in TABLE.items()
    if row.need not in {*NOT_STUDIES, "answer", "transfer", "leave", "read_data", "delete_data"}
    and not name.startswith("api_")
    and name not in GIVES_A_WAY_IN
} | {
    "help",
    "help_chapter",
    "help_image",
    "studies",
    "new_study",
    "new_study_from_example",
    "examples",
    "example",
    "play_example",
    "raw_of_example",
    "tags",
    "change_tag",
    "remove_tag",
    "messages",
    "invitation",
    "view_by_link",
    "play_by_link",
    "raw_by_link",
    "download_by_link",
    "play_file",
    "play_data",
    "play_player",
    "launch",
    "test_launch",
    "launch_file",
    "jatos_asset",
    "dropbox_badge",
    "end_act_as",
    "logout",
    "healthz",
    "readyz",
}


def routes(
    patterns: list[URLPattern | URLResolver] | None = None, above: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield every address of the site with its name."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, f"{above}{one.pattern}")
            continue
        address = f"/{above}{one.pattern}"
        methods = endpoints.methods_of(re.sub(r"<\w+:(\w+)>", r"{\1}", address))
        for name in [f"{one.name} {method}" for method in methods] or [one.name or ""]:
            yield name, address


ADDRESSES = dict(routes())
