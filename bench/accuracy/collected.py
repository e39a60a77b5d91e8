"""DHCP, SNMP, MQTT, LLDP and BACnet facts of real captures: ours beside those that tshark's dissectors print.

Different values of a capture, not their counts: the engine hands on a datagram that repeats itself only once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.accuracy.medical import Fact, distinct, tshark_rows
from bench.accuracy.ours import Answer

DHCP = ("", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM")
SNMP = {"0": "v1", "1": "v2c", "3": "v3"}
MQTT = (
    *("", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK"),
    *("UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"),
)
# Its header says another layout of ARCnet than its frames have; tshark believes the header and finds no BACnet.
UNREAD_BY_TSHARK = ("bacnet-arcnet.pcap",)
# A device that has no number yet (ASHRAE 135 12.11).
NO_DEVICE = "4194303"

Column = tuple[str, str, Callable[[str], str]]
"""tshark's field, our fact, and how tshark's text becomes ours."""


def same(text: str) -> str:
    """tshark's text is ours already, but for blanks."""
    return text.strip()


def _address(text: str) -> str:
    return "" if text in ("0.0.0.0", "00:00:00:00:00:00") else text


def _mqtt(text: str) -> str:
    """The kinds that say something of a device; the others are answers and signs of life, which we step over."""
    kind = MQTT[int(text, 0)]
    return kind if kind in ("CONNECT", "CONNACK", "PUBLISH", "SUBSCRIBE") else ""


def _chassis(text: str) -> str:
    """tshark prints a chassis id of a local kind in hexadecimal digits; ours is text of at most 64 bytes."""
    return bytes.fromhex(text.replace(":", ""))[:64].decode("latin-1").strip()


COLUMNS: dict[str, tuple[str, tuple[Column, ...]]] = {
    "DHCP": (
        "dhcp",
        (
            ("dhcp.option.dhcp", "kind", lambda text: DHCP[int(text)]),
            ("dhcp.hw.mac_addr", "client_mac", _address),
            ("dhcp.ip.your", "your_ip", _address),
            ("dhcp.ip.relay", "relay_ip", _address),
            ("dhcp.option.dhcp_server_id", "server_id", _address),
            ("dhcp.option.hostname", "host_name", same),
            ("dhcp.option.vendor_class_id", "vendor_class", same),
        ),
    ),
    "SNMP": (
        "snmp",
        (
            ("snmp.version", "version", lambda text: SNMP[text]),
            ("snmp.msgVersion", "version", lambda text: SNMP[text]),
        ),
    ),
    "MQTT": (
        "mqtt",
        (
            ("mqtt.msgtype", "kind", _mqtt),
            ("mqtt.clientid", "client_id", same),
            ("mqtt.topic", "topic", same),
        ),
    ),
    "LLDP": (
        "lldp",
        (
            ("lldp.chassis.id.mac", "chassis_id", same),
            ("lldp.chassis.id", "chassis_id", _chassis),
            ("lldp.tlv.system.name", "system_name", same),
            ("lldp.port.desc", "port_description", same),
        ),
    ),
}
"""Folder -> our protocol and its columns; columns with the same fact of ours are joined."""


def facts(folder: str, path: Path, answer: Answer) -> list[Fact]:
    """The facts of one capture; those that neither prints are left out."""
    if folder == "BacNET":
        return _bacnet(path, answer)
    protocol, columns = COLUMNS[folder]
    rows = tshark_rows(path, protocol, [field for field, _, _ in columns])
    theirs: dict[str, list[str]] = {}
    for field, name, ours in columns:
        theirs.setdefault(name, []).extend(ours(text) for row in rows for text in row[field])
    messages = [one.message for _, one in answer.sightings if protocol == one.message.PROTOCOL]
    found = []
    for name, values in theirs.items():
        mine = [message.kind if name == "kind" else message.facts().get(name, "") for message in messages]
        one = Fact(path.name, f"{protocol} {name}", distinct(values), distinct(_texts(mine)))
        if one.theirs or one.ours:
            found.append(one)
    return found


def _texts(values: Iterable[Any]) -> list[str]:
    return [str(value) for value in values]


def _bacnet(path: Path, answer: Answer) -> list[Fact]:
    """Devices that say I-Am, with their makers, and the networks behind routers."""
    if path.name in UNREAD_BY_TSHARK:
        return []
    shown = "bacnet"
    names = ["bacapp.unconfirmed_service", "bacapp.instance_number", "bacapp.vendor_identifier", "bacnet.snet"]
    rows = tshark_rows(path, shown, names)
    announced = [row for row in rows if row["bacapp.unconfirmed_service"] == ["0"]]
    messages = [one.message for _, one in answer.sightings if one.message.PROTOCOL == "bacnet"]
    mine = [(message.kind, message.facts()) for message in messages]
    pairs = [
        (
            "bacnet devices",
            distinct(text for row in announced for text in row["bacapp.instance_number"] if text != NO_DEVICE),
            distinct(_texts(fact.get("device", "") for kind, fact in mine if kind == "I-Am")),
        ),
        (
            "bacnet vendors",
            distinct(text for row in announced for text in row["bacapp.vendor_identifier"] if text != "0"),
            distinct(_texts(fact.get("vendor_id", "") for kind, fact in mine if kind == "I-Am")),
        ),
        (
            "bacnet networks",
            distinct(text for row in rows for text in row["bacnet.snet"]),
            distinct(_texts(fact.get("source_network", "") for _, fact in mine)),
        ),
    ]
    return [Fact(path.name, name, theirs, ours) for name, theirs, ours in pairs if theirs or ours]


FOLDERS = (*COLUMNS, "BacNET")
