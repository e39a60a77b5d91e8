"""The ward: hosts on one bridge.

Comes in: the plans of ``hosts``. Goes out: running namespaces on a bridge that dumpcap listens to.
The stories (``addresses``, ``imaging``, ``results``, ``offices``) act through ``serve`` and ``do`` of ``stage``.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lab.hosts import BY_NAME, DOMAIN, HostPlan
from lab.namespaces import Namespace
from lab.stage import MATERIAL, PRIVATE, PROGRAM_FILES, Stage, bring_up, ip_link

__all__ = ["BRIDGE", "MATERIAL", "PROGRAM_FILES", "Ward"]

BRIDGE = "ward0"


@dataclass(slots=True)
class Ward(Stage):
    """Hosts on a bridge."""

    def build(self) -> None:
        """Makes the bridge and the hosts; static addresses are set, the others stay without."""
        self.began = time.monotonic()
        ip_link("link", "add", BRIDGE, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        # A bridge keeps LLDP to itself (IEEE 802.1D 7.12.6); a mirror port shows it, so let it through.
        Path(f"/sys/class/net/{BRIDGE}/bridge/group_fwd_mask").write_text("0x4000")
        bring_up(BRIDGE)
        for number, name in enumerate(self.names):
            self._join(BY_NAME[name], f"port{number}")

    def _join(self, plan: HostPlan, port: str) -> None:
        host = Namespace(plan.name, private=PRIVATE, own_etc=True)
        self.hosts[plan.name] = host
        ip_link(
            "link", "add", port, "type", "veth", "peer", "name", "eth0", "address", plan.mac, "netns", str(host.pid)
        )
        ip_link("link", "set", port, "master", BRIDGE)
        bring_up(port)
        # Without this the recording would hold frames larger than any wire carries, with checksums not yet computed.
        off = ["tso", "off", "gso", "off", "gro", "off", "tx", "off", "rx", "off"]
        subprocess.run(["ethtool", "-K", port, *off], check=True, capture_output=True)
        host.run(["ethtool", "-K", "eth0", *off])
        host.run(["ip", "link", "set", "eth0", "up"])
        if plan.address[0].isdigit():
            host.run(["ip", "address", "add", f"{plan.address}/24", "dev", "eth0"])
            if plan.name != "gw":
                host.run(["ip", "route", "add", "default", "via", BY_NAME["gw"].address])
                host.write("/etc/resolv.conf", f"search {DOMAIN}\nnameserver {BY_NAME['gw'].address}\n")
