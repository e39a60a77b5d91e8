"""Addresses of the pages about jobs."""

from __future__ import annotations

from django.urls import path

from asepsis.web.jobs import views

urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("<uuid:job_id>/", views.job, name="job"),
]
