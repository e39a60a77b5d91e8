"""Addresses of the API and of its reference."""

from __future__ import annotations

from django.urls import path

from asepsis.web.api.version_1 import PATH, api
from asepsis.web.api.views import reference

urlpatterns = [
    path("api/", reference, name="api_reference"),
    path(PATH, api.urls),
]
