"""Addresses of scans, reports and penetration tests."""

from __future__ import annotations

from django.urls import path

from asepsis.web.testing import engagements, reports, views

urlpatterns = [
    path("", views.scans, name="testing"),
    path("scans/<slug:scan_id>/", views.one_scan, name="testing-scan"),
    path("scans/<slug:scan_id>/decide/", views.decide, name="testing-scan-decide"),
    path("scans/<slug:scan_id>/<slug:name>.json", views.scan_file, name="testing-scan-file"),
    path("reports/", reports.reports, name="testing-reports"),
    path("reports/<slug:digest>/", reports.one_report, name="testing-report"),
    path("engagements/", engagements.engagements, name="testing-engagements"),
    path("engagements/<uuid:engagement_id>/", engagements.one_engagement, name="testing-engagement"),
    path("engagements/<uuid:engagement_id>/decide/", engagements.decide, name="testing-engagement-decide"),
    path("engagements/<uuid:engagement_id>/findings/", engagements.work, name="testing-engagement-work"),
    path(
        "engagements/<uuid:engagement_id>/report.<slug:ending>",
        engagements.engagement_report,
        name="testing-engagement-report",
    ),
]
