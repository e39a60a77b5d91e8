"""Addresses of scans, reports and penetration tests."""

from __future__ import annotations

from django.urls import path, re_path

from asepsis.web.testing import views

_SCAN = r"^scans/(?P<scan_id>[a-z0-9]{8,32})/"

urlpatterns = [
    path("", views.scans, name="testing"),
    re_path(f"{_SCAN}$", views.one_scan, name="testing-scan"),
    re_path(f"{_SCAN}decide/$", views.decide, name="testing-scan-decide"),
    re_path(
        r"^scans/(?P<scan_id>[a-z0-9]{8,32})/(?P<name>plan|receipt)\.json$", views.scan_file, name="testing-scan-file"
    ),
]
