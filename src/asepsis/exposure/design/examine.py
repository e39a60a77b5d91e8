"""Holds a design's documents and its prototype's traffic against each other: inputs in, checks by topic out.

Pure: no file, no clock. A check says ``not looked at`` where its inputs are missing, and ``cannot tell`` where the
inputs leave it open; only what follows from them is ``found``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from asepsis.devices.device import Device
from asepsis.exposure.design.check import Check, Item, Outcome
from asepsis.exposure.design.declared import Comparison, Declared, compare
from asepsis.exposure.design.flow import Flow, Place, Protection
from asepsis.exposure.design.mud import Mud
from asepsis.exposure.design.topics import TOPICS
from asepsis.exposure.design.updates import Transfer
from asepsis.exposure.feeds.sbom import Bill, Component
from asepsis.exposure.finding import Exposed
from asepsis.exposure.matching.components import ComponentVerdict
from asepsis.exposure.mds2 import Behaviour, Form, Standing, check
from asepsis.exposure.weaknesses.weakness import Seen, Weakness
from asepsis.kernel.value import value
from asepsis.knowledge.harm import SEVERITIES, harm_of
from asepsis.knowledge.support import support_of_component, support_of_system

# Things of one check in a report: more than a team reads; the count goes on beyond it.
ITEMS_LIMIT: Final = 500
# Harm by which nobody is injured: what is read by strangers, or a paper that is wrong.
SLIGHT: Final = "minor"
UNKNOWN_SEVERITY: Final = "serious"
"""For a device of no known category: injury that needs care, until somebody says what it does."""


@value
class Bench:
    """What the capture of the prototype showed."""

    device: Device
    flows: tuple[Flow, ...]
    weaknesses: tuple[Weakness, ...]
    behaviour: Behaviour
    transfers: tuple[Transfer, ...]
    hellos: tuple[tuple[str, str], ...]
    """(server, highest TLS version that the device offered it)"""


@value
class Inputs:
    """What a maker gave; what was not given is None."""

    bill: Bill | None
    verdicts: tuple[ComponentVerdict, ...]
    advisories: int
    """How many documents the components were held against."""
    form: Form | None
    mud: Mud | None
    bench: Bench | None
    category: str | None
    """What the device is: as the maker says it, else as the traffic does."""
    today: date

    @property
    def severity(self) -> str:
        """Harm at worst when the device does something else than it should."""
        harm = harm_of(self.category)
        return UNKNOWN_SEVERITY if harm is None else harm.severity


def examine(inputs: Inputs) -> tuple[Check, ...]:
    """All checks, in the order of the topics."""
    comparison = None
    if inputs.mud is not None and inputs.bench is not None:
        comparison = compare(inputs.mud, inputs.bench.flows)
    checks = [
        _vulnerable(inputs),
        _unsupported(inputs),
        _complete(inputs),
        *_weaknesses(inputs),
        _clear_flows(inputs),
        _updates(inputs),
        _open_ports(inputs, comparison),
        _undeclared(inputs, comparison),
        _unseen(inputs, comparison),
        _profiles(inputs),
        _disclosure(inputs),
        _events(inputs),
    ]
    order = {topic: place for place, topic in enumerate(TOPICS)}
    return tuple(sorted(checks, key=lambda one: order[one.topic.id]))


def _check(
    name: str,
    title: str,
    topic: str,
    says: str,
    found: Iterable[Item] = (),
    unsure: Iterable[Item] = (),
    *,
    looked: bool = True,
) -> Check:
    items, open_ones = tuple(found), tuple(unsure)
    outcome = Outcome.NOT_LOOKED_AT
    if looked:
        outcome = Outcome.FOUND if items else Outcome.CANNOT_TELL if open_ones else Outcome.NOTHING
    worst = {severity: place for place, severity in enumerate(reversed(SEVERITIES))}
    items = tuple(sorted(items, key=lambda item: (worst[item.severity], item.title)))
    return Check(
        id=name,
        title=title,
        topic=TOPICS[topic],
        outcome=outcome,
        says=says,
        found=items[:ITEMS_LIMIT],
        unsure=open_ones[:ITEMS_LIMIT],
    )


# -- the list of components -------------------------------------------------------------------------------------------

_NO_BILL: Final = "No list of components (SBOM) was given."
_NO_CAPTURE: Final = "No capture of the prototype was given."
_NO_MUD: Final = "No MUD file was given."


def _vulnerable(inputs: Inputs) -> Check:
    name, title = "components-vulnerable", "Components with known vulnerabilities"
    if inputs.bill is None:
        return _check(name, title, "components", _NO_BILL, looked=False)
    if not inputs.advisories:
        says = "There are no advisories to hold the components against: asepsis feeds update, or --feeds FOLDER."
        return _check(name, title, "components", says, looked=False)
    by_answer: dict[Exposed, list[Item]] = {answer: [] for answer in Exposed}
    for verdict in inputs.verdicts:
        which = f"{verdict.component.name} {verdict.component.version}".strip()
        by_answer[verdict.answer].append(
            Item(
                title=f"{which}: {verdict.vulnerability or 'a vulnerability without a number'}",
                why=f"{verdict.advisory.rpartition(chr(10))[2].upper()} says: {verdict.words}; {verdict.why}",
                severity=inputs.severity,
                source=f"SBOM: {which} (by {verdict.by})",
                seen=None,
                action="Update the component, or publish a VEX statement that says why it does no harm here.",
            )
        )
    count = len(inputs.bill.components)
    says = f"{count:,} components were held against {inputs.advisories:,} advisories."
    return _check(name, title, "components", says, by_answer[Exposed.AFFECTED], by_answer[Exposed.CANNOT_TELL])


def _unsupported(inputs: Inputs) -> Check:
    name, title = "components-unsupported", "Components out of support"
    if inputs.bill is None:
        return _check(name, title, "components", _NO_BILL, looked=False)
    found, known = [], 0
    for component in inputs.bill.components:
        support = support_of_component(component.name, component.version) or support_of_system(
            f"{component.name} {component.version}".strip()
        )
        if support is None:
            continue
        known += 1
        if support.ends < inputs.today:
            found.append(
                Item(
                    title=f"{component.name} {component.version}: support ended {support.ends}",
                    why=f"{support.product} gets no more updates ({support.source}).",
                    severity=inputs.severity,
                    source=f"SBOM: {component.name} {component.version}",
                    seen=None,
                    action="Move to a version in support, or say in the submission who mends it and until when.",
                )
            )
    total = len(inputs.bill.components)
    says = f"Of {total:,} components, the end of support of {known:,} is known here; of the others it must be asked."
    unsure: tuple[Item, ...] = ()
    if known < total:
        unsure = (
            Item(
                title=f"End of support of {total - known:,} components is not known",
                why="Guidance V.A.4 asks for the level and the end of support of each component.",
                severity=SLIGHT,
                source="SBOM",
                seen=None,
                action="Add the end of support to each component of the list.",
            ),
        )
    return _check(name, title, "components", says, found, unsure)


def _complete(inputs: Inputs) -> Check:
    """The baseline attributes that guidance V.A.4 names by NTIA's framing: supplier, name, version, identifier."""
    name, title = "components-incomplete", "Components that the list does not name fully"
    if inputs.bill is None:
        return _check(name, title, "components", _NO_BILL, looked=False)
    found = []
    for component in inputs.bill.components:
        missing = [word for word, is_there in _attributes(component) if not is_there]
        if missing:
            which = f"{component.name or component.ref or 'a component'} {component.version}".strip()
            found.append(
                Item(
                    title=f"{which}: no {', no '.join(missing)}",
                    why="An owner cannot tell whether an advisory means this component.",
                    severity=SLIGHT,
                    source=f"SBOM: {which}",
                    seen=None,
                    action="Complete the entry.",
                )
            )
    problems = [
        Item(
            title=f"{problem.where or 'the list'} {problem.why}",
            why="Part of the list could not be read.",
            severity=SLIGHT,
            source="SBOM",
            seen=None,
            action="Correct the list.",
        )
        for problem in inputs.bill.problems
    ]
    says = f"{len(inputs.bill.components):,} components, {len(found):,} of them lack an attribute."
    return _check(name, title, "components", says, [*found, *problems])


