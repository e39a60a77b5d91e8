"""Version 1: the operations of all apps, under ``/api/v1/``."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest

from asepsis import __version__
from asepsis.web.api.authentication import Session, TokenBearer
from asepsis.web.api.operations import Api, operation
from asepsis.web.api.problems import install
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.api import router as access
from asepsis.web.cmms.api import router as imports
from asepsis.web.devices.additions_api import router as additions
from asepsis.web.devices.api import router as devices
from asepsis.web.devices.listing_api import router as listing
from asepsis.web.exposure.api import router as exposure
from asepsis.web.facilities.api import router as facilities
from asepsis.web.feeds.api import router as feeds
from asepsis.web.health.api import router as health
from asepsis.web.jobs.api import router as jobs
from asepsis.web.ledger.api import router as ledger
from asepsis.web.map.api import router as map_
from asepsis.web.overview.api import router as overview
from asepsis.web.papers.api import router as papers
from asepsis.web.people.api import router as people
from asepsis.web.plan.api import router as plan
from asepsis.web.testing.api import router as testing
from asepsis.web.testing.engagements_api import router as engagements
from asepsis.web.tokens.api import router as tokens
from asepsis.web.vendors.api import router as vendors
from asepsis.web.webhooks.api import router as webhooks

PATH: Final = "api/v1/"

api = Api(
    title="Asepsis",
    version=__version__,
    description=(
        "Everything that a page shows, for programs: devices and why they are called so, who talks to whom, imports,"
        " findings, advisories and risk, captures and jobs, the ledger, people and roles, break-glass, health,"
        " webhooks."
        " Errors are problem documents (RFC 9457)."
    ),
    urls_namespace="api-v1",
    auth=[TokenBearer(), Session()],
    # Our own page describes it; the library's loads scripts from elsewhere.
    docs_url=None,
    openapi_url=None,
)
install(api)


@operation(api.default_router, "GET", "/openapi.json", Action.ACCOUNT, response=dict[str, Any])
def description(request: HttpRequest) -> Any:
    """This description (OpenAPI)."""
    return api.get_openapi_schema()


# The list before single devices: "/devices/choices" is no device's id.
for _router in (
    overview,
    exposure,
    listing,
    devices,
    additions,
    map_,
    facilities,
    health,
    imports,
    jobs,
    ledger,
    papers,
    plan,
    feeds,
    people,
    access,
    tokens,
    vendors,
    webhooks,
    testing,
    engagements,
):
    api.add_router("", _router)
