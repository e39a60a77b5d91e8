"""``design check``: reads a maker's files, analyses the capture of the prototype apart, and makes the report.

The capture goes into a workspace of its own that is removed afterwards: a prototype is no device of the hospital.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from asepsis.devices.device import Device
from asepsis.exposure.advisory import Advisory, Problem
from asepsis.exposure.design.drawing import draw
from asepsis.exposure.design.examine import Bench, Inputs, examine
from asepsis.exposure.design.flow import FLOWS_LIMIT, flows_of, names_of
from asepsis.exposure.design.mud import MUD_LIMIT_BYTES, Mud, read_mud
from asepsis.exposure.design.report import Report
from asepsis.exposure.design.threats import stores_of, threats_of
from asepsis.exposure.design.updates import transfers
from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES
from asepsis.exposure.feeds.reading import Document
from asepsis.exposure.feeds.sbom import Bill, read_sbom
from asepsis.exposure.matching.components import ComponentMatcher
from asepsis.exposure.mds2 import Form, observe
from asepsis.exposure.message import facts_of
from asepsis.exposure.weaknesses import judge
from asepsis.history import Selection
from asepsis.history.reader import Reader
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.time import SECOND_NS
from asepsis.knowledge.harm import harm_of
from asepsis.knowledge.vocabulary import Category
from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.exposure import load_form
from asepsis.pipeline.feeds import Feeds
from asepsis.pipeline.feeds_folder import read_folder
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace

SITE: Final = "bench"
# Rows of one question about one device: a day of a talkative one has some hundred thousand conversations.
ROWS_LIMIT: Final = 500_000

Choose = Callable[[Sequence[Device]], Device]
"""Which of the devices of the capture is the prototype."""


class DesignError(AsepsisError):
    """The files of a design cannot be held against each other."""


def check_design(
    *,
    sbom: Path | None = None,
    mds2: Path | None = None,
    capture: Path | None = None,
    mud: Path | None = None,
    choose: Choose | None = None,
    category: str | None = None,
    advisories: Sequence[Advisory] = (),
    now_ns: int | None = None,
) -> Report:
    """Holds the files of a design against each other.

    Args:
        sbom: A list of components, CycloneDX or SPDX.
        mds2: A disclosure form, XLSX or CSV.
        capture: Captures of the prototype on the bench: a file or a folder.
        mud: A MUD file.
        choose: Finds the prototype among the devices of the capture; the only one when it is None.
        category: What the device is; what the traffic says when it is None.
        advisories: What components are held against.
        now_ns: For which moment support is judged; now when it is None.

    Raises:
        DesignError: A file is none of its kind, or the prototype is not told among several devices.
        AsepsisError: A file cannot be read.
    """
    if category is not None and category not in {str(one) for one in Category}:
        raise DesignError(
            f"there is no category {category!r}", code="category-unknown", hint="docs/reference/categories.md"
        )
    moment = time.time_ns() if now_ns is None else now_ns
    today = datetime.fromtimestamp(moment // SECOND_NS, UTC)
    bill = None if sbom is None else _bill(sbom)
    form = None if mds2 is None else load_form(mds2)
    described = None if mud is None else _mud(mud)
    bench = None if capture is None else _bench(capture, choose, category, moment)
    matcher = ComponentMatcher(advisories)
    inputs = Inputs(
        bill=bill,
        verdicts=() if bill is None else tuple(v for one in bill.components for v in matcher.verdicts(one)),
        advisories=len(advisories),
        form=form,
        mud=described,
        bench=bench,
        category=category or (bench.device.category if bench is not None else None),
        today=today.date(),
    )
    harm = harm_of(inputs.category)
    stores = () if bench is None else stores_of(bench)
    name = _name(bill, form, described, bench)
    return Report(
        name=name,
        made=today.isoformat(),
        inputs=tuple(_told(sbom, bill, mds2, form, capture, bench, mud, described, len(advisories))),
        severity=inputs.severity,
        function="" if harm is None else harm.function,
        checks=examine(inputs),
        threats=threats_of(inputs),
        flows=() if bench is None else bench.flows,
        stores=stores,
        drawing="" if bench is None else draw(name, bench.flows, stores),
    )


def advisories_of(workspace: Workspace | None, folder: Path | None) -> list[Advisory]:
    """What components are held against: the documents of a folder, else those that the workspace holds."""
    if folder is not None:
        contents = (found.content for found in read_folder(folder) if isinstance(found, Document))
        return [content for content in contents if isinstance(content, Advisory)]
    if workspace is None or not workspace.feeds_path.exists():
        return []
    with Feeds.open(workspace.feeds_path) as feeds:
        return list(feeds.advisories())


def _bill(path: Path) -> Bill:
    found = read_sbom(_content(path, DOCUMENT_LIMIT_BYTES))
    if isinstance(found, Problem):
        raise DesignError(
            f"{path}: {found.where} {found.why}".replace("  ", " "),
            code="sbom-unreadable",
            hint="CycloneDX (JSON, XML) and SPDX 2 (JSON, XML, tag-value) are read.",
        )
    return found


def _mud(path: Path) -> Mud:
    found = read_mud(_content(path, MUD_LIMIT_BYTES))
    if isinstance(found, Problem):
        raise DesignError(
            f"{path}: {found.where} {found.why}".replace("  ", " "),
            code="mud-unreadable",
            hint="A MUD file is JSON by RFC 8520 that begins with ietf-mud:mud.",
        )
    return found


def _content(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte beyond the limit is enough to know that it is too large.
            return file.read(limit_bytes + 1)
    except OSError as error:
        raise DesignError(f"cannot read {path}: {error.strerror or error}", code="design-unreadable") from error


def _bench(capture: Path, choose: Choose | None, category: str | None, now_ns: int) -> Bench:
    with tempfile.TemporaryDirectory(prefix="asepsis-design-") as folder:
        workspace = Workspace(Path(folder, "workspace")).create()
        report = analyze([capture], workspace=workspace, site=SITE)
        failed = [one for one in report.captures if one.error is not None]
        if failed and len(failed) == len(report.captures):
            raise DesignError(str(failed[0].error), code="capture-unreadable", hint=failed[0].hint or "")
        with Registry.open(workspace.registry_path) as registry:
            devices = registry.devices(SITE)
            device = _prototype(devices, choose, capture)
            if category is not None:
                device = replace(device, category=category)
            with workspace.history().reader(registry.intervals(SITE)) as reader:
                return _seen(reader, device, devices, now_ns)


def _prototype(devices: Sequence[Device], choose: Choose | None, capture: Path) -> Device:
    if not devices:
        raise DesignError(f"{capture}: no device was seen in it", code="design-no-device")
    if choose is not None:
        return choose(devices)
    if len(devices) > 1:
        shown = ", ".join(_called(device) for device in devices[:12])
        raise DesignError(
            f"{capture} shows {len(devices)} devices, and which of them is the prototype is not said",
            code="design-which-device",
            hint=f"Name it: --device ADDRESS; there are {shown}{' and others' if len(devices) > 12 else ''}",
        )
    return devices[0]


def _seen(reader: Reader, device: Device, devices: Sequence[Device], now_ns: int) -> Bench:
    about = Selection(device=device.id, limit=ROWS_LIMIT)
    posture = list(reader.ask("posture", Selection(limit=ROWS_LIMIT)).documents())
    served = list(reader.ask("served", about).documents())
    # Names were asked for by anybody on the bench; the address means the same for all.
    spoken = [
        row
        for protocol in ("dns", "tls")
        for row in reader.ask("messages", Selection(protocol=protocol, limit=ROWS_LIMIT)).documents()
    ]
    own = [row for row in spoken if row["source_device"] == device.id]
    patients: set[tuple[str, str]] = set()
    for row in reader.ask("patient-data", about).documents():
        is_sender = row["source_device"] == device.id
        patients.add((row["protocol"], row["destination_ip"] if is_sender else row["source_ip"]))
    found = judge(posture, served, [device], now_ns=now_ns)
    return Bench(
        device=device,
        flows=flows_of(
            reader.ask("conversation-details", about).documents(),
            device,
            names=names_of(spoken),
            devices={one.id: _called(one) for one in devices},
            patient_data=frozenset(patients),
        )[:FLOWS_LIMIT],
        weaknesses=found,
        behaviour=observe(posture, served, device, now_ns=now_ns),
        transfers=transfers(
            reader.ask("messages", Selection(device=device.id, protocol="http", limit=ROWS_LIMIT)).documents(), device
        ),
        hellos=offers(own),
    )


def offers(messages: Sequence[dict[str, object]]) -> tuple[tuple[str, str], ...]:
    """(server, highest version) of every ClientHello that differs."""
    found: dict[tuple[str, str], None] = {}
    for row in messages:
        if row["kind"] != "ClientHello":
            continue
        facts = facts_of(row)
        versions = [version for version in facts.get("versions") or () if isinstance(version, str)]
        if versions:
            found[str(facts.get("server_name") or row["destination_ip"]), max(versions)] = None
    return tuple(found)


def _called(device: Device) -> str:
    return device.names[0] if device.names else next(iter((*device.ips, *device.macs)), device.id)


def _name(bill: Bill | None, form: Form | None, mud: Mud | None, bench: Bench | None) -> str:
    if form is not None and (form.manufacturer or form.model):
        return f"{form.manufacturer} {form.model}".strip()
    if bill is not None and bill.subject:
        return bill.subject
    if mud is not None and (mud.model or mud.system):
        return mud.model or mud.system
    if bench is not None:
        return bench.device.model or _called(bench.device)
    return "the device"


def _told(
    sbom: Path | None,
    bill: Bill | None,
    mds2: Path | None,
    form: Form | None,
    capture: Path | None,
    bench: Bench | None,
    mud: Path | None,
    described: Mud | None,
    advisories: int,
) -> list[tuple[str, str]]:
    told = []
    if sbom is not None and bill is not None:
        told.append(("List of components", f"{sbom.name}: {len(bill.components):,} components ({bill.form})"))
        told.append(("Advisories", f"{advisories:,} documents"))
    if mds2 is not None and form is not None:
        told.append(("Disclosure form", f"{mds2.name}: {form.edition}, {len(form.answers)} answers"))
    if mud is not None and described is not None:
        told.append(("MUD file", f"{mud.name}: {len(described.rules)} rules, {len(described.profiles)} TLS profiles"))
    if capture is not None and bench is not None:
        told.append(("Capture", f"{capture.name}: {_called(bench.device)}, {len(bench.flows)} flows"))
    return told