def _attributes(component: Component) -> Sequence[tuple[str, bool]]:
    return (
        ("name", bool(component.name)),
        ("version", bool(component.version)),
        ("supplier", bool(component.maker)),
        ("identifier (purl or CPE)", bool(component.purls or component.cpes)),
    )


# -- the traffic ------------------------------------------------------------------------------------------------------

_OF_KIND: Final[dict[str, tuple[str, bool]]] = {
    "patient-data-in-clear": ("confidentiality", False),
    "credentials-in-clear": ("authentication", True),
    "default-credentials": ("authentication", True),
    "anonymous-access": ("authentication", True),
    "service-without-authentication": ("authentication", True),
    "control-without-authentication": ("authentication", True),
    "rdp-without-nla": ("authentication", True),
    "ble-pairing-unprotected": ("authentication", True),
    "wifi-open": ("authentication", True),
    "management-from-internet": ("authorization", True),
    "tls-below-1.2": ("cryptography", True),
    "certificate-expired": ("cryptography", True),
    "ssh-weak": ("cryptography", True),
    "wifi-weak": ("cryptography", True),
    "smb-version-1": ("integrity", True),
    "telnet": ("authentication", True),
    "ftp": ("confidentiality", False),
    "snmp-unprotected": ("confidentiality", False),
    "internet-contact": ("interfaces", False),
    "ssh-out-of-support": ("components", True),
    "os-out-of-support": ("components", True),
}
"""Weakness to its topic, and whether somebody can change by it what the device does."""
_TITLES: Final = {
    "authentication": "Doors that open without proof of who calls",
    "authorization": "Management from outside",
    "cryptography": "Cryptography that no longer holds",
    "confidentiality": "Patient data and others' secrets in clear",
    "integrity": "Protocols that let others change what is sent",
    "interfaces": "Contacts that the device makes by itself",
    "components": "Systems out of support, as they name themselves on the wire",
}


