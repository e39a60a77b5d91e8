"""Addresses of the pages about what could hurt somebody."""

from __future__ import annotations

from django.urls import path

from asepsis.web.exposure import fleet, listing, views

urlpatterns = [
    path("findings/", listing.findings, name="findings"),
    path("findings/export.<str:ending>", listing.exported, name="export-findings"),
    path("findings/<int:finding_id>/evidence/<int:number>/", views.packet, name="finding-packet"),
    path("advisories/<str:advisory_id>/", views.advisory, name="advisory"),
    path("risk/", fleet.risk, name="risk"),
    path("devices/<str:device_id>/exposure/", views.device_exposure, name="device-exposure"),
]
