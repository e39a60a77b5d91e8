"""Whether what left in a scan is what people approved: the plan, and the receipt that another process signed.

Every packet's headers are read here once more. Nothing is believed but the plan's digest in the receipt and the
signature under it (DSSE 1.0.2, RFC 8032).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from asepsis.verify.ed25519 import is_signed
from asepsis.verify.note import Unreadable

_KIND = "application/vnd.asepsis.scan-receipt+json"
_LIMIT_BYTES = 64 * 1024 * 1024
# What is wrong with one packet is mostly wrong with a thousand others.
_FAULTS_LIMIT = 100


@dataclass(frozen=True)
class Verdict:
    """What the check found."""

    plan: str
    """SHA-256 of the plan, hexadecimal."""
    key: str
    """The public key that signed, hexadecimal."""
    began_ns: int
    ended_ns: int
    packets: int
    bytes: int
    devices: int
    """That got at least one packet."""
    faults: tuple[str, ...]
    """Each in one sentence; none when everything fits."""
    skipped: tuple[str, ...] = ()
    """Devices of the plan that were not asked after all, each in one sentence, as the scanner said it then."""

    @property
    def passed(self) -> bool:
        """Whether everything fits."""
        return not self.faults


@dataclass(frozen=True)
class _Packet:
    """Where one frame went, as far as its headers say."""

    to_mac: str
    to_ip: str
    transport: str
    """``tcp``, ``udp``, ``arp-reply``, ``neighbour``, or what else it is."""
    to_port: int
    size: int
    """By IP's total length; a frame's own for what is no IP."""


def verify(plan: bytes, receipt: bytes, *, key: bytes | None = None) -> Verdict:
    """Checks a receipt against its plan.

    Args:
        plan: The bytes of the plan's file.
        receipt: The bytes of the receipt's file.
        key: The public key as you know it; None takes the one that the receipt names.

    Raises:
        Unreadable: One of the two is not what it should be.
    """
    if len(plan) > _LIMIT_BYTES or len(receipt) > _LIMIT_BYTES:
        raise Unreadable("a file is too large")
    try:
        wanted, statement, signer, signed = _opened(plan, receipt, key)
        return _check(wanted, statement, hashlib.sha256(plan).hexdigest(), signer, signed=signed)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, binascii.Error) as error:
        raise Unreadable(f"plan or receipt is damaged ({type(error).__name__})") from error


def _opened(plan: bytes, receipt: bytes, key: bytes | None) -> tuple[Any, Any, bytes, bool]:
    envelope = json.loads(receipt)
    body = base64.b64decode(envelope["payload"], validate=True)
    (signature,) = envelope["signatures"]
    signer = bytes.fromhex(signature["keyid"]) if key is None else key
    kind = _KIND.encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
    right = envelope["payloadType"] == _KIND and is_signed(
        signer, base64.b64decode(signature["sig"], validate=True), message
    )
    return json.loads(plan), json.loads(body), signer, right


def _check(plan: Any, statement: Any, digest: str, signer: bytes, *, signed: bool) -> Verdict:
    faults = [] if signed else ["the signature of the receipt is wrong"]
    if statement["plan"] != digest:
        faults.append("the receipt is of another plan")
    if statement["lost"]:
        faults.append(f"{int(statement['lost'])} packets were not recorded: nobody can say where they went")
    targets = {target["ip"]: target for target in plan["targets"]}
    left_out = {address: one for one in plan["left_out"] for address in (*one["ips"], *one["macs"])}
    titles = {target["device"]: (target["title"], target["ip"]) for target in plan["targets"]}
    not_asked = {one["device"]: str(one["why"]) for one in statement.get("skipped", []) if one["device"] in titles}
    got: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for number, entry in enumerate(statement["packets"], start=1):
        packet = _read(bytes.fromhex(entry["head"]), int(entry["bytes"]))
        why = _wrong(packet, targets, left_out, str(plan["gateway_mac"]))
        if why and len(faults) < _FAULTS_LIMIT:
            faults.append(f"packet {number}: {why}")
        if packet.transport in ("tcp", "udp"):
            got[packet.to_ip] += 1
            sizes[packet.to_ip] += packet.size
    for ip, target in targets.items():
        if got[ip] > target["packets"]:
            faults.append(f"{ip} got {got[ip]} packets; its budget is {target['packets']}")
        if sizes[ip] > target["bytes"]:
            faults.append(f"{ip} got {sizes[ip]} bytes; its budget is {target['bytes']}")
        if got[ip] and target["device"] in not_asked:
            faults.append(f"{ip} got {got[ip]} packets, and was not to be asked: {not_asked[target['device']]}")
    return Verdict(
        plan=digest,
        key=signer.hex(),
        began_ns=int(statement["began_ns"]),
        ended_ns=int(statement["ended_ns"]),
        packets=len(statement["packets"]),
        bytes=sum(int(entry["bytes"]) for entry in statement["packets"]),
        devices=len(got),
        faults=tuple(faults),
        skipped=tuple(f"{titles[device][0]} ({titles[device][1]}): {why}" for device, why in not_asked.items()),
    )


def _wrong(packet: _Packet, targets: dict[str, Any], left_out: dict[str, Any], gateway_mac: str) -> str:
    excluded = left_out.get(packet.to_ip) or left_out.get(packet.to_mac)
    if excluded is not None:
        return f"went to {excluded['title']}, which is left out: {excluded['why']}"
    answers = packet.transport in ("arp-reply", "neighbour")
    if answers and gateway_mac and packet.to_mac == gateway_mac:
        return ""  # the router before devices of other segments may learn where answers go
    target = targets.get(packet.to_ip)
    if target is None:
        return f"went to {packet.to_ip or packet.to_mac}, which the plan does not name"
    if answers:
        return ""
    ports = {("udp" if one["question"] == "snmp" else "tcp", one["port"]) for one in target["questions"]}
    if (packet.transport, packet.to_port) not in ports:
        return f"went to {packet.to_ip} by {packet.transport} port {packet.to_port}, which the plan does not name"
    if packet.to_mac not in (target["mac"], gateway_mac):
        return f"went to {packet.to_ip} at {packet.to_mac}; the plan's device has {target['mac']}"
    return ""


def _read(head: bytes, size: int) -> _Packet:
    """Ethernet II with IPv4 (RFC 791), IPv6 (RFC 8200) or ARP (RFC 826)."""
    to_mac = head[:6].hex(":")
    kind = head[12:14]
    if kind == b"\x08\x00" and len(head) >= 34:
        start, protocol = 14 + 4 * (head[14] & 15), head[23]
        total = int.from_bytes(head[16:18], "big")
        # A later fragment has no ports; nothing that is asked is ever cut into fragments.
        transport = "fragment" if int.from_bytes(head[20:22], "big") & 0x3FFF else _TRANSPORTS.get(protocol, "other")
        return _Packet(to_mac, str(ip_address(head[30:34])), transport, _port(head, start), total)
    if kind == b"\x86\xdd" and len(head) >= 54:
        total = 40 + int.from_bytes(head[18:20], "big")
        transport = _TRANSPORTS.get(head[20], "other")
        if head[20] == 58 and len(head) > 54:
            transport = "neighbour" if head[54] == 136 else "other"  # RFC 4861 4.4
        return _Packet(to_mac, str(ip_address(head[38:54])), transport, _port(head, 54), total)
    if kind == b"\x08\x06" and len(head) >= 42:
        operation = int.from_bytes(head[20:22], "big")
        return _Packet(to_mac, str(ip_address(head[38:42])), "arp-reply" if operation == 2 else "arp", 0, size)
    return _Packet(to_mac, "", "other", 0, size)


_TRANSPORTS = {6: "tcp", 17: "udp"}


def _port(head: bytes, start: int) -> int:
    return int.from_bytes(head[start + 2 : start + 4], "big")