def _weaknesses(inputs: Inputs) -> list[Check]:
    checks = []
    for topic, title in _TITLES.items():
        name = f"seen-{topic}"
        if inputs.bench is None:
            checks.append(_check(name, title, topic, _NO_CAPTURE, looked=False))
            continue
        found = []
        for one in inputs.bench.weaknesses:
            of, changes = _OF_KIND[one.kind.id]
            if of != topic:
                continue
            severity = inputs.severity if changes else SLIGHT
            by_words: dict[str, list[Seen]] = {}
            for seen in one.evidence:
                by_words.setdefault(seen.what, []).append(seen)
            for words, every in by_words.items():
                partners = len({seen.partner for seen in every if seen.partner})
                told = f", with {partners} partners" if partners > 1 else ""
                found.append(
                    Item(
                        title=f"{one.kind.title}: {words}{told}",
                        why=f"{one.kind.care} ({one.kind.term})",
                        severity=severity,
                        source="",
                        seen=every[0],
                        action=one.kind.action,
                    )
                )
        says = "Each was seen in the capture; what was not used while it ran cannot be seen."
        checks.append(_check(name, title, topic, says, found))
    return checks


def _clear_flows(inputs: Inputs) -> Check:
    name, title = "flows-in-clear", "Flows that nothing encrypts"
    if inputs.bench is None:
        return _check(name, title, "confidentiality", _NO_CAPTURE, looked=False)
    flows = [flow for flow in inputs.bench.flows if not flow.is_service and flow.is_answered]
    found = [_flow_item(flow, inputs) for flow in flows if flow.protection is Protection.CLEAR]
    unsure = [_flow_item(flow, inputs) for flow in flows if flow.protection is Protection.UNKNOWN]
    encrypted = sum(flow.protection is Protection.ENCRYPTED for flow in flows)
    says = (
        f"Of {len(flows)} answered flows {encrypted} are encrypted; services of the network (DNS, DHCP) are left out."
    )
    return _check(name, title, "confidentiality", says, found, unsure)


def _flow_item(flow: Flow, inputs: Inputs) -> Item:
    if flow.protection is Protection.UNKNOWN:
        why = "Its content was not recognised, so it may be encrypted or not."
        action = "Say in the architecture view what protects it."
    else:
        why = "Whoever is on the path reads it, and can change it unnoticed."
        why += " It carries data of patients." if flow.has_patient_data else ""
        action = "Use TLS 1.2 or newer with proof of both ends, or say why the flow needs none."
    severity = inputs.severity if flow.protection is Protection.CLEAR else SLIGHT
    return Item(title=flow.words(), why=why, severity=severity, source="", seen=flow.seen, action=action)


