"""The hospital's network: a bridge a segment, a namespace a device, routers between, and a mirror of the ports.

Comes in: a ``Topology``. Goes out: a ``Hospital`` whose devices run and act, and one interface where every frame of
the mirrored segments can be recorded once. Neighbours: ``stage`` (the diary), ``kinds`` (what devices do).
"""

from __future__ import annotations

import ipaddress
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from lab.hospital.topology import Device, Line, Router, Topology
from lab.namespaces import WITH_PARENT, Namespace
from lab.stage import PRIVATE, Stage, bring_up, ip_link

MIRROR = "mirror1"
"""Where the recorder listens; ``mirror0`` is the end that the ports' frames are copied to."""
SETTLE_SECONDS = 90.0
"""A Python server needs a second to listen; a hundred of them on two busy cores need a minute."""
STACKS: Mapping[str, tuple[str, ...]] = {
    # What differs between the IP stacks of the field, as far as Linux can be told to behave so.
    "linux": (),
    "windows": ("ip_default_ttl=128", "tcp_timestamps=0", "tcp_rmem=4096 65535 6291456", "tcp_ecn=0"),
    # Small real-time systems: no window scaling, no selective acknowledgements, a window of a few segments.
    "realtime": (
        *("ip_default_ttl=64", "tcp_timestamps=0", "tcp_sack=0", "tcp_window_scaling=0"),
        *("tcp_rmem=4096 16384 16384", "tcp_ecn=0"),
    ),
    # Small boards with lwIP and the like: four segments of 536 bytes.
    "tiny": (
        *("ip_default_ttl=255", "tcp_timestamps=0", "tcp_sack=0", "tcp_window_scaling=0"),
        *("tcp_rmem=2048 4608 4608", "tcp_ecn=0"),
    ),
    "unix": ("ip_default_ttl=255", "tcp_timestamps=1", "tcp_sack=1", "tcp_rmem=4096 49640 1048576", "tcp_ecn=0"),
}
"""Sysctl settings of net.ipv4 by the name that a topology's ``stack`` gives."""
_SMALL_SEGMENTS = {"tiny": 536}
"""Stacks that announce a small MSS (RFC 9293 3.7.1), in whatever segment they talk."""
_OFF = ("tso", "off", "gso", "off", "gro", "off", "tx", "off", "rx", "off")


@dataclass(slots=True, kw_only=True)
class Talker:
    """A lasting program that holds connections of its own."""

    host: str
    argv: Sequence[str]
    env: Mapping[str, str] | None
    port: int
    transport: str
    process: subprocess.Popen[bytes]


