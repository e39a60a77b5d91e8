"""Takes what a log says: rows for the table of conversations and messages, on to the history and the observer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from asepsis.kernel.value import value
from asepsis.pipeline.imports_fields import Address
from asepsis.protocols.message import Message, Sighting
from asepsis.protocols.mqtt import PUBLISH_REPORT_EVERY
from asepsis.wire.applications import codes, port_tables
from asepsis.wire.tables import CONVERSATIONS, ENDED_BY, ORIENTATION

if TYPE_CHECKING:
    from asepsis.devices.observe.observer import Observer
    from asepsis.history import CaptureWriter

# Rows that wait to become an array: 8,192 of some 3 kB as Python objects are 25 MB.
WAITING_ROWS: Final = 8_192

# Topics of connections that are counted at once; beyond that counting begins anew.
TOPICS_LIMIT: Final = 1 << 14

TCP: Final = 6
UDP: Final = 17

_BY_CONTENT: Final = 1
_BY_PORT: Final = 2

BY_FIRST_PACKET: Final = ORIENTATION.index("first packet")
BY_SYN: Final = ORIENTATION.index("SYN")
BY_SYN_ACK: Final = ORIENTATION.index("SYN+ACK")
BY_PORT: Final = ORIENTATION.index("port")

END_OF_CAPTURE: Final = ENDED_BY.index("end of capture")
IDLE: Final = ENDED_BY.index("idle")
EVICTED: Final = ENDED_BY.index("evicted")
CLOSED: Final = ENDED_BY.index("closed")


@value
class End:
    """One end of a conversation as a log names it."""

    address: Address
    port: int
    mac: str = ""


_NO_ADDRESS: Final = Address(version=0, high=0, low=0, text="")


@value
class Counts:
    """What one side sent."""

    packets: int
    bytes: int
    tcp_flags: int = 0


class Intake:
    """One log on its way into the workspace."""

    def __init__(self, *, capture: str, writer: CaptureWriter, observer: Observer) -> None:
        self.conversations = 0
        self.messages: Counter[str] = Counter()
        self._capture = capture
        self._writer = writer
        self._observer = observer
        self._rows: list[dict[str, Any]] = []
        self._published: Counter[Hashable] = Counter()

    def conversation(
        self,
        *,
        conversation: int,
        line: int,
        start_ns: int,
        end_ns: int,
        client: End,
        server: End,
        ip_protocol: int,
        application: str,
        to_server: Counts,
        to_client: Counts,
        vlan: int = 0,
        client_by: int = BY_FIRST_PACKET,
        ended_by: int = IDLE,
    ) -> None:
        """Takes one conversation.

        Args:
            conversation: Its ordinal in this log.
            line: Where it stands in the log; it takes the place of a packet's number.
            start_ns: First packet.
            end_ns: Last packet.
            client: Who asks.
            server: Who answers.
            ip_protocol: Of the IP header.
            application: As ``wire.applications`` names it; empty or unknown there: decided by the server's port.
            to_server: What the client sent.
            to_client: What the server sent.
            vlan: Outermost VLAN id.
            client_by: Why the client is the client.
            ended_by: What ended it.
        """
        code, application_by = _application(application, ip_protocol, server.port)
        self._rows.append(
            {
                "conversation": conversation,
                "first_packet": line,
                "start_ns": start_ns,
                "end_ns": max(start_ns, end_ns),
                "ip_version": server.address.version,
                "client_high": client.address.high,
                "client_low": client.address.low,
                "client_port": client.port,
                "client_mac": _mac_number(client.mac),
                "server_high": server.address.high,
                "server_low": server.address.low,
                "server_port": server.port,
                "server_mac": _mac_number(server.mac),
                "ip_protocol": ip_protocol,
                "application": code,
                "application_by": application_by,
                "packets_to_server": to_server.packets,
                "packets_to_client": to_client.packets,
                "bytes_to_server": to_server.bytes,
                "bytes_to_client": to_client.bytes,
                "tcp_flags_client": to_server.tcp_flags,
                "tcp_flags_server": to_client.tcp_flags,
                "vlan": vlan,
                "client_by": client_by,
                "ended_by": ended_by,
            }
        )
        self.conversations += 1
        if len(self._rows) >= WAITING_ROWS:
            self.flush()

    def message(
        self,
        message: Message,
        *,
        time_ns: int,
        line: int,
        sender: End,
        receiver: End,
        conversation: int = -1,
        vlan: int = 0,
    ) -> None:
        """Takes one message that ``sender`` sent."""
        sighting = Sighting(
            message=message,
            time_ns=time_ns,
            capture=self._capture,
            packet=line,
            conversation=conversation,
            source_mac=sender.mac,
            source_ip=sender.address.text,
            source_port=sender.port,
            destination_mac=receiver.mac,
            destination_ip=receiver.address.text,
            destination_port=receiver.port,
            vlan=vlan,
        )
        self._observer.message(sighting)
        self._writer.message(sighting)
        self.messages[message.PROTOCOL] += 1

    def link_message(
        self, message: Message, *, time_ns: int, line: int, source_mac: str, destination_mac: str, vlan: int = 0
    ) -> None:
        """Takes one message of the link, whose frame has no IP addresses."""
        self.message(
            message,
            time_ns=time_ns,
            line=line,
            sender=End(address=_NO_ADDRESS, port=0, mac=source_mac),
            receiver=End(address=_NO_ADDRESS, port=0, mac=destination_mac),
            vlan=vlan,
        )

    def published(self, topic: Hashable) -> int:
        """Counts one more value on an MQTT topic of a connection.

        Returns:
            How many there were, when that is to be told (as the dissector does: the first, and then now and then
            one), else 0.
        """
        if len(self._published) >= TOPICS_LIMIT:
            self._published.clear()
        self._published[topic] += 1
        count = self._published[topic]
        return count if count == 1 or count % PUBLISH_REPORT_EVERY == 0 else 0

    def flush(self) -> None:
        """Hands on the rows that wait."""
        if not self._rows:
            return
        rows = np.zeros(len(self._rows), CONVERSATIONS)
        for name in self._rows[0]:
            rows[name] = np.array([row[name] for row in self._rows], CONVERSATIONS[name])
        self._rows.clear()
        self._observer.conversations(rows)
        self._writer.conversations(rows)


def _application(name: str, ip_protocol: int, server_port: int) -> tuple[int, int]:
    code = codes().get(name, 0)
    if code:
        return code, _BY_CONTENT
    if ip_protocol in (TCP, UDP):
        code = int(port_tables()[ip_protocol == UDP][server_port])
    return code, _BY_PORT if code else 0


def _mac_number(mac: str) -> int:
    return int(mac.replace(":", ""), 16) if mac else 0