def _updates(inputs: Inputs) -> Check:
    name, title = "updates-in-clear", "Software that comes over the wire in clear"
    if inputs.bench is None:
        return _check(name, title, "updates", _NO_CAPTURE, looked=False)
    software = [one for one in inputs.bench.transfers if not one.is_signature]
    signed = any(one.is_signature for one in inputs.bench.transfers)
    found = [
        Item(
            title=f"{one.name} {'was sent to the device' if one.is_pushed else 'was fetched'} by HTTP in clear",
            why="Whoever is on the path can put other software in its place"
            + (
                "; a signature file was fetched too, and whether the device checks it, traffic does not show."
                if signed
                else ", unless the device checks a signature inside it; no signature file was fetched beside it."
            ),
            severity=inputs.severity,
            source="",
            seen=one.seen,
            action="Fetch by TLS, and take no software whose signature does not verify on the device.",
        )
        for one in software
    ]
    unsure = []
    if not software:
        unsure.append(
            Item(
                title="No update crossed the wire in clear while the capture ran",
                why="How updates are signed and checked, traffic does not show.",
                severity=SLIGHT,
                source="",
                seen=None,
                action="Capture an update too, and describe the check of its signature in the updatability view.",
            )
        )
    says = "Names and media types of HTTP were looked at; what went through TLS stays unseen."
    return _check(name, title, "updates", says, found, unsure)


# -- declarations against traffic -------------------------------------------------------------------------------------


def _open_ports(inputs: Inputs, comparison: Comparison | None) -> Check:
    name, title = "ports-not-declared", "Ports that answer and that nobody declared"
    if inputs.bench is None:
        return _check(name, title, "interfaces", _NO_CAPTURE, looked=False)
    served = [flow for flow in inputs.bench.flows if not flow.is_client and flow.is_answered and flow.port]
    if comparison is None:
        says = f"{_NO_MUD} There is nothing to hold {len(_by_port(served))} open ports against."
        open_ones = [
            _port_item(port, flows, inputs, "Nothing that was given declares it.")
            for port, flows in _by_port(served).items()
        ]
        return _check(name, title, "interfaces", says, (), open_ones)
    standing = {id(placed.flow): placed for placed in comparison.flows}
    found: list[Item] = []
    unsure: list[Item] = []
    for port, flows in _by_port(served).items():
        answers = {standing[id(flow)].declared for flow in flows}
        if answers == {Declared.NO}:
            found.append(_port_item(port, flows, inputs, "No rule of the MUD file lets anybody reach it."))
        elif Declared.YES not in answers:
            unsure.append(_port_item(port, flows, inputs, standing[id(flows[0])].why))
    says = f"{len(_by_port(served))} ports answered; each was looked for in the MUD file."
    return _check(name, title, "interfaces", says, found, unsure)


def _by_port(served: Iterable[Flow]) -> Mapping[tuple[str, int], list[Flow]]:
    ports: dict[tuple[str, int], list[Flow]] = {}
    for flow in served:
        ports.setdefault((flow.transport, flow.port), []).append(flow)
    return ports


def _port_item(port: tuple[str, int], flows: Sequence[Flow], inputs: Inputs, why: str) -> Item:
    application = next((flow.application for flow in flows if flow.application), "")
    told = f" ({application.upper()})" if application else ""
    return Item(
        title=f"{port[0].upper()} port {port[1]}{told} answers {len(flows)} partner{'s' if len(flows) > 1 else ''}",
        why=why,
        severity=inputs.severity,
        source="",
        seen=flows[0].seen,
        action="Close it, or declare it with what it is for.",
    )


def _undeclared(inputs: Inputs, comparison: Comparison | None) -> Check:
    name, title = "flows-not-declared", "Flows that the MUD file does not declare"
    if comparison is None:
        return _check(name, title, "interfaces", _NO_MUD if inputs.mud is None else _NO_CAPTURE, looked=False)
    found: list[Item] = []
    unsure: list[Item] = []
    for placed in comparison.flows:
        flow = placed.flow
        if placed.declared is Declared.YES or (not flow.is_client and not flow.is_answered):
            continue
        item = Item(
            title=flow.words(),
            why=placed.why[:1].upper() + placed.why[1:] + ".",
            severity=inputs.severity if flow.place is Place.INTERNET else SLIGHT,
            source=f"MUD: {placed.rule.name}" if placed.rule is not None else "MUD",
            seen=flow.seen,
            action="Declare it, or end it.",
        )
        (found if placed.declared is Declared.NO else unsure).append(item)
    declared = sum(placed.declared is Declared.YES for placed in comparison.flows)
    says = f"{declared} of {len(comparison.flows)} flows are declared."
    problems = () if inputs.mud is None else inputs.mud.problems
    if problems:
        says += (
            f" {len(problems)} parts of the file could not be read, the first: {problems[0].where} {problems[0].why}."
        )
    return _check(name, title, "interfaces", says, found, unsure)


