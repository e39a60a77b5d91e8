"""The hospital's firewall: guests get addresses from it, and one port leads to the jump host."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing
from lab.hospital.topology import Device

CATEGORY = "firewall"
ALSO = ("router",)
START = 0


def start(hospital: Hospital, device: Device) -> None:
    """Starts the guests' address service and lets the maker's service in at one port."""
    guests = [hospital.topology.segments["guests"]]
    addressing.server(hospital, device, guests, names=False)
    forward = device.settings.get("forward")
    if forward and forward["to"] in hospital.topology.devices:
        target = hospital.device(forward["to"]).ip
        hospital.hosts[device.name].run(
            ["nft", "add", "chain", "ip", "outside", "pre", "{ type nat hook prerouting priority -100; }"]
        )
        rule = ["iifname", "eth0", "tcp", "dport", str(forward["port"]), "dnat", "to", f"{target}:{forward['at']}"]
        hospital.hosts[device.name].run(["nft", "add", "rule", "ip", "outside", "pre", *rule])
    # What guests may reach: the world, not the hospital.
    inside = "10.40.0.0/18"
    hospital.hosts[device.name].run(
        ["nft", "-f", "-"],
        stdin=(
            "table inet guests {\n chain forward {\n  type filter hook forward priority 0; policy accept;\n"
            f"  iifname eth2 ip daddr {inside} drop\n }}\n}}\n"
        ),
    )
