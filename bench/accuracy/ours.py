"""Conversations as our engine sees them."""

from __future__ import annotations

from pathlib import Path

from asepsis.wire.applications import application_name
from asepsis.wire.capture import Account, CaptureReader
from asepsis.wire.engine import Engine
from asepsis.wire.source import open_source
from bench.accuracy.conversation import Counts, Key, Packet, add


def conversations_of(path: Path) -> tuple[dict[Key, Counts], dict[Key, set[tuple[str, str]]], Account]:
    """Packets and bytes by conversation, the applications of each (name, told by), and the packets' account."""
    counts: dict[Key, Counts] = {}
    applications: dict[Key, set[tuple[str, str]]] = {}
    engine = Engine()
    source, _ = open_source(path)
    try:
        reader = CaptureReader(engine, source)
        for output in reader.outputs():
            for row in output.finished:
                version = int(row["ip_version"])
                client = (version, int(row["client_high"]) << 64 | int(row["client_low"]), int(row["client_port"]))
                server = (version, int(row["server_high"]) << 64 | int(row["server_low"]), int(row["server_port"]))
                there = Packet(int(row["ip_protocol"]), client, server)
                add(counts, there, int(row["packets_to_server"]), int(row["bytes_to_server"]))
                back = Packet(int(row["ip_protocol"]), server, client)
                if row["packets_to_client"] or client != server:
                    add(counts, back, int(row["packets_to_client"]), int(row["bytes_to_client"]))
                told_by = ("unknown", "content", "port")[int(row["application_by"])]
                applications.setdefault(there.key, set()).add((application_name(int(row["application"])), told_by))
    finally:
        source.close()
    return counts, applications, reader.account
