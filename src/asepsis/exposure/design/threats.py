"""A threat model by STRIDE, from the flows that were seen: elements and flows in, threats with evidence out.

STRIDE per element (Shostack, *Threat Modeling*, 2014, chapter 3; Microsoft's chart): what is outside can be spoofed and
can deny what it did, a process can suffer all six, a store and a flow tampering, disclosure and denial of service.
Severity is harm to the patient: what changes or stops the device counts as the device's own worst harm, what is only
read counts as minor. The flows that keep the network going are modelled as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Final

from asepsis.exposure.design.examine import SLIGHT, Bench, Inputs
from asepsis.exposure.design.flow import Flow, Place, Protection
from asepsis.exposure.design.topics import TOPICS, Topic
from asepsis.exposure.weaknesses.weakness import Seen, Weakness
from asepsis.kernel.value import value
from asepsis.knowledge.harm import SEVERITIES

# Threats of a report: six to a flow; a device with more partners is described by the first ones.
THREATS_LIMIT: Final = 600


class Stride(StrEnum):
    """The six kinds of threats."""

    SPOOFING = "Spoofing"
    TAMPERING = "Tampering"
    REPUDIATION = "Repudiation"
    DISCLOSURE = "Information disclosure"
    DENIAL = "Denial of service"
    ELEVATION = "Elevation of privilege"


class Element(StrEnum):
    """What a threat is to."""

    DEVICE = "device"
    PARTNER = "partner"
    FLOW = "flow"
    STORE = "store"


class Standing(StrEnum):
    """What the capture says of a threat."""

    OPEN = "open"
    """Something was seen that lets it happen."""
    COVERED = "covered"
    """Something was seen that stands against it."""
    CANNOT_TELL = "cannot tell"


@value
class Threat:
    """One threat to one element."""

    kind: Stride
    element: Element
    name: str
    """Of the element."""
    what: str
    standing: Standing
    severity: str
    evidence: Seen | None
    why: str
    mitigation: str
    topic: Topic

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "threat": str(self.kind),
            "element": str(self.element),
            "name": self.name,
            "what": self.what,
            "standing": str(self.standing),
            "severity": self.severity,
            "why": self.why,
            "evidence": None if self.evidence is None else self.evidence.document(),
            "mitigation": self.mitigation,
            "topic": self.topic.document(),
        }


@value
class Store:
    """Data that the device must hold to do what was seen."""

    name: str
    why: str
    seen: Seen | None
    has_patient_data: bool


def stores_of(bench: Bench) -> tuple[Store, ...]:
    """The stores that the traffic and the device's kind imply."""
    found = [
        Store(name="Settings and software", why="every device that runs holds them", seen=None, has_patient_data=False)
    ]
    patient = next((flow for flow in bench.flows if flow.has_patient_data), None)
    if patient is not None:
        words = "it sends or takes data of patients"
        found.append(Store(name="Data of patients", why=words, seen=patient.seen, has_patient_data=True))
    for one in bench.weaknesses:
        if one.kind.id in ("credentials-in-clear", "default-credentials"):
            words = "it takes names and passwords"
            found.append(Store(name="Accounts", why=words, seen=one.evidence[0], has_patient_data=False))
            break
    return tuple(found)


def threats_of(inputs: Inputs) -> tuple[Threat, ...]:
    """The threat model of the prototype; empty where there is no capture.

    Returns:
        Open threats first, then by severity.
    """
    bench = inputs.bench
    if bench is None:
        return ()
    seen = {one.kind.id: one for one in bench.weaknesses}
    threats = [*_of_device(inputs, bench, seen)]
    for store in stores_of(bench):
        threats.extend(_of_store(store, inputs, bench, seen))
    for flow in bench.flows:
        if not flow.is_service and len(threats) < THREATS_LIMIT:
            threats.extend(_of_flow(flow, inputs, seen))
    services = [flow for flow in bench.flows if flow.is_service]
    if services:
        threats.append(_of_services(services, inputs))
    worst = {severity: place for place, severity in enumerate(reversed(SEVERITIES))}
    order = {standing: place for place, standing in enumerate((Standing.OPEN, Standing.CANNOT_TELL, Standing.COVERED))}
    return tuple(sorted(threats, key=lambda one: (order[one.standing], worst[one.severity])))


