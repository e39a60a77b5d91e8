"""Addresses of the pages about jobs."""

from __future__ import annotations

from django.urls import path

from asepsis.web.jobs import views

urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("upload/", views.upload, name="capture_upload"),
    path("<uuid:job_id>/", views.job, name="job"),
    path("<uuid:job_id>/cancel/", views.cancel, name="job_cancel"),
    path("<uuid:job_id>/repeat/", views.repeat, name="job_repeat"),
]
