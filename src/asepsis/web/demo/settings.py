"""The product's settings and, in a demo's own workspace alone, the way in by one click."""

from __future__ import annotations

from asepsis.pipeline.workspace import Workspace
from asepsis.web.demo import stage

# Before anything is set: whoever names this module for a hospital's workspace gets no server at all.
stage.check(Workspace.place().root)

from asepsis.web.settings import *  # noqa: E402,F403
from asepsis.web.settings import (  # noqa: E402
    AUTHENTICATION_BACKENDS,
    CONFIGURATION,
    INSTALLED_APPS,
    TEMPLATES,
)
from asepsis.web.transport import is_loopback  # noqa: E402

if not is_loopback(CONFIGURATION.web.host):
    raise stage.DemoError(
        "a demo is served to this machine alone",
        code="demo-workspace",
        hint="Leave [web] host at 127.0.0.1.",
    )

INSTALLED_APPS = [*INSTALLED_APPS, "asepsis.web.demo"]
AUTHENTICATION_BACKENDS = ["asepsis.web.demo.backend.DemoBackend", *AUTHENTICATION_BACKENDS]
ROOT_URLCONF = "asepsis.web.demo.urls"
LOGIN_URL = "demo"
SIGN_IN_STRENGTH = "asepsis.web.demo.strength.strength"
LOG_REQUESTS = False
TEMPLATES[0]["OPTIONS"]["context_processors"].append("asepsis.web.demo.banner.banner")
