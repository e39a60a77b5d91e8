"""Devices by the API: the list with the filters of the page, one device, its evidence, record, notes, conversations."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from asepsis.history.queries import Selection
from asepsis.kernel.time import iso_from_ns
from asepsis.pipeline.registry import Registry
from asepsis.web.api.operations import NinjaJSONEncoder, asker, clean, etag_of, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.devices.filters import DeviceFilter, filters_recorded
from asepsis.web.devices.models import Device, DeviceRecord, Note
from asepsis.web.devices.written_down import WRITTEN_DOWN, is_hidden, is_hidden_anywhere
from asepsis.web.facilities.models import Department
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.settings import WORKSPACE

router = Router(tags=["devices"])

ORDER: Final = (Column(name="title"), Column(name="id"))
NOTES_ORDER: Final = (Column(name="written", descending=True, is_time=True), Column(name="id", descending=True))
# Of each question to the history; whoever wants more narrows it by days.
CONVERSATIONS_MOST: Final = 5000
TEXT_LIMIT: Final = 200


class Addresses(Schema):
    """What a device was seen with."""

    mac: list[str]
    ip: list[str]


class RecordOut(Schema):
    """What people know of a device and traffic cannot say."""

    department: int | None = None
    owner: str | None = None
    place: str = ""
    criticality: str = ""
    asset_number: str = ""
    changed: datetime | None = None


class DeviceOut(Schema):
    """A device, as ``asepsis devices --json`` names its parts, and what people add."""

    id: str
    site: str
    title: str
    addresses: Addresses
    names: list[str]
    category: str | None
    vendor: str | None
    model: str | None
    os: str | None
    firmware: str | None
    serial: str | None
    udi: str | None
    role: str | None
    medical: bool
    status: str
    confidence: dict[str, float]
    first_seen: datetime
    last_seen: datetime
    conversations: int
    peers: int
    bytes: int
    zone: str
    conflicts: int
    patient_messages: int
    record: RecordOut | None = Field(description="Null where you may not read what the hospital wrote down.")


class DevicePage(Schema):
    """A part of the list."""

    items: list[DeviceOut]
    next: str | None = None


class Filters(Schema):
    """The filters of the page, by the same names."""

    q: str = Field("", max_length=TEXT_LIMIT, description="Words that names, addresses or attributes hold.")
    category: str = Field("", max_length=TEXT_LIMIT)
    vendor: str = Field("", max_length=TEXT_LIMIT)
    site: str = Field("", max_length=TEXT_LIMIT)
    status: str = Field("", max_length=TEXT_LIMIT)
    zone: str = Field("", max_length=TEXT_LIMIT, description="A network, such as '10.40.20.0/24'.")
    medical: bool | None = None
    clear: bool | None = Field(None, description="With or without data of patients in clear.")
    conflicts: bool | None = Field(None, description="About which something is in conflict, or nothing.")
    since: date | None = Field(None, description="Seen on this day or later.")
    new_since: date | None = Field(None, description="First seen on this day or later.")
    department: int | None = Field(None, ge=1, le=2**53)
    criticality: DeviceRecord.Criticality | None = None


class Wanted(Filters):
    """Which devices, and which part of the list."""

    cursor: str = Field("", description="'next' of the page before.")
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


class EvidenceOut(Schema):
    """One reason for one attribute, down to the packet."""

    attribute: str
    value: str
    protocol: str
    weight: float
    capture: str
    packet: int


class EventOut(Schema):
    """A change of what a device is."""

    at: str
    site: str
    device: str
    attribute: str
    before: str | None
    after: str | None
    protocol: str
    capture: str
    packet: int


class ConversationOut(Schema):
    """Who talked to whom; the columns of ``asepsis conversations``. A device that you may not see is null."""

    start: str
    end: str
    client_ip: str
    client_port: int
    server_ip: str
    server_port: int
    ip_protocol: int
    application: str | None
    packets_to_server: int
    packets_to_client: int
    bytes_to_server: int
    bytes_to_client: int
    client_device: str | None
    server_device: str | None


class ConversationPart(Schema):
    """The oldest conversations that fit."""

    items: list[ConversationOut]
    complete: bool = Field(description="False when there are more: narrow the days.")


class RecordIn(Schema):
    """What may be changed of a record; what is not named stays. Anything else is refused."""

    model_config = ConfigDict(extra="forbid")

    department: int | None = Field(None, ge=1, le=2**53)
    owner: str | None = Field(None, max_length=150, description="The person's name for signing in.")
    place: str = Field("", max_length=200)
    criticality: DeviceRecord.Criticality | None = None
    asset_number: str = Field("", max_length=100)


class NoteIn(Schema):
    """A remark."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=4000)


class NoteOut(Schema):
    """A remark on a device."""

    id: int
    author: str
    text: str
    written: datetime


class NotePage(Schema):
    """A part of the remarks, newest first."""

    items: list[NoteOut]
    next: str | None = None


class Days(Schema):
    """Which days are asked for, in UTC, both included."""

    first_day: date | None = None
    last_day: date | None = None
    limit: int = Field(1000, ge=1, le=CONVERSATIONS_MOST)


