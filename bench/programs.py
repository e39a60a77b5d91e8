"""The commands that are measured: ours, and each peer as its own users would run it for the same answer."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "bench" / "scratch"
NFSTREAM_PYTHON = SCRATCH / "venv" / "bin" / "python"  # used where nfstream is not installed beside us

# What tshark is asked for: the messages that our first protocols read, and the fields that become clues.
CLUE_FILTER = (
    "arp || lldp || dhcp || dhcpv6 || dns || mdns || ssdp || http || tls.handshake || ssh.protocol || snmp"
    " || smb || smb2 || ntlmssp || mqtt || dicom || hl7"
)
CLUE_FIELDS = (
    "frame.number", "frame.time_epoch", "eth.src", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
    "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "arp.src.hw_mac", "arp.src.proto_ipv4",
    "lldp.tlv.system.name", "lldp.tlv.system.desc",
    "dhcp.option.hostname", "dhcp.option.vendor_class_id", "dhcp.option.request_list_item",
    "dns.qry.name", "dns.resp.name", "http.user_agent", "http.server", "http.host",
    "tls.handshake.extensions_server_name", "tls.handshake.ciphersuite", "tls.handshake.extension.type",
    "x509sat.uTF8String", "ssh.protocol", "snmp.value.octets", "ntlmssp.challenge.target_name", "mqtt.clientid",
    "dicom.assoc.ae.calling", "dicom.assoc.ae.called", "dicom.userinfo.uid", "dicom.userinfo.version",
    "dicom.tag.value.str", "hl7.field",
)  # fmt: skip
HL7_PORTS = ("2575", "6661-6662")


def fields_command(path: Path) -> list[str]:
    """`tshark -T fields` over the messages we read; it is told the ports that it would not guess."""
    command = ["tshark", "-n", "-r", str(path), "-Y", CLUE_FILTER, "-T", "fields", "-d", "tcp.port==4242,dicom"]
    for ports in HL7_PORTS:
        command += ["-d", f"tcp.port=={ports},hl7"]
    for name in CLUE_FIELDS:
        command += ["-e", name]
    return command


def _nfstream_python() -> str:
    return sys.executable if importlib.util.find_spec("nfstream") else str(NFSTREAM_PYTHON)


def _package(name: str) -> Callable[[], str]:
    def version() -> str:
        asked = ["dpkg-query", "-W", "-f", "${Version}", name]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"

    return version


def _nfstream_version() -> str:
    asked = [_nfstream_python(), "-c", "import importlib.metadata as m; print(m.version('nfstream'))"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program with the command that reads one capture file."""

    name: str
    command: Callable[[Path, Path], list[str]]
    """Capture and an empty scratch folder -> command line."""
    version: Callable[[], str]
    pinned: bool = True
    """Held to one CPU; not where a program changes what it does when it sees one."""
    environment: Callable[[Path], Mapping[str, str]] = field(default=lambda _: {})
    """Scratch folder -> variables."""
    discard_output: bool = False
    answers: frozenset[int] = frozenset({0})
    """Exit codes with which its work is done."""

    def present(self) -> bool:
        """Whether the program is installed."""
        return shutil.which(self.command(Path("x"), Path("x"))[0]) is not None


def our_version() -> str:
    """The last commit that touched the product, and whether it has been changed since."""

    def asked(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    commit = asked("log", "-1", "--format=%h", "--abbrev=10", "--", "src") or "unknown"
    return commit + (" with changes" if asked("status", "--porcelain", "--", "src") else "")


def _ours(name: str, command: Callable[[Path, Path], list[str]], *, cold: bool = False) -> Program:
    def cache(scratch: Path) -> Mapping[str, str]:
        # First start: an empty cache folder, so that the kernels are compiled in this very run.
        return {"ASEPSIS_CACHE": f"{scratch}/cache"} if cold else {}

    return Program(name=name, command=command, version=our_version, environment=cache)


ASEPSIS = str(Path(sys.executable).parent / "asepsis")
CLUES, CLUES_COLD = "analyze --no-store", "analyze --no-store, first start"
FULL, FLOWS = "analyze", "flow stage"


def _clues(path: Path, _: Path) -> list[str]:
    return [ASEPSIS, "analyze", "--no-store", "--json", str(path)]


def _full(path: Path, scratch: Path) -> list[str]:
    return [ASEPSIS, "analyze", "--json", "--workspace", f"{scratch}/workspace", str(path)]


def _flows(path: Path, _: Path) -> list[str]:
    return [sys.executable, "-m", "asepsis.wire", str(path)]


OURS = {
    program.name: program
    for program in (
        _ours(CLUES, _clues),
        _ours(FULL, _full),
        _ours(FLOWS, _flows),
        _ours(CLUES_COLD, _clues, cold=True),
    )
}

PEERS = {
    program.name: program
    for program in (
        Program(
            name="nfstream",
            command=lambda path, _: [_nfstream_python(), str(ROOT / "bench" / "nfstream_flows.py"), str(path)],
            version=_nfstream_version,
            pinned=False,  # with one CPU it gives up its second process by itself
        ),
        Program(
            name="ndpiReader -q",
            command=lambda path, _: ["ndpiReader", "-i", str(path), "-q"],
            version=_package("libndpi-bin"),
        ),
        Program(
            name="tshark -T fields",
            command=lambda path, _: fields_command(path),
            version=_package("tshark"),
            discard_output=True,
        ),
        Program(
            name="tshark -z conv",
            command=lambda path, _: ["tshark", "-n", "-r", str(path), "-q", "-z", "conv,tcp", "-z", "conv,udp"],
            version=_package("tshark"),
        ),
        Program(
            name="argus",
            command=lambda path, _: ["argus", "-r", str(path), "-w", "/dev/null"],
            version=_package("argus-server"),
            answers=frozenset({0, -6, 134}),  # some versions abort at exit, after the last record is written
        ),
        Program(
            name="nfpcapd",
            command=lambda path, scratch: ["nfpcapd", "-r", str(path), "-w", str(scratch)],
            version=_package("nfdump"),
        ),
        Program(
            name="softflowd",
            command=lambda path, scratch: [
                "softflowd", "-r", str(path), "-d", "-6", "-m", "1000000", "-p", f"{scratch}/pid", "-c", "none",
            ],
            version=_package("softflowd"),
        ),
        Program(
            name="tcpdump -w /dev/null",
            command=lambda path, _: ["tcpdump", "-r", str(path), "-w", "/dev/null"],
            version=_package("tcpdump"),
        ),
        Program(
            name="cat",
            command=lambda path, _: ["cat", str(path)],
            version=_package("coreutils"),
            discard_output=True,
        ),
    )
}  # fmt: skip

PROGRAMS = {**OURS, **PEERS}
