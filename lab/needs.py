"""What a recording needs: programs with the Debian packages that bring them, and what the kernel must be able to do.

Everything is asked for before anything is started, and everything that is missing is named at once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from lab.namespaces import WITH_PARENT

PROGRAMS: dict[str, str] = {
    # program: Debian package
    "avahi-daemon": "avahi-daemon",
    "curl": "curl",
    "dcmodify": "dcmtk",
    "dcmqrscp": "dcmtk",
    "dhclient": "isc-dhcp-client",
    "dhcpcd": "dhcpcd-base",
    "dig": "bind9-dnsutils",
    "dnsmasq": "dnsmasq-base",
    "dump2dcm": "dcmtk",
    "dumpcap": "wireshark-common",
    "echoscu": "dcmtk",
    "editcap": "wireshark-common",
    "ethtool": "ethtool",
    "findscu": "dcmtk",
    "img2dcm": "dcmtk",
    "ip": "iproute2",
    "lldpcli": "lldpd",
    "lldpd": "lldpd",
    "miniupnpd": "miniupnpd-nftables",
    "mosquitto": "mosquitto",
    "mosquitto_passwd": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "movescu": "dcmtk",
    "nginx": "nginx",
    "nmbd": "samba",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "setpriv": "util-linux",
    "smbclient": "smbclient",
    "smbd": "samba",
    "snmpd": "snmpd",
    "snmpget": "snmp",
    "ssh": "openssh-client",
    "sshd": "openssh-server",
    "storescp": "dcmtk",
    "storescu": "dcmtk",
    "sysctl": "procps",
    "tcprewrite": "tcpreplay",
    "tshark": "tshark",
    "udhcpc": "udhcpc",
    "unshare": "util-linux",
    "upnpc": "miniupnpc",
    "wget": "wget",
    "wlmscpfs": "dcmtk",
    "zstd": "zstd",
}

HOSPITAL_PROGRAMS: dict[str, str] = {
    **PROGRAMS,
    "Orthanc": "orthanc",
    "arpspoof": "dsniff",
    "chronyd": "chrony",
    "dropbear": "dropbear-bin",
    "hping3": "hping3",
    "hydra": "hydra",
    "iodine": "iodine",
    "cupsd": "cups-daemon",
    "lp": "cups-client",
    "lpadmin": "cups-client",
    "kamailio": "kamailio",
    "lighttpd": "lighttpd",
    "mosquitto_sub": "mosquitto-clients",
    "nft": "nftables",
    "nmap": "nmap",
    "ping": "iputils-ping",
    "sipsak": "sipsak",
}
"""What the whole hospital and its attacks take, beside the ward's."""

_PROBE = r"""
mount -t sysfs sysfs /sys || { echo "cannot mount sysfs in a namespace of its own"; exit 1; }
ip link add br0 type bridge || { echo "no bridge device"; exit 1; }
echo 0x4000 > /sys/class/net/br0/bridge/group_fwd_mask || { echo "the bridge cannot pass LLDP"; exit 1; }
ip link add a0 type veth peer name b0 || { echo "no veth device"; exit 1; }
ethtool -K a0 tx off tso off gso off gro off >/dev/null || { echo "veth offloads cannot be switched off"; exit 1; }
ip link set a0 master br0 || { echo "veth cannot join a bridge"; exit 1; }
unshare --net --mount --uts true || { echo "no namespace inside a namespace"; exit 1; }
"""


def enclosed(argv: list[str]) -> list[str]:
    """The command line that runs ``argv`` in namespaces of its own, dying with us and taking everything along.

    The process id namespace is what makes a recording leave nothing behind: its first process dies with its
    parent, and the kernel then kills whatever still runs inside, daemons included.
    """
    own = ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL", "--mount-proc"]
    return [*WITH_PARENT, *own, *argv]


def search_path() -> str:
    """The PATH on which the lab looks for programs: system programs live in ``sbin``, which users often lack."""
    return os.pathsep.join(["/usr/local/sbin", "/usr/sbin", "/sbin", os.environ.get("PATH", "/usr/bin:/bin")])


_HOSPITAL_PROBE = (
    _PROBE
    + r"""
ip link add mirror0 type veth peer name mirror1 || { echo "no veth device"; exit 1; }
nft 'add table netdev m; add chain netdev m c { type filter hook ingress device a0 priority 0; };
     add rule netdev m c dup to mirror0' || { echo "nftables cannot copy frames (netdev dup)"; exit 1; }
nft 'add table ip o; add chain ip o p { type nat hook postrouting priority 100; };
     add rule ip o p masquerade' || { echo "nftables cannot replace addresses (nat)"; exit 1; }
sysctl -q -w net.ipv4.ip_default_ttl=128 net.ipv4.tcp_sack=0 || { echo "IP stacks cannot be told to differ"; exit 1; }
"""
)


def missing(*, hospital: bool = False) -> list[str]:
    """One line for everything that keeps a recording from being made here; empty when all is there.

    Args:
        hospital: For the whole hospital, not for the ward alone.
    """
    lines = []
    absent: dict[str, list[str]] = {}
    for program, package in (HOSPITAL_PROGRAMS if hospital else PROGRAMS).items():
        if shutil.which(program, path=search_path()) is None:
            absent.setdefault(package, []).append(program)
    if absent:
        programs = ", ".join(program for group in absent.values() for program in group)
        lines.append(f"missing programs: {programs}; apt-get install {' '.join(sorted(absent))}")
    if not Path("/usr/bin/python3").exists():
        lines.append("missing /usr/bin/python3; apt-get install python3")
    if os.geteuid() != 0:
        lines.append("needs root: it makes network namespaces; run it with sudo")
    if lines:
        return lines
    probe = subprocess.run(
        enclosed(["sh", "-c", _HOSPITAL_PROBE if hospital else _PROBE]),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": search_path()},
    )
    if probe.returncode != 0:
        why = (probe.stdout.strip() or probe.stderr.strip()).splitlines()
        lines.append(f"this kernel or container does not allow it: {why[-1] if why else 'unshare failed'}")
    return lines


@cache
def package_versions() -> dict[str, str]:
    """Every Debian package that takes part, with its version as ``dpkg-query`` prints it."""
    packages = sorted({*HOSPITAL_PROGRAMS.values(), "python3"})
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    versions = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    return {package: version for package, version in versions.items() if version}


def upstream(package: str) -> str:
    """The version that a program of ``package`` states itself: Debian's without epoch and revision."""
    return package_versions()[package].split(":")[-1].split("-")[0]
