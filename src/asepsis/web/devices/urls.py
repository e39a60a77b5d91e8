"""Addresses of the pages about devices."""

from __future__ import annotations

from django.urls import path

from asepsis.web.devices import views

urlpatterns = [
    path("", views.devices, name="devices"),
    path("<str:device_id>/", views.device, name="device"),
]