def _evidence(seen: dict[str, Weakness], *kinds: str) -> Weakness | None:
    return next((seen[kind] for kind in kinds if kind in seen), None)


_NO_PROOF: Final = (
    *("default-credentials", "anonymous-access", "service-without-authentication", "control-without-authentication"),
    *("credentials-in-clear", "telnet", "rdp-without-nla", "ble-pairing-unprotected", "wifi-open"),
)


def _of_device(inputs: Inputs, bench: Bench, seen: dict[str, Weakness]) -> Iterator[Threat]:
    name = bench.device.model or "the device"
    rows = (
        (
            *(Stride.SPOOFING, "Somebody takes the device's place, or a partner's before it", "authentication"),
            *(_NO_PROOF, "Prove both ends by certificates, one for each device."),
        ),
        (
            *(Stride.TAMPERING, "Somebody changes its settings, its software or what it does", "integrity"),
            *(("default-credentials", "control-without-authentication", "telnet", "ftp"),),
            "Take orders and software only with proof of who gave them; start only signed software.",
        ),
        (
            *(Stride.DENIAL, "It stops or slows when it is flooded or fed what it does not expect", "resilience"),
            *((), "Keep its clinical function going without the network; test it with floods and malformed messages."),
        ),
        (
            *(Stride.ELEVATION, "Somebody gets rights that the role does not have", "authorization"),
            *(("os-out-of-support", "ssh-out-of-support", "smb-version-1", "management-from-internet"),),
            "Close what is not needed, keep the system in support, and separate service from clinical use.",
        ),
    )
    for kind, what, topic, kinds, mitigation in rows:
        weakness = _evidence(seen, *kinds)
        yield _threat(
            kind,
            Element.DEVICE,
            name,
            what,
            Standing.CANNOT_TELL if weakness is None else Standing.OPEN,
            inputs.severity,
            None if weakness is None else weakness.evidence[0],
            "Nothing of it shows in ordinary traffic." if weakness is None else f"{weakness.kind.title}.",
            mitigation,
            topic,
        )
    events = next((flow for flow in bench.flows if flow.is_client and flow.port in (514, 6514, 162)), None)
    yield _threat(
        Stride.REPUDIATION,
        Element.DEVICE,
        name,
        "Nobody can show later who changed what",
        Standing.CANNOT_TELL if events is None else Standing.COVERED,
        SLIGHT,
        None if events is None else events.seen,
        "No export of events was seen." if events is None else f"Events go out: {events.words()}.",
        "Log sign-ins, settings and updates with a time, and let owners take the log out.",
        "logging",
    )


def _of_store(store: Store, inputs: Inputs, bench: Bench, seen: dict[str, Weakness]) -> Iterator[Threat]:
    update = next((one for one in bench.transfers if not one.is_signature), None)
    if store.name == "Settings and software":
        yield _threat(
            Stride.TAMPERING,
            Element.STORE,
            store.name,
            "Other software gets in by the way of updates",
            Standing.CANNOT_TELL if update is None else Standing.OPEN,
            inputs.severity,
            None if update is None else update.seen,
            "No update was seen." if update is None else f"{update.name} crossed the wire in clear.",
            "Verify a signature on the device before anything is written; keep a way back.",
            "updates",
        )
        return
    door = _evidence(seen, "default-credentials", "anonymous-access", "service-without-authentication", "ftp", "telnet")
    yield _threat(
        Stride.DISCLOSURE,
        Element.STORE,
        store.name,
        "Strangers read what it holds",
        Standing.CANNOT_TELL if door is None else Standing.OPEN,
        SLIGHT,
        store.seen if door is None else door.evidence[0],
        f"{store.why[:1].upper()}{store.why[1:]}."
        if door is None
        else f"{store.why[:1].upper()}{store.why[1:]}, and {door.kind.title[:1].lower()}{door.kind.title[1:]}.",
        "Encrypt it at rest with keys that do not leave the device; ask for proof before it is read.",
        "confidentiality",
    )
    yield _threat(
        Stride.TAMPERING,
        Element.STORE,
        store.name,
        "Wrong values are put among what it holds",
        Standing.CANNOT_TELL if door is None else Standing.OPEN,
        inputs.severity,
        store.seen if door is None else door.evidence[0],
        "Who may write, traffic does not show." if door is None else f"{door.kind.title}.",
        "Ask for proof before anything is written, and keep what was there before.",
        "integrity",
    )


