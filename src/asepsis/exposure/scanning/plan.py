"""The plan of a scan: what would be sent to whom, and who is left out and why; its digest is what people approve."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value

FORMAT: Final = "asepsis-scan-plan-1"
# One scan asks as many devices as a person can look through; a larger fleet is asked in several.
TARGETS_LIMIT: Final = 256
# Further devices that are named with the reason why they are left out: a hospital group has some 100,000.
LEFT_OUT_LIMIT: Final = 200_000
QUESTIONS_LIMIT: Final = 4
"""For one device: so its budget of packets is never the question's alone."""
PLAN_LIMIT_BYTES: Final = 64 << 20


class ScanError(AsepsisError):
    """A scan cannot be planned, approved or run."""


class Question(StrEnum):
    """What can be asked; each takes one connection or one datagram."""

    BANNER = "banner"
    """Connect, listen for three seconds, send nothing."""
    TLS = "tls"
    """One TLS handshake: version, cipher, certificate."""
    SNMP = "snmp"
    """One read of the system group (RFC 3418), or SNMPv3's discovery (RFC 3414 4) where no community is set."""
    DICOM_ECHO = "dicom-echo"
    """Associate, C-ECHO, release (DICOM PS3.7 9.1.5)."""

    @property
    def transport(self) -> str:
        """``tcp`` or ``udp``."""
        return "udp" if self is Question.SNMP else "tcp"


@value
class Asked:
    """One question at one port."""

    question: Question
    port: int


@value
class Target:
    """One device that is asked, pinned to its addresses."""

    device: str
    title: str
    category: str
    ip: str
    mac: str
    questions: tuple[Asked, ...]
    packets: int
    """It may get so many in all."""
    bytes: int
    """It may get so many in all, by IP's total length."""


@value
class LeftOut:
    """One device that is not asked."""

    device: str
    title: str
    ips: tuple[str, ...]
    macs: tuple[str, ...]
    code: str
    why: str


@value
class Plan:
    """Everything that a scan would do."""

    site: str
    made: str
    """ISO 8601, Z."""
    targets: tuple[Target, ...]
    left_out: tuple[LeftOut, ...]
    gateway_mac: str = ""
    """The router's hardware address, for devices of other segments; empty where only the scanner's own is asked."""

    @property
    def packets(self) -> int:
        """That may leave in all."""
        return sum(target.packets for target in self.targets)

    def document(self) -> dict[str, Any]:
        """The JSON document of ``asepsis scan plan --json``."""
        return {
            "format": FORMAT,
            "site": self.site,
            "made": self.made,
            "gateway_mac": self.gateway_mac,
            "targets": [
                {
                    "device": one.device,
                    "title": one.title,
                    "category": one.category,
                    "ip": one.ip,
                    "mac": one.mac,
                    "questions": [{"question": str(each.question), "port": each.port} for each in one.questions],
                    "packets": one.packets,
                    "bytes": one.bytes,
                }
                for one in self.targets
            ],
            "left_out": [
                {
                    "device": one.device,
                    "title": one.title,
                    "ips": list(one.ips),
                    "macs": list(one.macs),
                    "code": one.code,
                    "why": one.why,
                }
                for one in self.left_out
            ],
        }

    def content(self) -> bytes:
        """The document's bytes, always the same for the same plan."""
        return json.dumps(self.document(), sort_keys=True, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of ``content``, hexadecimal."""
        return hashlib.sha256(self.content()).hexdigest()


def read_plan(content: bytes) -> Plan:
    """Reads a plan back.

    Raises:
        ScanError: It is none, or names something that a plan never does.
    """
    if len(content) > PLAN_LIMIT_BYTES:
        raise _unreadable("it is too large")
    try:
        document = json.loads(content)
        if document["format"] != FORMAT:
            raise _unreadable("it is of another format")
        plan = Plan(
            site=str(document["site"]),
            made=str(document["made"]),
            gateway_mac=_mac(document["gateway_mac"]) if document["gateway_mac"] else "",
            targets=tuple(_target(one) for one in document["targets"]),
            left_out=tuple(
                LeftOut(
                    device=str(one["device"]),
                    title=str(one["title"]),
                    ips=tuple(map(str, one["ips"])),
                    macs=tuple(map(str, one["macs"])),
                    code=str(one["code"]),
                    why=str(one["why"]),
                )
                for one in document["left_out"]
            ),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(f"{type(error).__name__}") from error
    if len(plan.targets) > TARGETS_LIMIT:
        raise _unreadable(f"it asks more than {TARGETS_LIMIT} devices")
    return plan


def _target(one: dict[str, Any]) -> Target:
    questions = tuple(Asked(question=Question(each["question"]), port=int(each["port"])) for each in one["questions"])
    if not all(0 < each.port < 65536 for each in questions) or len(questions) > QUESTIONS_LIMIT:
        raise ValueError("questions")
    return Target(
        device=str(one["device"]),
        title=str(one["title"]),
        category=str(one["category"]),
        ip=str(ip_address(one["ip"])),
        mac=_mac(one["mac"]),
        questions=questions,
        packets=int(one["packets"]),
        bytes=int(one["bytes"]),
    )


def _mac(text: Any) -> str:
    mac = str(text).lower()
    if len(mac) != 17 or len(bytes.fromhex(mac.replace(":", ""))) != 6:
        raise ValueError("mac")
    return mac


def _unreadable(why: str) -> ScanError:
    return ScanError(f"this is no plan of a scan: {why}", code="scan-plan", hint="asepsis scan plan -o FILE makes one.")
