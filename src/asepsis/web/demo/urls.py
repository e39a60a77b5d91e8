"""The product's addresses, and the way in of the demo."""

from __future__ import annotations

from django.urls import include, path

from asepsis.web.urls import handler403
from asepsis.web.urls import urlpatterns as product

__all__ = ["handler403", "urlpatterns"]

urlpatterns = [path("demo/", include("asepsis.web.demo.views")), *product]
