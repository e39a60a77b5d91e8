"""Addresses of the pages about devices."""

from __future__ import annotations

from django.urls import path

from asepsis.web.devices import listing, views

urlpatterns = [
    path("", listing.devices, name="devices"),
    path("export.<str:ending>", listing.exported, name="export-devices"),
    path("views/", listing.save_view, name="save-view"),
    path("views/<int:view_id>/remove/", listing.remove_view, name="remove-view"),
    path("<str:device_id>/", views.device, name="device"),
]
