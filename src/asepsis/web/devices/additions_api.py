"""What people add to a device by the API: documents and corrections; and why it is called what it is, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile as DjangoFile
from django.http import Http404, HttpRequest
from ninja import Field, File, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import ConfigDict

from asepsis.devices import telling
from asepsis.devices.explanation import explain
from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.registry import Registry
from asepsis.web.api.operations import checked, clean, operation
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.devices.additions import content, correct, keep_document, take_away
from asepsis.web.devices.api import reach
from asepsis.web.devices.documents import refusal
from asepsis.web.devices.evidence import shown_clue
from asepsis.web.devices.forms import OverrideForm
from asepsis.web.devices.models import Device, Document
from asepsis.web.devices.written_down import is_hidden
from asepsis.web.settings import WORKSPACE

router = Router(tags=["devices"])

MOST: Final = 2**53


class DocumentOut(Schema):
    """A file that people keep with a device."""

    id: int
    name: str
    kind: str = Field(description="The media type that its first bytes showed.")
    size_bytes: int
    sha256: str
    author: str
    added: datetime


class OverrideIn(Schema):
    """A person's own word on one attribute."""

    model_config = ConfigDict(extra="forbid")

    attribute: str = Field(max_length=40)
    value: str = Field("", max_length=200, description="Empty: back to what the traffic says.")
    note: str = Field("", max_length=200, description="Why, such as: label on the device.")


class StatementOut(Schema):
    """One attribute: its value or null, how sure that is, why, and what would tell it."""

    attribute: str
    value: str | None
    confidence: float
    because: list[str]
    against: list[str]
    told_by: list[str]
    text: str


class OverrideOut(Schema):
    """A correction that holds."""

    attribute: str
    value: str
    by: str
    note: str


class IdentityOut(Schema):
    """What a device is, in words."""

    statements: list[StatementOut]
    standing: str
    overrides: list[OverrideOut] | None = Field(description="Null where you may not read what the hospital wrote down.")
    twins: int = Field(description="With how many others it is in conflict.")


class HeaderOut(Schema):
    """One header of the packet."""

    name: str
    begin: int
    end: int
    facts: dict[str, str]


class MessageOut(Schema):
    """A message that was read from the packet."""

    protocol: str
    kind: str
    at: datetime
    source: str
    destination: str
    facts: dict[str, str]


class ClueOut(Schema):
    """One clue and the packet that gave it."""

    number: int
    count: int
    attribute: str
    value: str
    protocol: str
    weight: float
    capture: str
    packet: int
    messages: list[MessageOut]
    missing: str = Field(description="Why the packet cannot be shown; empty when it is.")
    opened: bool = Field(description="Whether what the packet carries is shown.")
    octets: str = Field(description="The bytes in hexadecimal digits, those that are masked as '··'; at most 4096.")
    headers: list[HeaderOut]


@operation(router, "GET", "/devices/{device_id}/identity", Action.DEVICE_VIEW, response=IdentityOut)
def identity(request: HttpRequest, device_id: str) -> Any:
    """What a device is, how sure that is, and what would tell more."""
    device = reach(request, device_id, Action.DEVICE_VIEW)
    hidden = is_hidden(request.user, device)
    standing = telling.standing_words(device.status, device.rhythm) if device.rhythm else device.status
    if not WORKSPACE.exists:
        return {"statements": [], "standing": standing, "overrides": None if hidden else [], "twins": 0}
    with Registry.open(WORKSPACE.registry_path) as registry:
        known = registry.device(device.pk)
        overrides = [] if hidden else registry.overrides(device.pk)
    return {
        "statements": [one.document() for one in explain(known, overrides)] if known is not None else [],
        "standing": standing,
        "overrides": None
        if hidden
        else [{"attribute": o.attribute, "value": o.value, "by": o.by, "note": o.note} for o in overrides],
        "twins": len(known.twins) if known is not None else 0,
    }


@operation(router, "GET", "/devices/{device_id}/evidence/{number}", Action.DEVICE_EVIDENCE, response=ClueOut)
def clue(request: HttpRequest, device_id: str, number: int, payload: bool = False) -> Any:
    """One clue down to the packet; with ``payload`` what the packet carries, where you may see that."""
    clean(device_id)
    if not WORKSPACE.exists:
        raise Http404
    return clue_document(shown_clue(request, device_id, number, opened=payload))