@dataclass(slots=True)
class Hospital(Stage):
    """The hospital's devices on their segments.

    Args:
        topology: Who there is and where.
        chance: The only source of choice in the stories: the same seed, the same stories.
    """

    topology: Topology = field(kw_only=True)
    chance: random.Random = field(kw_only=True)
    listening: list[tuple[str, int, str]] = field(default_factory=list)
    """Ports that programs were started for and that ``settle`` waits for."""
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the truth file says of a device besides: an emulator of ours, a program's own version."""
    ports: dict[str, list[str]] = field(default_factory=dict)
    """The bridge's end of each device's interfaces; for what is plugged in later, too."""

    kept: set[int] = field(default_factory=set)
    """Programs that an attack started and that go on after it."""
    talkers: list[Talker] = field(default_factory=list)
    """Programs that hold connections of their own: ended for a rest, started again after it."""
    off: set[str] = field(default_factory=set)
    """Devices that are switched off now."""
    week_began: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    """What the diary counts from, by the recording's clock."""
    moved_ns: int = 0
    """What the recording adds to the clock now: it tells of another time than that of the machine that records."""
    line_programs: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """What plays long lines: it belongs to no host."""
    earlier: dict[str, set[str]] = field(default_factory=dict)
    """Addresses that a device had when it was switched off or taken elsewhere."""
    left: dict[str, list[str]] = field(default_factory=dict)
    """Addresses that a device had in a segment that it has left for good."""
    coming: dict[str, Device] = field(default_factory=dict)
    """Devices that are not there yet."""
    versions: dict[str, list[str]] = field(default_factory=dict)
    """The firmware that a device had before its update."""

    def told_ns(self) -> int:
        """The time that it is in the recording, in nanoseconds since 1970."""
        return time.time_ns() + self.moved_ns

    def told(self) -> str:
        """The time that it is in the recording, as HL7 writes it (v2.5 2.A.22)."""
        return time.strftime("%Y%m%d%H%M%S+0000", time.gmtime(self.told_ns() / 1e9))

    def device(self, name: str) -> Device:
        """The device of that name."""
        return self.topology.devices[name]

    def first(self, kind: str) -> Device | None:
        """The first device of a kind that takes part; None where there is none."""
        return next(iter(self.topology.of_kind(kind)), None)

    def full_name(self, name: str) -> str:
        """The name under which the name server knows a device."""
        outside = self.device(name).settings.get("domain_name")
        return str(outside) if outside else f"{name}.{self.topology.domain}"

    def build(self) -> None:
        """Makes bridges, devices, routers and the mirror."""
        self.began = time.monotonic()
        used = {device.segment for device in self.topology.devices.values()}
        used |= {segment for router in self.topology.routers for segment in router.joins}
        for name in sorted(used):
            ip_link("link", "add", f"br-{name}", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
            # A switch that is asked to mirror shows LLDP as well (IEEE 802.1D 7.12.6 keeps it from passing).
            Path(f"/sys/class/net/br-{name}/bridge/group_fwd_mask").write_text("0x4000")
            bring_up(f"br-{name}")
        ip_link("link", "add", "mirror0", "type", "veth", "peer", "name", MIRROR)
        for end in ("mirror0", MIRROR):
            bring_up(end)
        routers = {router.device: router for router in self.topology.routers}
        for device in self.topology.devices.values():
            self._join(device, routers.get(device.name))
        self._mirror()

    def plug(self, device: Device) -> None:
        """Joins a device that was not there when the hospital was built."""
        devices = {**self.topology.devices, device.name: device}
        self.topology = replace(self.topology, devices=devices)
        self._join(device, None)
        self._mirror()

    def _join(self, device: Device, router: Router | None) -> None:
        host = Namespace(device.name, private=PRIVATE, own_etc=True)
        self.hosts[device.name] = host
        commands = [f"sysctl -q -w 'net.ipv4.{setting}'" for setting in STACKS[device.stack]]
        segments = [device.segment, *(router.joins if router else ())]
        for number, name in enumerate(segments):
            port = f"p{len(self.hosts)}-{number}"
            bridge = f"br-{name}"
            if number == 0 and router is not None and router.line is not None:
                bridge = self._line(device, router.line, bridge)
            inner = f"eth{number}"
            # A router has one hardware address in all its segments, as switches that route have.
            peer = ["peer", "name", inner, "address", device.mac, "netns", str(host.pid)]
            ip_link("link", "add", port, "type", "veth", *peer)
            ip_link("link", "set", port, "master", bridge)
            bring_up(port)
            # Without this the recording would hold frames larger than any wire carries.
            subprocess.run(["ethtool", "-K", port, *_OFF], check=True, capture_output=True)
            self.ports.setdefault(device.name, []).append(port)
            segment = self.topology.segments[name]
            commands += [f"ethtool -K {inner} {' '.join(_OFF)} >/dev/null", f"ip link set {inner} up"]
            ip = device.ip if number == 0 else segment.router
            if ip:
                commands.append(f"ip address add {ip}/{segment.network.prefixlen} dev {inner}")
            if number == 0 and ip and ip != segment.router:
                commands.append(f"ip route add default via {segment.router}")
        if (small := _SMALL_SEGMENTS.get(device.stack)) is not None:
            commands += [
                "nft add table inet small",
                "nft add chain inet small out '{ type filter hook output priority 0; }'",
                f"nft add rule inet small out 'tcp flags syn tcp option maxseg size set {small}'",
            ]
        if router is not None:
            commands += self._routing(router)
        host.run(["sh", "-e", "-c", "\n".join(commands)])
        if device.ip:
            host.write("/etc/resolv.conf", f"search {self.topology.domain}\nnameserver {self.name_server(device)}\n")

    def _line(self, device: Device, line: Line, bridge: str) -> str:
        """Puts a long line between ``bridge`` and a bridge for ``device`` alone, whose name is given back."""
        near = f"ln-{device.name}"
        ip_link("link", "add", near, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        bring_up(near)
        argv = [*self.python("wan_line.py"), f"{near}-a", f"{near}-b"]
        argv += [str(line.delay_ms), str(line.jitter_ms), str(line.loss), str(self.topology.seed)]
        self.line_programs.append(subprocess.Popen([*WITH_PARENT, *argv], stdout=subprocess.PIPE))
        said = self.line_programs[-1].stdout
        if said is None or said.readline() != b"ready\n":
            raise RuntimeError(f"no line for {device.name}: /dev/net/tun gives no TAP device")
        for end, master in ((f"{near}-a", near), (f"{near}-b", bridge)):
            ip_link("link", "set", end, "master", master)
            bring_up(end)
        return near

    def name_server(self, device: Device) -> str:
        """The address that ``device`` asks for names: the hospital's server, or at home the router."""
        server = self.first("infrastructure_server")
        segment = self.topology.segments[device.segment]
        return server.ip if server is not None and segment.own else segment.router

    def _routing(self, router: Router) -> list[str]:
        commands = ["sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0"]
        for other in self.topology.routers:
            place = self.topology.devices[other.device]
            if place.segment in router.joins or (other is not router and place.segment == self._place(router)):
                commands += [
                    f"ip route add {self.topology.segments[name].network} via {place.ip}"
                    for name in self._behind(other)
                ]
        if router.hides:
            commands += [
                "nft add table ip outside",
                "nft add chain ip outside post '{ type nat hook postrouting priority 100; }'",
                "nft add rule ip outside post oifname eth0 masquerade",
            ]
        return commands

    def _place(self, router: Router) -> str:
        return self.topology.devices[router.device].segment

    def _behind(self, router: Router) -> list[str]:
        """The segments that are reached through ``router`` from above."""
        if router.hides:
            return []
        found = list(router.joins)
        for other in self.topology.routers:
            if self._place(other) in router.joins:
                found += self._behind(other)
        return found

    def _mirror(self) -> None:
        """Copies frames from the ports to the recorder, each frame once: where it entered the hospital's network.

        A device's port copies all that the device sends. A router's port copies only what the router itself says, and
        what it brings in from segments that are not mirrored; what it forwards was copied where it was sent.
        """
        inside = [segment.network for segment in self.topology.segments.values() if segment.mirrored]
        networks = ", ".join(str(network) for network in ipaddress.collapse_addresses(inside))
        rules = ["table netdev mirror", "delete table netdev mirror", "table netdev mirror {"]
        routers = {router.device: router for router in self.topology.routers}
        for name, ports in self.ports.items():
            device = self.topology.devices.get(name)
            router = routers.get(name)
            segments = [device.segment if device else "", *(router.joins if router else ())]
            for port, segment_name in zip(ports, segments, strict=False):
                segment = self.topology.segments.get(segment_name)
                if segment is None or not segment.mirrored:
                    continue
                rules.append(f"chain {port} {{\ntype filter hook ingress device {port} priority 0; policy accept;")
                if router is None:
                    rules.append('dup to "mirror0"')
                else:
                    own = [str(self.topology.segments[name].router) for name in router.joins]
                    own.append(self.topology.devices[name].ip)
                    rules.append('ether type != ip dup to "mirror0"')
                    rules.append(f'ip saddr {{ {", ".join(own)}, 0.0.0.0 }} dup to "mirror0"')
                    if self._brings_in(router):
                        rules.append(f'ip saddr != {{ {networks}, 0.0.0.0 }} dup to "mirror0"')
                rules.append("}")
        done = subprocess.run(["nft", "-f", "-"], input="\n".join([*rules, "}"]) + "\n", capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"no mirror: {done.stderr.strip()[:800]}")

    def _brings_in(self, router: Router) -> bool:
        return not self.topology.segments[self._place(router)].mirrored

    def lasting(
        self,
        host: str,
        what: str,
        argv: Sequence[str],
        *,
        port: int = 0,
        transport: str = "tcp",
        application: str = "",
        env: Mapping[str, str] | None = None,
        talks: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Starts a program that goes on, without waiting; ``settle`` waits for the ports of all.

        Args:
            host: Where.
            what: What it does, for the diary.
            argv: The command line.
            port: Where it listens; 0 where it does not.
            transport: ``tcp`` or ``udp``.
            application: The protocol that goes over the wire.
            env: Its environment.
            talks: It holds connections of its own, so that it is ended for a rest and started again after it.
        """
        process = self.serve(host, what, argv, application=application, env=env)
        if port:
            self.listening.append((host, port, transport))
            self.diary[-1].port = port
        if talks:
            self.talkers.append(Talker(host=host, argv=argv, env=env, port=port, transport=transport, process=process))
        return process

    def settle(self) -> None:
        """Waits until every program that was started for a port listens.

        Raises:
            RuntimeError: One does not; all that do not are named with their last words.
        """
        end = time.monotonic() + SETTLE_SECONDS
        waiting = list(self.listening)
        while waiting and time.monotonic() < end:
            waiting = [entry for entry in waiting if not self.hosts[entry[0]].listens(entry[1], entry[2])]
            time.sleep(0.1)
        if waiting:
            raise RuntimeError(
                "; ".join(f"{host}: nothing listens at {how} {port}: {self._said(host)}" for host, port, how in waiting)
            )
        self.listening.clear()

    def _said(self, host: str) -> str:
        return " | ".join(
            text for log in self.logs.get(host, []) if (text := log.read_text(errors="replace").strip()[-400:])
        )

    def python(self, program: str) -> list[str]:
        """The beginning of the command line of one of the lab's own Python programs."""
        return [str(self.environment / "bin" / "python"), str(Path(__file__).parent.parent / "programs" / program)]

    def command(self, program: str) -> str:
        """A command of the lab's Python environment."""
        return str(self.environment / "bin" / program)

    def says(self, host: str, **texts: str) -> None:
        """Adds to what the truth file says of a device, beside what it announces."""
        self.notes.setdefault(host, {}).update(texts)

    def running(self, host: str) -> list[int]:
        """Process ids of the lasting programs of a host that still run."""
        return [process.pid for process in self.hosts[host].started() if process.poll() is None]

    def keep_running(self, host: str) -> None:
        """Says that what runs on ``host`` now is to go on when the attack that started it ends."""
        self.kept.update(self.running(host))

    def end(self, host: str, *, keep: set[int]) -> None:
        """Ends the lasting programs of a host but those in ``keep``."""
        for process in self.hosts[host].started():
            if process.poll() is None and process.pid not in keep and process.pid not in self.kept:
                process.terminate()
                try:
                    process.wait(timeout=3)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
