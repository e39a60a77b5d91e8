"""A router: forwards, and gives or passes on addresses."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing
from lab.hospital.topology import Device

CATEGORY = "router"
START = 0


def start(hospital: Hospital, device: Device) -> None:
    """Starts its address service: a relay to the hospital's server, or a server of its own."""
    routers = {router.device: router for router in hospital.topology.routers}
    segments = [hospital.topology.segments[name] for name in routers[device.name].joins]
    server = hospital.first("infrastructure_server")
    how = device.settings.get("dhcp")
    if how == "relay" and server is not None:
        local = [segment for segment in segments if segment.name != server.segment]
        addressing.relay(hospital, device, local, server)
    elif how == "server":
        addressing.server(hospital, device, segments, names=False)
