"""Addresses of the pages about purchases."""

from __future__ import annotations

from django.urls import path

from asepsis.web.vendors import purchases

urlpatterns = [
    path("", purchases.assessments, name="assessments"),
    path("<uuid:assessment_id>/", purchases.assessment, name="assessment"),
    path("<uuid:assessment_id>/act/", purchases.act, name="assessment-act"),
    path("<uuid:assessment_id>/decide/", purchases.decide, name="assessment-decide"),
    path("<uuid:assessment_id>/report.pdf", purchases.report, name="assessment-report"),
]
