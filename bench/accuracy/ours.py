"""One capture as our engine and our protocols see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.message import Sighting
from asepsis.wire.applications import application_name
from asepsis.wire.capture import Account, CaptureReader
from asepsis.wire.engine import Engine
from asepsis.wire.source import open_source
from bench.accuracy.conversation import Counts, Key, Packet, add

TOLD_BY = ("nothing", "content", "port")


@dataclass(slots=True)
class Answer:
    """What we say about one capture."""

    counts: dict[Key, Counts] = field(default_factory=dict)
    applications: dict[Key, set[tuple[str, str]]] = field(default_factory=dict)
    """Name and what told it; a conversation that was split may have several."""
    sightings: list[tuple[Key, Sighting]] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    malformed: dict[str, int] = field(default_factory=dict)


def read(path: Path) -> Answer:
    """Reads a capture as ``asepsis analyze`` does, and keeps everything."""
    answer = Answer()

    def sighted(sighting: Sighting) -> None:
        answer.sightings.append((key_of(sighting), sighting))

    source, _ = open_source(path)
    try:
        messages = MessageReader(capture=path.name, sighted=sighted)
        reader = CaptureReader(Engine(), source)
        for output in reader.outputs():
            messages.take(output)
            messages.finished(output.finished)
            for row in output.finished:
                version = int(row["ip_version"])
                client = (version, int(row["client_high"]) << 64 | int(row["client_low"]), int(row["client_port"]))
                server = (version, int(row["server_high"]) << 64 | int(row["server_low"]), int(row["server_port"]))
                protocol = int(row["ip_protocol"])
                there, back = Packet(protocol, client, server), Packet(protocol, server, client)
                add(answer.counts, there, int(row["packets_to_server"]), int(row["bytes_to_server"]))
                add(answer.counts, back, int(row["packets_to_client"]), int(row["bytes_to_client"]))
                named = (application_name(int(row["application"])), TOLD_BY[int(row["application_by"])])
                answer.applications.setdefault(there.key, set()).add(named)
    finally:
        source.close()
    answer.account = reader.account
    answer.malformed = dict(messages.malformed)
    return answer


def key_of(sighting: Sighting) -> Key:
    """The conversation in which a message was seen; frames without IP have none and get protocol -1."""
    if not sighting.source_ip:
        return Key(-1, (0, 0, 0), (0, 0, 0))
    ends = []
    for address, port in (
        (sighting.source_ip, sighting.source_port),
        (sighting.destination_ip, sighting.destination_port),
    ):
        parsed = ip_address(address)
        ends.append((parsed.version, int(parsed), port))
    return Key(0, *sorted(ends))
