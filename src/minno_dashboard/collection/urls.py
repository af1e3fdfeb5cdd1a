"""URLs for participants' pages except `/data/<token>` itself, which the gateway answers."""

from __future__ import annotations

from django.urls import URLPattern, path

from minno_dashboard.collection import views

urlpatterns: list[URLPattern] = [
    path("data/<str:token>/start", views.start, name="start_session"),
    path("data/<str:token>/finish", views.finish, name="finish_session"),
    path("data/<str:token>/state", views.state, name="session_state"),
    path("data/<str:token>/error", views.error, name="client_error"),
]
