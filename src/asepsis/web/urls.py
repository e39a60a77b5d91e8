"""All addresses of the web."""

from __future__ import annotations

from django.urls import include, path

from asepsis.web.health import views as health
from asepsis.web.overview import views as overview
from asepsis.web.tour import views as tour

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("", include("asepsis.web.exposure.urls")),
    path("devices/", include("asepsis.web.devices.urls")),
    path("map/", include("asepsis.web.map.urls")),
    path("health/", health.health, name="health"),
    path("tour/", tour.tour, name="tour"),
    path("papers/", include("asepsis.web.papers.urls")),
    path("vendors/", include("asepsis.web.vendors.urls")),
    path("plan/", include("asepsis.web.plan.urls")),
    path("purchases/", include("asepsis.web.vendors.purchase_urls")),
    path("feeds/", include("asepsis.web.feeds.urls")),
    path("cmms/", include("asepsis.web.cmms.urls")),
    path("jobs/", include("asepsis.web.jobs.urls")),
    path("ledger/", include("asepsis.web.ledger.urls")),
    path("tokens/", include("asepsis.web.tokens.urls")),
    path("webhooks/", include("asepsis.web.webhooks.urls")),
    path("testing/", include("asepsis.web.testing.urls")),
    path("", include("asepsis.web.api.urls")),
    path("access/", include("asepsis.web.authorisation.urls")),
    path("account/", include("asepsis.web.people.account_urls")),
    path("", include("asepsis.web.people.urls")),
]

handler403 = "asepsis.web.authorisation.views.refused"
