"""The story of addresses and names: DHCP, DHCPv6, router advertisements, DNS, LLDP."""

from __future__ import annotations

import platform

from lab.hosts import BY_NAME, DOMAIN, HOSTS, PREFIX6
from lab.needs import upstream
from lab.offices import DESCRIPTIONS
from lab.ward import Ward

UPNP_PORT = 5000
LEASE_SECONDS = 120
"""The shortest that dnsmasq grants: clients renew after 60 s, so that a recording of 90 s holds renewals."""


def gateway(ward: Ward) -> None:
    """Starts the router's services."""
    gw = ward.hosts["gw"]
    # A router says so in its neighbour advertisements (RFC 4861 4.4, flag R); without it hosts drop the default route.
    gw.run(["sysctl", "-q", "-w", "net.ipv6.conf.all.forwarding=1", "net.ipv4.ip_forward=1"])
    gw.run(["ip", "address", "add", f"{PREFIX6}::1/64", "dev", "eth0", "nodad"])
    fixed = [plan for plan in HOSTS if plan.address[0].isdigit() and plan.name in ward.hosts]
    lines = [
        "no-resolv",
        "no-hosts",
        "interface=eth0",
        "bind-interfaces",
        f"domain={DOMAIN}",
        f"local=/{DOMAIN}/",
        "expand-hosts",
        "dhcp-authoritative",
        # Without this it pings for 3 s before every offer, and eight clients that start at once time out.
        "no-ping",
        f"dhcp-range=10.20.30.100,10.20.30.199,255.255.255.0,{LEASE_SECONDS}",
        f"dhcp-range={PREFIX6}::100,{PREFIX6}::1ff,slaac,64,10m",
        f"dhcp-option=option6:domain-search,{DOMAIN}",
        "enable-ra",
        *(f"host-record={plan.name}.{DOMAIN},{plan.name},{plan.address}" for plan in fixed),
    ]
    gw.write("/etc/dnsmasq.conf", "\n".join(lines) + "\n")
    ward.serve(
        "gw",
        "gives addresses and names",
        ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/etc/dnsmasq.conf", "--log-facility=-"],
        port=67,
        transport="udp",
        application="dhcp",
    )
    gw.wait_for(53, "udp")
    # The line to the provider goes nowhere: miniupnpd only wants to see an outer interface.
    gw.run(["ip", "link", "add", "wan0", "type", "veth", "peer", "name", "provider0"])
    gw.run(["ip", "address", "add", "192.168.77.2/24", "dev", "wan0"])
    gw.run(["ip", "link", "set", "wan0", "up"])
    gw.run(["ip", "link", "set", "provider0", "up"])
    inner = ["-4", "-f", "/dev/null", "-i", "wan0", "-a", "eth0", "-p", str(UPNP_PORT), "-t", "60"]
    named = ["-u", "4f1d0a52-6a3e-4c11-9b57-18e829200001", "-s", "LAB-GW-0001", "-z", "Ward 4 gateway"]
    ward.serve("gw", "announces itself (SSDP)", ["miniupnpd", "-d", *inner, *named], port=UPNP_PORT, application="ssdp")
    server = f"Debian/{platform.release()} UPnP/1.1 MiniUPnPd/{upstream('miniupnpd-nftables')}"
    ward.announces("gw", "http.server", server)


def clients(ward: Ward) -> None:
    """Starts every DHCP client with the options that its package sends, one kind of naming each."""
    for plan in HOSTS:
        if plan.name not in ward.hosts or plan.address[0].isdigit():
            continue
        argv = _client(ward, plan.name, plan.address)
        ward.serve(plan.name, f"asks for an address ({plan.address})", argv, application="dhcp")
    for plan in HOSTS:
        if plan.name in ward.hosts and not plan.address[0].isdigit():
            ward.wait_for_address(plan.name)
    if ward.has("admin1"):
        ward.wait_for_link_local("admin1")
        ward.serve(
            "admin1",
            "asks for an IPv6 address (dhclient)",
            ["dhclient", "-6", "-d", "-lf", "/run/dhclient6.leases", "-pf", "/run/dhclient6.pid", "eth0"],
            application="dhcpv6",
        )