@operation(router, "GET", "/devices", Action.DEVICE_LIST, response=DevicePage)
def list_devices(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """The devices that you may list."""
    rows: QuerySet[Device] = visible(request.user, Action.DEVICE_LIST, Device.objects.select_related("site", "record"))
    filters = readable_narrowing(request, wanted)
    chosen = DeviceFilter(filters, queryset=rows)
    if not chosen.is_valid():
        raise ProblemError(400, "a filter does not fit")
    record(request, Action.DEVICE_LIST, what={"filters": filters_recorded(filters), "by": "api"})
    hidden = is_hidden_anywhere(request.user)

    def row(device: Device) -> dict[str, Any]:
        return {**shown(device), **({"record": None} if hidden else {})}

    return page(chosen.qs, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=row)


@operation(router, "GET", "/devices/{device_id}", Action.DEVICE_VIEW, response=DeviceOut)
def one_device(request: HttpRequest, device_id: str) -> Any:
    """One device."""
    device = reach(request, device_id, Action.DEVICE_VIEW)
    return {**shown(device), **({"record": None} if is_hidden(request.user, device) else {})}


@operation(router, "GET", "/devices/{device_id}/evidence", Action.DEVICE_EVIDENCE, response=list[EvidenceOut])
def evidence(request: HttpRequest, device_id: str) -> Any:
    """Why a device is called what it is called."""
    device = reach(request, device_id, Action.DEVICE_EVIDENCE)
    if not WORKSPACE.exists:
        return []
    with Registry.open(WORKSPACE.registry_path) as registry:
        known = registry.device(device.pk)
    return [] if known is None else [reason.document() for reason in known.evidence]


@operation(router, "GET", "/devices/{device_id}/events", Action.DEVICE_VIEW, response=list[EventOut])
def events_of_device(request: HttpRequest, device_id: str) -> Any:
    """What changed of what a device is."""
    device = reach(request, device_id, Action.DEVICE_VIEW)
    if not WORKSPACE.exists:
        return []
    with Registry.open(WORKSPACE.registry_path) as registry:
        return [event.document() for event in registry.events(device.site.name, device.pk)]


@operation(router, "GET", "/devices/{device_id}/conversations", Action.CONVERSATION_VIEW, response=ConversationPart)
def conversations(request: HttpRequest, device_id: str, days: Query[Days]) -> Any:
    """With whom a device talked."""
    device = reach(request, device_id, Action.CONVERSATION_VIEW)
    if not WORKSPACE.exists:
        return {"items": [], "complete": True}
    selection = Selection(
        site=device.site.name,
        device=device.pk,
        first_day=days.first_day,
        last_day=days.last_day,
        limit=days.limit + 1,
    )
    try:
        with Registry.open(WORKSPACE.registry_path) as registry:
            intervals = registry.intervals(device.site.name)
        with WORKSPACE.history().reader(intervals) as reader:
            found = list(reader.ask("conversations", selection).documents())
    except OverflowError as error:
        raise ProblemError(422, "such days are outside of what is counted") from error
    ends = {row[end] for row in found for end in ("client_device", "server_device")} - {None}
    known = visible(request.user, Action.DEVICE_LIST, Device.objects.filter(pk__in=ends))
    seen = set(known.values_list("pk", flat=True))
    items = [
        {
            **row,
            "start": iso_from_ns(row["start_ns"]),
            "end": iso_from_ns(row["end_ns"]),
            "client_device": row["client_device"] if row["client_device"] in seen else None,
            "server_device": row["server_device"] if row["server_device"] in seen else None,
        }
        for row in found[: days.limit]
    ]
    return {"items": items, "complete": len(found) <= days.limit}


@operation(router, "GET", "/devices/{device_id}/record", Action.DEVICE_VIEW, response=RecordOut)
def one_record(request: HttpRequest, device_id: str) -> Any:
    """What people know of a device."""
    return shown_record(reach(request, device_id, Action.DEVICE_VIEW, notes_follow=True))


@operation(router, "PATCH", "/devices/{device_id}/record", Action.DEVICE_EDIT, response=RecordOut)
def change_record(request: HttpRequest, device_id: str, change: RecordIn) -> Any:
    """Change what people know of a device; with If-Match, only if nobody changed it since."""
    with transaction.atomic():
        device = reach(request, device_id, Action.DEVICE_EDIT, recorded=False)
        before = shown_record(device)
        wanted = request.headers.get("If-Match")
        if wanted is not None and wanted != _etag(before):
            raise ProblemError(412, "somebody changed it since you read it")
        kept = DeviceRecord.objects.select_for_update().filter(device=device).first() or DeviceRecord(device=device)
        given = change.model_dump(exclude_unset=True)
        clean(*(one for one in given.values() if isinstance(one, str)))
        if "department" in given:
            kept.department = _department(device, given["department"])
        if "owner" in given:
            kept.owner = _owner(given["owner"])
        for name in ("place", "criticality", "asset_number"):
            if name in given:
                setattr(kept, name, given[name] or "")
        kept.changed = timezone.now()
        kept.save()
        device.record = kept
        after = shown_record(device)
        changed = {name: [before[name], after[name]] for name in given if before[name] != after[name]}
        record(request, Action.DEVICE_EDIT, subject=f"device:{device.pk}", what={"changed": changed, "by": "api"})
    return after


@operation(router, "GET", "/devices/{device_id}/notes", Action.DEVICE_VIEW, response=NotePage)
def notes(request: HttpRequest, device_id: str, cursor: str = "", limit: int = LIMIT) -> Any:
    """The remarks on a device, newest first."""
    device = reach(request, device_id, Action.DEVICE_VIEW, notes_follow=True)
    rows = Note.objects.filter(device=device).select_related("author")
    return page(rows, NOTES_ORDER, cursor=cursor, limit=max(1, min(limit, LIMIT_MOST)), shown=_shown_note)


@operation(router, "POST", "/devices/{device_id}/notes", Action.DEVICE_EDIT, response=NoteOut, status=201)
def add_note(request: HttpRequest, device_id: str, note: NoteIn) -> Any:
    """Write a remark on a device."""
    clean(note.text)
    with transaction.atomic():
        device = reach(request, device_id, Action.DEVICE_EDIT, recorded=False)
        written = Note.objects.create(device=device, author=asker(request), text=note.text)
        record(request, Action.DEVICE_EDIT, subject=f"device:{device.pk}", what={"note": written.pk, "by": "api"})
    return Status(201, _shown_note(written))


def narrowing(wanted: Filters) -> dict[str, str]:
    """The filters that were given, as the page's own filter takes them."""
    given = wanted.model_dump(mode="json", exclude_none=True, include=set(Filters.model_fields))
    filters = {key: str(one) for key, one in given.items() if one != ""}
    clean(*filters.values())
    return filters


def readable_narrowing(request: HttpRequest, wanted: Filters) -> dict[str, str]:
    """The same, where nothing is asked for that is kept from the asker.

    Raises:
        ProblemError: A filter would tell what the hospital wrote down. To leave it out would answer another question.
    """
    filters = narrowing(wanted)
    if not WRITTEN_DOWN.isdisjoint(filters) and is_hidden_anywhere(request.user):
        raise ProblemError(422, "what the hospital wrote down is not for you to filter by")
    return filters


def reach(
    request: HttpRequest, device_id: str, action: Action, *, recorded: bool = True, notes_follow: bool = False
) -> Device:
    """The device, when there is one on which the asker may do this; a record of it is made.

    With ``notes_follow`` the answer holds what people wrote, so that who must not read that is refused.

    Raises:
        Http404: There is none, or none for this person.
    """
    clean(device_id)
    device = Device.objects.select_related("site", "record").filter(pk=device_id).first()
    # Whoever may not see it learns nothing, not even that it is there.
    fulfils = () if notes_follow else (Obligation.HIDE_NOTES,)
    if device is None or not may(request.user, action, device, fulfils=fulfils).allowed:
        raise Http404
    if recorded:
        record(request, action, subject=f"device:{device.pk}", what={"by": "api"})
    return device


def shown(device: Device) -> dict[str, Any]:
    """A device as the API shows it."""
    names = ("category", "vendor", "model", "os", "firmware", "serial", "udi", "role")
    return {
        **{name: getattr(device, name) or None for name in names},
        **{name: getattr(device, name) for name in ("id", "title", "names", "medical", "status")},
        **{name: getattr(device, name) for name in ("first_seen", "last_seen", "conversations", "peers", "bytes")},
        **{name: getattr(device, name) for name in ("zone", "conflicts", "patient_messages")},
        "site": device.site.name,
        "addresses": {"mac": device.macs, "ip": device.ips},
        "confidence": device.confidences,
        "record": shown_record(device),
    }


def shown_record(device: Device) -> dict[str, Any]:
    """What people know of a device, as the API shows it."""
    kept: DeviceRecord | None = getattr(device, "record", None)
    if kept is None:
        return RecordOut().model_dump()
    return {
        "department": kept.department_id,
        "owner": kept.owner.username if kept.owner is not None else None,
        "place": kept.place,
        "criticality": str(kept.criticality),
        "asset_number": kept.asset_number,
        "changed": kept.changed,
    }


def _shown_note(note: Note) -> dict[str, Any]:
    return {"id": note.pk, "author": note.author.username, "text": note.text, "written": note.written}


def _etag(document: dict[str, Any]) -> str:
    """That of ``GET .../record``, from the same bytes."""
    plain = RecordOut(**document).model_dump()
    return etag_of(json.dumps(plain, cls=NinjaJSONEncoder).encode())


def _department(device: Device, wanted: int | None) -> Department | None:
    if wanted is None:
        return None
    found = Department.objects.filter(pk=wanted, site=device.site).first()
    if found is None:
        raise ProblemError(422, "the device's site has no such department")
    return found


def _owner(wanted: str | None) -> Person | None:
    if wanted is None:
        return None
    found = Person.objects.filter(username=wanted, is_active=True).first()
    if found is None:
        raise ProblemError(422, "there is no such person")
    return found
