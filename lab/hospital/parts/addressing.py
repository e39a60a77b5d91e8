"""Addresses and names: DHCP servers, relays and clients, the name service."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.topology import Device, Segment
from lab.needs import upstream

LEASE_SECONDS = 36_000
"""Ten hours: longer than the longest rest between two sittings."""
CLIENT_SECONDS = 60.0
"""Dozens of clients ask at once on a busy machine, and each doubles its waiting time (RFC 2131 4.1)."""


def server(hospital: Hospital, device: Device, segments: list[Segment], *, names: bool) -> None:
    """Starts dnsmasq on ``device`` for the addresses of ``segments`` and, with ``names``, the hospital's names."""
    lines = [
        *("no-resolv", "no-hosts", f"domain={hospital.topology.domain}", "expand-hosts", "dhcp-authoritative"),
        # Without this it pings for 3 s before every offer, and clients that start at once time out.
        *("no-ping", "dhcp-lease-max=400", f"local=/{hospital.topology.domain}/", "bind-dynamic"),
    ]
    for segment in segments:
        base = segment.network.network_address
        lines += [
            f"dhcp-range=set:{segment.name},{base + 100},{base + 240},{segment.network.netmask},{LEASE_SECONDS}",
            f"dhcp-option=tag:{segment.name},option:router,{segment.router}",
        ]
    if names:
        lines += [f"dhcp-option=option:dns-server,{device.ip}", f"dhcp-option=option:ntp-server,{device.ip}"]
        lines += [f"host-record={n}.{hospital.topology.domain},{n},{d.ip}" for n, d in _fixed(hospital)]
    for other in hospital.topology.devices.values():
        if (said := other.settings.get("domain_name")) is not None:
            lines.append(f"host-record={said},{other.ip}")
        if (zone := other.settings.get("zone")) is not None:
            lines.append(f"server=/{zone}/{other.ip}")
    hospital.hosts[device.name].write("/etc/dnsmasq.conf", "\n".join(lines) + "\n")
    argv = ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/etc/dnsmasq.conf", "--log-facility=-"]
    what = "gives addresses and names" if names else "gives addresses"
    hospital.lasting(device.name, what, argv, port=67, transport="udp", application="dhcp")


def relay(hospital: Hospital, device: Device, segments: list[Segment], to: Device) -> None:
    """Starts a relay on a router: requests of ``segments`` go to the server ``to``."""
    lines = ["port=0", "no-resolv", "no-hosts"]
    lines += [f"dhcp-relay={segment.router},{to.ip}" for segment in segments]
    hospital.hosts[device.name].write("/etc/dnsmasq.conf", "\n".join(lines) + "\n")
    argv = ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/etc/dnsmasq.conf", "--log-facility=-"]
    hospital.lasting(device.name, "passes address requests on", argv, port=67, transport="udp", application="dhcp")


def _fixed(hospital: Hospital) -> list[tuple[str, Device]]:
    inside = {segment.name for segment in hospital.topology.segments.values() if segment.own}
    return [(n, d) for n, d in hospital.topology.devices.items() if d.ip and d.segment in inside]


def ask(hospital: Hospital, device: Device, *, vendor_class: str = "") -> None:
    """Starts the DHCP client that the topology names; nothing for a fixed address.

    Args:
        hospital: Where.
        device: Who asks.
        vendor_class: DHCP option 60 instead of the client's own.
    """
    if device.by == "static":
        return
    name = device.name
    argv: list[str]
    if device.by == "udhcpc":
        said = vendor_class or f"udhcp {upstream('udhcpc')}"
        argv = ["udhcpc", "-f", "-i", "eth0", "-t", "15", "-x", f"hostname:{name}", "-V", said]
        hospital.announces(name, "dhcp.option.vendor_class_id", said)
        hospital.announces(name, "dhcp.option.hostname", name)
    elif device.by == "dhclient":
        if vendor_class:
            hospital.hosts[name].write(
                "/etc/dhcp/dhclient.conf",
                f'send host-name = gethostname();\nsend vendor-class-identifier "{vendor_class}";\n'
                "request subnet-mask, routers, domain-name, domain-name-servers, ntp-servers;\n",
            )
            hospital.announces(name, "dhcp.option.vendor_class_id", vendor_class)
        argv = ["dhclient", "-4", "-d", "-lf", "/run/dhclient.leases", "-pf", "/run/dhclient.pid", "eth0"]
        hospital.announces(name, "dhcp.option.hostname", name)
    else:
        host = hospital.hosts[name]
        package = host.path("/etc/dhcpcd.conf").read_text()
        host.write("/etc/dhcpcd.conf", package.replace("\nduid\n", "\nduid ll\n"))
        argv = ["dhcpcd", "-4", "--nobackground", "--nodev", f"--hostname={name}", "eth0"]
        hospital.announces(name, "dhcp.option.hostname", name)
    hospital.lasting(name, f"asks for an address ({device.by})", argv, application="dhcp")


def wait(hospital: Hospital) -> None:
    """Waits until every DHCP client has its address."""
    for device in hospital.topology.devices.values():
        if device.by != "static":
            hospital.wait_for_address(device.name, timeout_seconds=CLIENT_SECONDS)
