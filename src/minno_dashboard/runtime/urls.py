"""URLs that participants open."""

from __future__ import annotations

from django.urls import URLPattern, path

from minno_dashboard.runtime import experiment_views, link_views, views

_EXPERIMENTS = "studies/<str:public_id>/experiments/"

urlpatterns: list[URLPattern] = [
    path(_EXPERIMENTS, experiment_views.show, name="study_experiments"),
    path(f"{_EXPERIMENTS}add/", experiment_views.add, name="add_experiment"),
    path(f"{_EXPERIMENTS}<str:experiment_id>/", experiment_views.change, name="change_experiment"),
    path(f"{_EXPERIMENTS}<str:experiment_id>/close/", experiment_views.close, name="close_experiment"),
    path(
        f"{_EXPERIMENTS}<str:experiment_id>/conditions/",
        experiment_views.change_conditions,
        name="change_conditions",
    ),
    path(f"{_EXPERIMENTS}<str:experiment_id>/links/", link_views.show, name="personal_links"),
    path(f"{_EXPERIMENTS}<str:experiment_id>/links/csv", link_views.export, name="export_personal_links"),
    path(
        f"{_EXPERIMENTS}<str:experiment_id>/links/<int:link_id>/revoke/",
        link_views.revoke,
        name="revoke_personal_link",
    ),
    path(
        "studies/<str:public_id>/versions/<int:number>/active/",
        experiment_views.set_active,
        name="set_active",
    ),
    path("launch/<str:experiment>/<str:version>", views.launch, name="launch"),
    path("test/<str:experiment>/<str:version>", views.test_launch, name="test_launch"),
    path("launch-files/<str:key>/<path:path>", views.launch_file, name="launch_file"),
    path("assets/javascripts/jatos.js", views.jatos_asset, name="jatos_asset"),
]
