"""Captures that people send from a browser or by the API: stored under a name of ours, then analysed by a job.

What a file is, its first bytes say. Its own name is shown to people and never becomes a path.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from asepsis.exposure.mds2.reading import FORM_LIMIT_BYTES
from asepsis.exposure.plan.tickets import STATES_LIMIT_BYTES
from asepsis.kernel.errors import AsepsisError
from asepsis.web.arriving import DISK_RESERVE_BYTES, ArrivedFile
from asepsis.web.authorisation.actions import Action
from asepsis.web.cmms.forms import FILE_LIMIT
from asepsis.web.devices.documents import LARGEST_BYTES
from asepsis.web.facilities.models import Site
from asepsis.web.jobs.models import Job
from asepsis.web.settings import CONFIGURATION, SESSION_COOKIE_NAME, WORKSPACE
from asepsis.web.testing.limits import REPORT_FILE_LIMIT

if TYPE_CHECKING:
    from asepsis.web.people.models import Person

UPLOAD_PATH: Final = "/jobs/upload/"
API_UPLOAD_PATH: Final = "/api/v1/captures"
FEEDS_PATHS: Final = ("/feeds/", "/api/v1/feeds")
# CISA's whole folder has some 60 MB when it is packed, the FDA's largest file some 30 MB.
FEEDS_LIMIT_BYTES: Final = 256 * 2**20
REPORT_PATHS: Final = ("/testing/reports/", "/api/v1/scan-reports")
LIST_PATHS: Final = ("/cmms/", "/api/v1/imports")
PAPER_PATHS: Final = ("/papers/", "/api/v1/papers")
STATES_PATHS: Final = ("/plan/states/", "/api/v1/plan/states")
DOCUMENT_PATH: Final = re.compile(r"(/api/v1)?/devices/[^/]+/documents/?")
CONTRACT_PATH: Final = re.compile(r"(/api/v1)?/vendors/[^/]+/contracts/?")
NAME_LIMIT: Final = 120
# pcap in both byte orders with micro- and nanoseconds and as modified by Kuznetzov, pcapng, gzip, zstd.
SIGNATURES: Final = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x34\xcd\xb2\xa1",
    b"\xa1\xb2\xcd\x34",
    b"\x0a\x0d\x0d\x0a",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
)


class UploadError(AsepsisError):
    """A file that is not taken."""


def limit_of(path: str) -> int:
    """How many bytes of files a path of the web takes; 0 for paths that take none."""
    taken = _taken(path)
    return taken[1] if taken is not None else 0


def _taken(path: str) -> tuple[Action, int] | None:
    """What sending files to a path is, and how many bytes of them are taken."""
    if path in (UPLOAD_PATH, API_UPLOAD_PATH):
        return Action.CAPTURE_UPLOAD, CONFIGURATION.web.upload_limit_mib * 1024 * 1024
    if path in LIST_PATHS:
        return Action.IMPORT_PROPOSE, FILE_LIMIT
    if path in FEEDS_PATHS:
        return Action.FEED_MANAGE, FEEDS_LIMIT_BYTES
    if path in REPORT_PATHS:
        return Action.REPORT_IMPORT, REPORT_FILE_LIMIT
    if path in PAPER_PATHS:
        return Action.PAPER_MANAGE, FORM_LIMIT_BYTES
    if path in STATES_PATHS:
        return Action.PLAN_EDIT, STATES_LIMIT_BYTES
    if DOCUMENT_PATH.fullmatch(path):
        return Action.DEVICE_EDIT, LARGEST_BYTES
    if CONTRACT_PATH.fullmatch(path):
        return Action.VENDOR_EDIT, LARGEST_BYTES
    return None


def admits(path: str, headers: dict[bytes, bytes]) -> bool:
    """Whether the sender of a request may upload at all; asked before the body of it is read.

    It spares the disk; what decides is the view, which also knows the site.
    """
    from asepsis.web.authorisation.decide import may

    taken = _taken(path)
    person = _sender(path, headers)
    return taken is not None and person is not None and may(person, taken[0]).allowed


def _sender(path: str, headers: dict[bytes, bytes]) -> Person | None:
    from django.contrib.auth import get_user
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest

    from asepsis.web.authorisation.asking import attach
    from asepsis.web.people.models import Person

    bearer = headers.get(b"authorization", b"").decode("latin-1")
    if bearer:
        from asepsis.web.tokens.verify import find, person_of

        token = find(bearer.partition(" ")[2]) if path.startswith("/api/") else None
        return None if token is None else person_of(token)
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return None
    if SESSION_COOKIE_NAME not in cookies:
        return None
    request = HttpRequest()
    request.session = SessionStore(cookies[SESSION_COOKIE_NAME].value)
    request.user = get_user(request)
    attach(request)
    return request.user if isinstance(request.user, Person) else None


def accept(
    files: Iterable[UploadedFile[bytes]], *, site: Site, person: Person, begun: Callable[[Job], object] = bool
) -> Job:
    """Stores captures and begins the job that analyses them.

    Args:
        files: As the browser sent them; none is held in memory.
        site: Where they were taken.
        person: Who sent them.
        begun: Told of the job in the transaction that makes it, which is no longer than that: files are stored before.

    Raises:
        UploadError: There is none, one is no capture or too large, or the disk has no room.
    """
    stored: list[tuple[Path, str]] = []
    try:
        for file in files:
            stored.append((_store(file), shown_name(file.name or "")))
        if not stored:
            raise UploadError("no file was sent", code="upload-empty", hint="Choose a capture first.")
        return begin_analysis(
            [str(path) for path, _ in stored], names=[name for _, name in stored], site=site, person=person, begun=begun
        )
    except Exception:
        for path, _ in stored:
            path.unlink(missing_ok=True)
        raise


def begin_analysis(
    paths: list[str], *, names: list[str], site: Site, person: Person, begun: Callable[[Job], object] = bool
) -> Job:
    """A job over files that are stored already; ``begun`` is told of it in the transaction that makes it."""
    from asepsis.web.jobs.work import analyze_captures

    with transaction.atomic():
        job = Job.objects.create(
            kind=Job.ANALYSIS,
            title=names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
            arguments={"paths": paths, "names": names, "site": site.name},
            site=site,
            started_by=person,
        )
        job.task = str(analyze_captures.enqueue(str(job.pk)).id)
        job.save(update_fields=["task"])
        begun(job)
    return job


def shown_name(given: str) -> str:
    """A file's own name for people to read: its last part, without signs that are none."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable())[:NAME_LIMIT] or "capture"


def _store(file: UploadedFile[bytes]) -> Path:
    size = file.size or 0
    limit = CONFIGURATION.web.upload_limit_mib * 1024 * 1024
    if size > limit:
        raise UploadError(
            f"{shown_name(file.name or '')} has {size:,} bytes, and no more than {limit:,} are taken",
            code="upload-large",
            hint="Analyse it on the server: asepsis analyze FILE.",
        )
    chunks = file.chunks(1024 * 1024)
    first = next(iter(chunks), b"")
    if not first.startswith(SIGNATURES):
        raise UploadError(
            f"{shown_name(file.name or '')} is no capture",
            code="upload-kind",
            hint="pcap and pcapng are taken, plain or compressed by gzip or zstd.",
        )
    folder = WORKSPACE.root / "captures"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.capture"
    # What arrived on this disk gets its name, instead of being written a second time.
    if isinstance(file, ArrivedFile) and file.keep_as(path):
        return path
    if shutil.disk_usage(folder).free < size + DISK_RESERVE_BYTES:
        raise UploadError(
            "the disk of the server has no room for it",
            code="upload-disk",
            hint="Ask who keeps the server to make room.",
        )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            target.write(first)
            for chunk in chunks:
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path
