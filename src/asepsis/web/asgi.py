"""The application that the server runs: Django, and what stands before it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import django

if TYPE_CHECKING:
    from asepsis.web.edge import Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "asepsis.web.settings")

django.setup(set_prefix=False)

# Django must be set up before these can be imported.
from django.db import DatabaseError, connection  # noqa: E402
from django.urls import Resolver404, resolve  # noqa: E402

from asepsis.history.reader import share_processors  # noqa: E402
from asepsis.web.edge import Edge  # noqa: E402
from asepsis.web.handler import Handler  # noqa: E402
from asepsis.web.jobs import upload  # noqa: E402
from asepsis.web.settings import CONFIGURATION, WORKSPACE  # noqa: E402
from asepsis.web.transport import AUTHORITY_CERTIFICATE  # noqa: E402


def _route(path: str) -> str:
    try:
        return f"/{resolve(path).route}"
    except Resolver404:
        return "none"


def _healthy() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    finally:
        connection.close()
    return True


def _may_upload(path: str, headers: dict[bytes, bytes]) -> bool:
    try:
        return upload.admits(path, headers)
    finally:
        connection.close()  # this thread is none of Django's, which would close it after the request


share_processors()

resolve("/")  # reads all pages and the API, which the first visitor would wait for

application = Edge(
    cast("Application", Handler()),
    uploads=upload.limit_of,
    may_upload=_may_upload,
    route=_route,
    healthy=_healthy,
    authority=WORKSPACE.keys_path / AUTHORITY_CERTIFICATE if CONFIGURATION.web.tls == "own" else None,
)