def _client(ward: Ward, name: str, program: str) -> list[str]:
    if program == "udhcpc":
        ward.announces(name, "dhcp.option.vendor_class_id", f"udhcp {upstream('udhcpc')}")
        if name == "wband2":
            # The only one that names itself by option 81 (RFC 4702) alone.
            ward.announces(name, "dhcp.fqdn.name", name)
            return ["udhcpc", "-f", "-i", "eth0", "-F", name]
        said = "ESP_200070" if name == "fridge7" else name
        ward.announces(name, "dhcp.option.hostname", said)
        return ["udhcpc", "-f", "-i", "eth0", "-x", f"hostname:{said}"]
    if program == "dhclient":
        # Debian's dhclient.conf: send host-name = gethostname().
        ward.announces(name, "dhcp.option.hostname", name)
        return ["dhclient", "-4", "-d", "-lf", "/run/dhclient.leases", "-pf", "/run/dhclient.pid", "eth0"]
    if program != "dhcpcd":
        raise ValueError(f"{name}: no DHCP client is called {program}")
    host = ward.hosts[name]
    package = host.path("/etc/dhcpcd.conf").read_text()
    # The identifier is made of the hardware address, not of this machine's own serial number.
    host.write("/etc/dhcpcd.conf", package.replace("\nduid\n", "\nduid ll\n"))
    if name == "visitor":
        # Debian's own configuration: no host name, no vendor class.
        return ["dhcpcd", "--nobackground", "--nodev", "eth0"]
    # dhcpcd's own default vendor class, which Debian's configuration blanks: version, system, machine, processor.
    host.write("/etc/dhcpcd.conf", host.path("/etc/dhcpcd.conf").read_text().replace("\nvendorclassid\n", "\n"))
    ward.announces(name, "dhcp.option.hostname", name)
    return ["dhcpcd", "--nobackground", "--nodev", f"--hostname={name}", "eth0"]


def neighbours(ward: Ward) -> None:
    """Starts LLDP on the switch and, with LLDP-MED and an inventory, on the bedside monitor."""
    if ward.has("sw1"):
        says = DESCRIPTIONS["sw1"]
        _lldpd(ward, "sw1", says, "4", ["configure system capabilities enabled bridge"])
        ward.announces("sw1", "lldp.tlv.system.name", "sw1")
        ward.announces("sw1", "lldp.tlv.system.desc", says)
    if ward.has("mon-b07"):
        says = "LabMon bedside monitor"
        inventory = {
            "hardware-revision": "B2",
            "firmware-revision": "1.4",
            "serial-number": "LAB-MON-0B07",
            "manufacturer": "Philips",
            "model": "LabMon MP5",
        }
        _lldpd(ward, "mon-b07", says, "1", [f'configure inventory {key} "{text}"' for key, text in inventory.items()])
        fields = ("hardware", "firmware", "sn", "manufacturer", "model")
        ward.announces("mon-b07", "lldp.tlv.system.desc", says)
        for key, text in zip(fields, inventory.values(), strict=True):
            ward.announces("mon-b07", f"lldp.media.{key}", text)


def _lldpd(ward: Ward, name: str, description: str, media_class: str, commands: list[str]) -> None:
    host = ward.hosts[name]
    host.path("/run/lldpd").mkdir(exist_ok=True)
    # The port of a real switch is known by more than "eth0", but the hardware's own description must stay out.
    host.write("/etc/lldpd.conf", "\n".join(["configure lldp tx-interval 20", *commands]) + "\n")
    argv = ["lldpd", "-d", "-k", "-M", media_class, "-S", description, "-O", "/etc/lldpd.conf", "-I", "eth0"]
    ward.serve(name, "announces itself (LLDP)", argv, application="lldp")


def questions(ward: Ward) -> None:
    """Asks the name service forwards and backwards."""
    if not ward.has("gw", "readws1"):
        return
    # upnpc finds the gateway and reads its description; it ends with 1 because the gateway has no public address.
    ward.do("readws1", "looks for gateways", ["upnpc", "-s"], server="gw", application="ssdp", expect=1)
    for question in (
        ["pacs1." + DOMAIN, "A"],
        ["pacs1." + DOMAIN, "AAAA"],
        ["-x", BY_NAME["pacs1"].address],
        ["no-such-host." + DOMAIN, "A"],
    ):
        argv = ["dig", "+tries=1", *question]
        ward.do("readws1", "asks a name", argv, server="gw", port=53, application="dns")
