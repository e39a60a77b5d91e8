"""Addresses of scans, reports and penetration tests."""

from __future__ import annotations

from django.urls import path

from asepsis.web.testing import views

urlpatterns = [
    path("", views.scans, name="testing"),
    path("scans/<slug:scan_id>/", views.one_scan, name="testing-scan"),
    path("scans/<slug:scan_id>/decide/", views.decide, name="testing-scan-decide"),
    path("scans/<slug:scan_id>/<slug:name>.json", views.scan_file, name="testing-scan-file"),
]
