"""The addresses of the manual."""

from __future__ import annotations

from django.urls import path

from minno_dashboard.ui import help_views

urlpatterns = [
    path("help/", help_views.show, name="help"),
    path("help/<str:name>/", help_views.show, name="help_chapter"),
    path("help/images/<str:name>", help_views.image, name="help_image"),
]
