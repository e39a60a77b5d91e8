"""The packet behind a claim: its bytes, its headers in words, and the message that was read from it.

What a packet carries may be of a patient. It is masked until somebody who may see packets asks for it, and that is
recorded before the answer leaves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from asepsis.devices.device import Evidence
from asepsis.devices.phrases import witness
from asepsis.history import HistoryError
from asepsis.history.digest import digest_file
from asepsis.history.queries import Selection
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.pipeline.registry import CaptureRecord, Registry
from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.models import Device
from asepsis.web.devices.views import found
from asepsis.web.ledger.record import record
from asepsis.web.settings import WORKSPACE
from asepsis.wire.headers import Headers, headers_of
from asepsis.wire.packet import Packet, packet_at
from asepsis.wire.source import open_source

ROW: Final = 16
MOST_SHOWN_BYTES: Final = 4096
"""Of a packet; a jumbo frame has 9,000, and nobody reads so far."""
MOST_MESSAGES: Final = 20
DIGEST_KEPT_SECONDS: Final = 24 * 3600
MASK: Final = "··"


@value
class Cell:
    """One byte of the dump."""

    hexadecimal: str
    sign: str
    layer: int
    """Which header it belongs to, from 0; its class."""


@value
class Row:
    """Sixteen bytes."""

    offset: str
    cells: tuple[Cell, ...]


@requires(Action.DEVICE_EVIDENCE)
def evidence(request: HttpRequest, device_id: str, number: int) -> HttpResponse:
    """One clue with the packet that gave it."""
    opened = request.GET.get("payload") == "shown"
    return render(request, "devices/evidence.html", shown_clue(request, device_id, number, opened=opened))


def shown_clue(request: HttpRequest, device_id: str, number: int, *, opened: bool) -> dict[str, Any]:
    """A clue and its packet, for the page and the API; that it was shown is recorded.

    Args:
        request: Who asks.
        device_id: Of which device.
        number: The place of the clue among the evidence.
        opened: Whether what the packet carries is asked for too; it stays masked for whoever may not.

    Raises:
        Http404: There is no such device or clue, or none for this person.
    """
    # No note of the hospital's stands on this page.
    device = found(request, device_id, Action.DEVICE_EVIDENCE, fulfils=[Obligation.HIDE_NOTES])
    with Registry.open(WORKSPACE.registry_path) as registry:
        known = registry.device(device.pk)
        captures = {entry.digest: entry for _, entry in registry.captures(device.site.name)}
    if known is None or not 0 <= number < len(known.evidence):
        raise Http404
    clue = known.evidence[number]
    context = shown_packet(request, device, clue, captures, opened=opened)
    return context | {"number": number, "count": len(known.evidence)}


def shown_packet(
    request: HttpRequest, device: Device, clue: Evidence, captures: Mapping[str, CaptureRecord], *, opened: bool
) -> dict[str, Any]:
    """A claim about a device and its packet, for a template that includes ``devices/packet.html``; it is recorded.

    Args:
        request: Who asks; that this person may see the evidence was decided.
        device: Of which device.
        clue: What is claimed; its capture and packet come from what was kept, never from the request.
        captures: Of the device's site, by digest.
        opened: Whether what the packet carries is asked for too; it stays masked for whoever may not.
    """
    context: dict[str, Any] = {
        "device": device,
        "clue": clue,
        "who": witness(clue.protocol)[0],
        "capture": Path(captures[clue.capture].path).name if clue.capture in captures else "",
        "messages_read": _messages(clue),
    }
    may_open = may(request.user, Action.PACKET_VIEW, device).allowed
    may_headers = may_open or may(request.user, Action.PACKET_VIEW, device, fulfils=[Obligation.MASK_PAYLOAD]).allowed
    opened = may_open and opened
    context |= {"may_open": may_open, "may_headers": may_headers, "opened": opened}
    if clue.packet and may_headers:
        context |= _packet(clue, captures.get(clue.capture), opened=opened)
    what = {"attribute": clue.attribute, "capture": clue.capture, "packet": clue.packet, "payload": opened}
    record(request, Action.PACKET_VIEW if opened else Action.DEVICE_EVIDENCE, subject=f"device:{device.pk}", what=what)
    return context


def _packet(clue: Evidence, capture: CaptureRecord | None, *, opened: bool) -> dict[str, Any]:
    if capture is None:
        return {"missing": "The capture is not known to this workspace any more."}
    path = Path(capture.path)
    if not path.is_file():
        return {"missing": f"The capture is no longer where it was analysed: {capture.path}"}
    try:
        if not _is_content(path, capture.digest):
            return {"missing": f"Another file lies where the capture was analysed: {capture.path}"}
        source, _ = open_source(path)
        try:
            packet = packet_at(source, clue.packet)
        finally:
            source.close()
    except AsepsisError as error:
        return {"missing": f"{error.message[:1].upper()}{error.message[1:]}. {error.hint}"}
    except OSError as error:
        return {"missing": f"The capture cannot be read: {error.strerror}"}
    if packet is None:
        return {"missing": f"{capture.path} has no packet {clue.packet}: another file lies there now."}
    headers = headers_of(packet.data, packet.link_type)
    return {
        "packet": packet,
        "headers": headers,
        "rows": dump(packet, headers, opened=opened),
        "left": max(0, len(packet.data) - MOST_SHOWN_BYTES),
        "carried": len(packet.data) - headers.payload,
    }


def _is_content(path: Path, digest: str) -> bool:
    """Whether the file is the one that was analysed; asked of its bytes once, and again when it was touched."""
    found = path.stat()
    key = f"capture-{hashlib.sha256(f'{path} {found.st_size} {found.st_mtime_ns}'.encode()).hexdigest()}"
    known = cache.get(key)
    if known is None:
        known = digest_file(path)
        cache.set(key, known, DIGEST_KEPT_SECONDS)
    return bool(known == digest)


def dump(packet: Packet, headers: Headers, *, opened: bool) -> list[Row]:
    """The bytes in rows, what the packet carries as dots unless it is ``opened``."""
    layer_of = [0] * len(packet.data)
    for place, layer in enumerate(headers.layers):
        layer_of[layer.begin : layer.end] = [place] * (layer.end - layer.begin)
    rows = []
    for begin in range(0, min(len(packet.data), MOST_SHOWN_BYTES), ROW):
        cells = []
        for at in range(begin, min(begin + ROW, len(packet.data))):
            byte = packet.data[at]
            hidden = at >= headers.payload and not opened
            sign = chr(byte) if 32 <= byte < 127 else "."
            shown = (MASK, "·") if hidden else (f"{byte:02x}", sign)
            cells.append(Cell(hexadecimal=shown[0], sign=shown[1], layer=min(layer_of[at], 6)))
        rows.append(Row(offset=f"{begin:04x}", cells=tuple(cells)))
    return rows


def _messages(clue: Evidence) -> list[dict[str, Any]]:
    """What was read from the packet. Dissectors keep no text of patients, so this is never masked."""
    if not clue.packet:
        return []
    selection = Selection(capture=clue.capture, packet=clue.packet, limit=MOST_MESSAGES)
    try:
        with WORKSPACE.history().reader() as reader:
            rows = list(reader.messages(selection).documents())
    except HistoryError:
        return []
    return [
        {
            "protocol": row["protocol"],
            "kind": row["kind"],
            "at": datetime.fromtimestamp(row["time_ns"] // SECOND_NS, UTC),
            "source": f"{row['source_ip']}:{row['source_port']}" if row["source_port"] else row["source_ip"],
            "destination": f"{row['destination_ip']}:{row['destination_port']}"
            if row["destination_port"]
            else row["destination_ip"],
            "facts": list(_facts(json.loads(row["facts"]))),
        }
        for row in rows
    ]


def _facts(facts: dict[str, Any]) -> Any:
    for name, held in facts.items():
        if isinstance(held, bool):
            text = "yes" if held else "no"
        elif isinstance(held, list):
            text = ", ".join(str(one) for one in held)
        elif isinstance(held, dict):
            text = ", ".join(f"{key}: {one}" for key, one in held.items())
        else:
            text = str(held)
        yield name, text, name in ("patient_data_in_clear", "patient_data", "credentials_in_clear") and bool(held)