def _unseen(inputs: Inputs, comparison: Comparison | None) -> Check:
    name, title = "declared-not-seen", "Declared and never seen"
    if comparison is None:
        return _check(name, title, "interfaces", _NO_MUD if inputs.mud is None else _NO_CAPTURE, looked=False)
    unsure = [
        Item(
            title=rule.words(),
            why="It did not happen while the capture ran: perhaps it comes seldom, perhaps nobody needs it.",
            severity=SLIGHT,
            source=f"MUD: {rule.name}",
            seen=None,
            action="Capture what uses it, or take the rule out: what is allowed and unused helps attackers only.",
        )
        for rule in comparison.unseen
    ]
    says = f"{len(comparison.unseen)} rules allow what never happened."
    return _check(name, title, "interfaces", says, (), unsure)


_TLS_WORDS: Final = {"tls12": "TLS 1.2", "tls13": "TLS 1.3", "tls11": "TLS 1.1", "tls10": "TLS 1.0"}


def _profiles(inputs: Inputs) -> Check:
    """RFC 9761 4: the versions that the device offers are those that its profile names."""
    name, title = "tls-not-as-declared", "TLS otherwise than its profile says"
    if inputs.mud is None or not inputs.mud.profiles:
        says = _NO_MUD if inputs.mud is None else "The MUD file declares no TLS profile (RFC 9761)."
        return _check(name, title, "cryptography", says, looked=False)
    if inputs.bench is None:
        return _check(name, title, "cryptography", _NO_CAPTURE, looked=False)
    allowed = {_TLS_WORDS.get(version, version) for one in inputs.mud.profiles for version in one.versions}
    found = [
        Item(
            title=f"It offers {server or 'a server'} {version} at most",
            why=f"The profile names {', '.join(sorted(allowed))}.",
            severity=inputs.severity,
            source="MUD: TLS profile",
            seen=None,
            action="Correct the profile or the device's settings.",
        )
        for server, version in inputs.bench.hellos
        if allowed and version not in allowed
    ]
    return _check(name, title, "cryptography", f"{len(inputs.bench.hellos)} servers were offered TLS.", found)


def _disclosure(inputs: Inputs) -> Check:
    name, title = "disclosure-contradicted", "Answers of the disclosure form that traffic contradicts"
    if inputs.form is None:
        return _check(name, title, "labeling", "No disclosure form (MDS2) was given.", looked=False)
    if inputs.bench is None:
        return _check(name, title, "labeling", _NO_CAPTURE, looked=False)
    claims = check(inputs.form, inputs.bench.behaviour)
    found: list[Item] = []
    unsure: list[Item] = []
    for claim in claims:
        if claim.standing not in (Standing.CONTRADICTED, Standing.QUESTIONED) or claim.evidence is None:
            continue
        item = Item(
            title=f"{claim.answer.id} is answered {claim.answer.said}: {claim.about}",
            why=f"Seen: {claim.evidence.what}.",
            severity=inputs.severity,
            source=f"MDS2: {claim.answer.where}",
            seen=claim.evidence,
            action="Correct the answer or the device; owners build their protection on it.",
        )
        (found if claim.standing is Standing.CONTRADICTED else unsure).append(item)
    confirmed = sum(claim.standing is Standing.CONFIRMED for claim in claims)
    says = f"Of {len(claims)} answers {confirmed} are confirmed by traffic and {len(found)} contradicted."
    return _check(name, title, "labeling", says, found, unsure)


def _events(inputs: Inputs) -> Check:
    name, title = "events-not-seen", "Events that are sent to somebody who watches"
    if inputs.bench is None:
        return _check(name, title, "logging", _NO_CAPTURE, looked=False)
    # RFC 5424 by UDP 514 (RFC 5426) and TLS 6514 (RFC 5425); SNMP traps at 162.
    sent = [flow for flow in inputs.bench.flows if flow.is_client and flow.port in (514, 6514, 162)]
    if sent:
        return _check(name, title, "logging", f"Events go out: {sent[0].words()}.")
    item = Item(
        title="No export of events was seen",
        why="Neither syslog nor SNMP traps left the device while the capture ran; it may keep its log to itself.",
        severity=SLIGHT,
        source="",
        seen=None,
        action="Say how owners get the events of the device.",
    )
    return _check(name, title, "logging", "Flows to the ports of syslog and of SNMP traps were looked for.", (), [item])
