"""The addresses of studies and their files."""

from __future__ import annotations

from django.urls import URLPattern, path

from minno_dashboard.studies.views import (
    activity,
    examples,
    link,
    messages,
    nodes,
    pages,
    play,
    raw,
    sharing,
    tags,
    texts,
    tools,
    uploads,
    versions,
)

_STUDY = "studies/<str:public_id>/"
_VERSION = f"{_STUDY}v<int:number>/"

_of_a_study: list[URLPattern] = [
    path(_STUDY, pages.show, name="study"),
    path(f"{_STUDY}rename/", pages.rename, name="rename_study"),
    path(f"{_STUDY}archive/", pages.archive, name="archive_study"),
    path(f"{_STUDY}unarchive/", pages.unarchive, name="unarchive_study"),
    path(f"{_STUDY}tags/", tags.tag_study, name="tag_study"),
    path(f"{_STUDY}delete/", pages.delete, name="delete_study"),
    path(f"{_STUDY}bring-back/", pages.bring_back, name="bring_back_study"),
    path(f"{_STUDY}duplicate/", pages.duplicate, name="duplicate_study"),
    path(f"{_STUDY}versions/", versions.show, name="study_versions"),
    path(f"{_STUDY}versions/compare/", versions.show_comparison, name="compare_versions"),
    path(f"{_STUDY}versions/<int:number>/note/", versions.note, name="note_version"),
    path(f"{_STUDY}versions/<int:number>/roll-back/", versions.roll_back, name="roll_back"),
    path(f"{_STUDY}publish/", versions.publish, name="publish_study"),
    path(f"{_STUDY}new-version/", versions.new_version, name="new_version"),
    path(f"{_STUDY}activity/", activity.show, name="study_activity"),
    path(f"{_STUDY}sharing/", sharing.show, name="study_sharing"),
    path(f"{_STUDY}sharing/invite/", sharing.invite, name="invite_member"),
    path(f"{_STUDY}sharing/<int:share_id>/change/", sharing.change, name="change_member"),
    path(f"{_STUDY}sharing/<int:share_id>/remove/", sharing.remove, name="remove_member"),
    path(f"{_STUDY}sharing/public/", sharing.set_public, name="set_public"),
    path(f"{_STUDY}sharing/link/", sharing.make_link, name="make_link"),
    path(f"{_STUDY}sharing/link/revoke/", sharing.revoke_link, name="revoke_link"),
    path(f"{_STUDY}sharing/transfer/", sharing.transfer, name="transfer_study"),
    path(f"{_STUDY}leave/", sharing.leave, name="leave_study"),
    path(f"{_STUDY}raw/<path:path>", raw.raw, name="study_raw"),
]

_of_a_version: list[URLPattern] = [
    path(_VERSION, pages.show, name="study_version"),
    path(f"{_VERSION}download", raw.download, name="download"),
    path(f"{_VERSION}play", play.play, name="play"),
    path(f"{_VERSION}find", tools.find, name="find_in_files"),
    path(f"{_VERSION}here", tools.here, name="here"),
    path(f"{_VERSION}copy-targets", tools.copy_targets, name="copy_targets"),
    path(f"{_VERSION}copy-to-study", tools.copy_to_study, name="copy_to_study"),
    path(f"{_VERSION}tree", nodes.tree, name="tree"),
    path(f"{_VERSION}files", nodes.new_file, name="new_file"),
    path(f"{_VERSION}folders", nodes.new_folder, name="new_folder"),
    path(f"{_VERSION}rename", nodes.rename, name="rename_node"),
    path(f"{_VERSION}move", nodes.move, name="move_nodes"),
    path(f"{_VERSION}copy", nodes.copy, name="copy_nodes"),
    path(f"{_VERSION}duplicate", nodes.duplicate, name="duplicate_nodes"),
    path(f"{_VERSION}delete", nodes.delete, name="delete_nodes"),
    path(f"{_VERSION}bring-back", nodes.bring_back, name="bring_back_nodes"),
    path(f"{_VERSION}deleted", nodes.deleted, name="deleted_nodes"),
    path(f"{_VERSION}files/<int:node_id>", texts.read, name="read_file"),
    path(f"{_VERSION}files/<int:node_id>/save", texts.save, name="save_file"),
    path(f"{_VERSION}files/<int:node_id>/history", texts.history, name="file_history"),
    path(
        f"{_VERSION}files/<int:node_id>/history/<int:version_id>",
        texts.read_version,
        name="read_file_version",
    ),
    path(
        f"{_VERSION}files/<int:node_id>/history/<int:version_id>/restore",
        texts.restore,
        name="restore_file_version",
    ),
    path(f"{_VERSION}uploads/check", uploads.check, name="check_uploads"),
    path(f"{_VERSION}uploads/whole", uploads.whole, name="upload_whole"),
    path(f"{_VERSION}uploads", uploads.begin, name="begin_upload"),
    path(f"{_VERSION}uploads/<str:upload_id>", uploads.piece, name="upload"),
    path(f"{_VERSION}uploads/<str:upload_id>/finish", uploads.finish, name="finish_upload"),
]

urlpatterns: list[URLPattern] = [
    path("studies/", pages.show_list, name="studies"),
    path("tags/", tags.show, name="tags"),
    path("tags/<int:tag_id>/", tags.change, name="change_tag"),
    path("tags/<int:tag_id>/remove/", tags.remove, name="remove_tag"),
    path("studies/examples/", examples.show, name="examples"),
    path("studies/new/", pages.create, name="new_study"),
    path("studies/new/example/", pages.create_from_example, name="new_study_from_example"),
    path("messages/", messages.show, name="messages"),
    path("messages/<int:share_id>/answer/", messages.answer, name="answer_invitation"),
    path("view/<str:code>/", link.show, name="view_by_link"),
    path("view/<str:code>/raw/<path:path>", link.raw, name="raw_by_link"),
    path("view/<str:code>/download", link.download, name="download_by_link"),
    path("play/player/<path:path>", play.play_player, name="play_player"),
    path("play/<str:key>/files/<path:path>", play.play_file, name="play_file"),
    path("play/<str:key>/data", play.play_data, name="play_data"),
    *_of_a_study,
    *_of_a_version,
]