def _of_flow(flow: Flow, inputs: Inputs, seen: dict[str, Weakness]) -> Iterator[Threat]:
    name = flow.words()
    is_safe = flow.protection is Protection.ENCRYPTED
    is_open = flow.protection is Protection.CLEAR
    standing = Standing.COVERED if is_safe else Standing.OPEN if is_open else Standing.CANNOT_TELL
    why = {
        Protection.ENCRYPTED: f"{flow.application.upper()} protects it.",
        Protection.CLEAR: f"{flow.application.upper() or 'It'} was read in clear.",
        Protection.UNKNOWN: "Its content was not recognised.",
    }[flow.protection]
    weak = _evidence(seen, "tls-below-1.2", "certificate-expired", "ssh-weak") if is_safe else None
    if weak is not None and any(one.partner in (flow.partner, flow.partner_ip) for one in weak.evidence):
        standing, why = Standing.OPEN, f"{why} {weak.kind.title}."
    yield _threat(
        Stride.TAMPERING,
        Element.FLOW,
        name,
        "What is sent is changed on the way: a wrong order, value or image",
        *(standing, inputs.severity, flow.seen, why),
        "TLS 1.2 or newer with proof of both ends, or signatures on the messages.",
        "integrity",
    )
    yield _threat(
        Stride.DISCLOSURE,
        Element.FLOW,
        name,
        "Data of patients are read on the way" if flow.has_patient_data else "What is sent is read on the way",
        *(standing, SLIGHT, flow.seen, why),
        "TLS 1.2 or newer; send no more of the patient than the partner needs.",
        "confidentiality",
    )
    yield _threat(
        Stride.DENIAL,
        Element.FLOW,
        name,
        "The flow is cut or flooded",
        *(Standing.CANNOT_TELL, inputs.severity if flow.place is Place.LOCAL else SLIGHT, flow.seen),
        "What the device does then, ordinary traffic does not show.",
        "Tell people at once when the flow ends, and keep data until it is back.",
        "resilience",
    )
    if flow.place is not Place.GROUP:
        outside = " from outside the hospital" if flow.place is Place.INTERNET else ""
        yield _threat(
            Stride.SPOOFING,
            Element.PARTNER,
            flow.partner,
            f"Another program takes the place of {flow.partner}{outside}",
            *(standing, inputs.severity, flow.seen, why),
            "Certificates of both ends, checked against the hospital's or the maker's authority.",
            "authentication",
        )


def _of_services(services: Iterable[Flow], inputs: Inputs) -> Threat:
    flows = sorted(services, key=lambda flow: flow.application)
    names = ", ".join(dict.fromkeys(flow.application.upper() for flow in flows if flow.application))
    return _threat(
        Stride.SPOOFING,
        Element.PARTNER,
        "Services of the network",
        f"Wrong answers to {names or 'the network'} lead the device elsewhere or set its clock",
        *(Standing.OPEN, SLIGHT, flows[0].seen, f"{names or 'They'} prove nothing of who answers."),
        "Trust no name or time for safety: check certificates, and bound how far the clock may jump.",
        "resilience",
    )


def _threat(
    kind: Stride,
    element: Element,
    name: str,
    what: str,
    standing: Standing,
    severity: str,
    evidence: Seen | None,
    why: str,
    mitigation: str,
    topic: str,
) -> Threat:
    return Threat(
        kind=kind,
        element=element,
        name=name,
        what=what,
        standing=standing,
        severity=severity,
        evidence=evidence,
        why=why,
        mitigation=mitigation,
        topic=TOPICS[topic],
    )
