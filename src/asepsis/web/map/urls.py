"""Addresses of the map."""

from __future__ import annotations

from django.urls import path

from asepsis.web.map import views

urlpatterns = [
    path("", views.groups, name="map"),
    path("device/<str:device_id>/", views.neighbourhood, name="map-device"),
]
