"""The product's addresses, and the way in of the demo."""

from __future__ import annotations

from django.urls import include, path

from asepsis.web.urls import urlpatterns as product

urlpatterns = [path("demo/", include("asepsis.web.demo.views")), *product]