def clue_document(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a page about a packet shows, as a ``ClueOut``."""
    evidence = found["clue"]
    headers = found["headers"].layers if "headers" in found else ()
    return {
        **{name: getattr(evidence, name) for name in ("attribute", "value", "protocol", "weight", "capture", "packet")},
        "number": found["number"],
        "count": found["count"],
        "messages": [
            {**one, "facts": {name: text for name, text, _ in one["facts"]}} for one in found["messages_read"]
        ],
        "missing": found.get("missing", "" if "rows" in found else "The packet is not shown to you, or there is none."),
        "opened": found["opened"],
        "octets": " ".join(cell.hexadecimal for row in found.get("rows", ()) for cell in row.cells),
        "headers": [
            {"name": one.name, "begin": one.begin, "end": one.end, "facts": dict(one.facts)} for one in headers
        ],
    }


@operation(
    router,
    "POST",
    "/devices/{device_id}/override",
    Action.DEVICE_OVERRIDE,
    response=IdentityOut,
    example={"attribute": "category", "value": "infusion_pump", "note": "label on the device"},
)
def override(request: HttpRequest, device_id: str, wanted: OverrideIn) -> Any:
    """Correct what a device is, or take a correction back."""
    device = reach(request, device_id, Action.DEVICE_OVERRIDE, recorded=False)
    form = checked(OverrideForm(wanted.model_dump()))
    if not WORKSPACE.exists:
        raise ProblemError(409, "the device is not known to the registry any more")
    attribute, text = form.cleaned_data["attribute"], form.cleaned_data["value"].strip() or None
    try:
        correct(request, device, attribute, text, note=form.cleaned_data["note"])
    except AsepsisError as error:
        raise ProblemError(422, f"{error.message}. {error.hint}") from error
    return identity(request, device_id)


@operation(router, "GET", "/devices/{device_id}/documents", Action.DEVICE_VIEW, response=list[DocumentOut])
def documents(request: HttpRequest, device_id: str) -> Any:
    """The documents that people keep with a device."""
    device = reach(request, device_id, Action.DEVICE_VIEW, notes_follow=True)
    return [_shown(one) for one in Document.objects.filter(device=device).select_related("author")]


@operation(router, "POST", "/devices/{device_id}/documents", Action.DEVICE_EDIT, response=DocumentOut, status=201)
def add_document(request: HttpRequest, device_id: str, file: File[UploadedFile]) -> Any:
    """Keep a file with a device: PDF, PNG, JPEG, text or CSV."""
    device = reach(request, device_id, Action.DEVICE_EDIT, recorded=False)
    clean(file.name or "")
    assert isinstance(file, DjangoFile)
    if reason := refusal(file):
        raise ProblemError(422, reason)
    return Status(201, _shown(keep_document(request, device, file)))


@operation(
    router,
    "GET",
    "/devices/{device_id}/documents/{document_id}",
    Action.DEVICE_VIEW,
    response=None,
    media=["application/octet-stream"],
)
def document(request: HttpRequest, device_id: str, document_id: int) -> Any:
    """The bytes of a document."""
    device = reach(request, device_id, Action.DEVICE_VIEW, notes_follow=True, recorded=False)
    return content(request, _document(device, document_id))


@operation(
    router, "DELETE", "/devices/{device_id}/documents/{document_id}", Action.DEVICE_EDIT, response=None, status=204
)
def remove_document(request: HttpRequest, device_id: str, document_id: int) -> Any:
    """Take a document away."""
    device = reach(request, device_id, Action.DEVICE_EDIT, recorded=False)
    take_away(request, device, _document(device, document_id).pk)
    return Status(204, None)


def _document(device: Device, document_id: int) -> Document:
    found = Document.objects.filter(pk=document_id, device=device).first() if 0 < document_id < MOST else None
    if found is None:
        raise Http404
    return found


def _shown(one: Document) -> dict[str, Any]:
    names = ("id", "name", "kind", "size_bytes", "sha256", "added")
    return {**{name: getattr(one, name) for name in names}, "author": one.author.username}
