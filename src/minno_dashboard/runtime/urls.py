"""The addresses that participants open."""

from __future__ import annotations

from django.urls import URLPattern, path

from minno_dashboard.runtime import views

urlpatterns: list[URLPattern] = [
    path("launch/<str:experiment>/<str:version>", views.launch, name="launch"),
    path("test/<str:experiment>/<str:version>", views.test_launch, name="test_launch"),
    path("launch-files/<str:key>/<path:path>", views.launch_file, name="launch_file"),
    path("assets/javascripts/jatos.js", views.jatos_asset, name="jatos_asset"),
]
