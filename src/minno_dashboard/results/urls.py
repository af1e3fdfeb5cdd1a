"""URLs of a study's data."""

from __future__ import annotations

from django.urls import URLPattern, path

from minno_dashboard.results import (
    deleting_views,
    erasing_views,
    request_views,
    retention_views,
    stored_data_views,
    views,
)

_DATA = "studies/<str:public_id>/data/"

urlpatterns: list[URLPattern] = [
    path(_DATA, views.show, name="study_data"),
    path(f"{_DATA}mark/", views.mark, name="mark_sessions"),
    path(f"{_DATA}sessions/<int:session_id>/", views.session, name="study_session"),
    path(f"{_DATA}delete/", deleting_views.show, name="delete_data"),
    path(f"{_DATA}delete/<int:deletion_id>/undo/", deleting_views.undo, name="undo_deletion"),
    path(f"{_DATA}erase/", erasing_views.show, name="erase_participant"),
    path(f"{_DATA}erase/receipts/<int:erasure_id>/", erasing_views.receipt, name="erasure_receipt"),
    path(f"{_DATA}retention/", retention_views.show, name="data_retention"),
    path(f"{_DATA}stored/", stored_data_views.show, name="stored_data"),
    path(f"{_DATA}downloads/", request_views.show, name="data_requests"),
    path(f"{_DATA}downloads/<int:request_id>/", request_views.download, name="download_data"),
    path(f"{_DATA}downloads/<int:request_id>/again/", request_views.again, name="request_data_again"),
    path(f"{_DATA}downloads/<int:request_id>/cancel/", request_views.cancel, name="cancel_data_request"),
]
