"""What every recording is made of: hosts, what runs on them, and a diary of everything that was done.

Comes in: namespaces that ``ward`` or ``hospital.network`` joined to a wire. Goes out: ``diary``, the labels of a
recording. Stories act through ``serve`` and ``do``.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.namespaces import Namespace

PRIVATE = (
    "/run",
    "/var/lib/dhcp",
    "/var/lib/dhcpcd",
    "/var/lib/lldpd",
    "/var/lib/misc",
    "/var/lib/nginx",
    "/var/lib/samba",
    "/var/lib/snmp",
    "/var/cache/samba",
    "/var/log",
)
"""Where daemons keep state: each host has its own, in memory."""
MATERIAL = Path(__file__).resolve().parent / "material"
PROGRAM_FILES = Path(__file__).resolve().parent / "programs"


@dataclass(slots=True, kw_only=True)
class Deed:
    """Something that was done on a host, in the diary."""

    at_seconds: float
    """Since the recording began."""
    host: str
    what: str
    argv: list[str]
    server: str = ""
    port: int = 0
    application: str = ""
    """The protocol that went over the wire, empty where several did."""
    exit_code: int | None = None
    """None for a program that keeps running."""


@dataclass(slots=True)
class Stage:
    """Hosts and what was done on them.

    Args:
        scratch: A folder that vanishes with the recording; its path never gets into the diary.
        environment: The lab's own Python environment, with the programs that PyPI has.
        names: The hosts that take part.
    """

    scratch: Path
    environment: Path
    names: Sequence[str]
    hosts: dict[str, Namespace] = field(default_factory=dict)
    diary: list[Deed] = field(default_factory=list)
    announced: list[dict[str, str]] = field(default_factory=list)
    """What each host was set up to say about itself; ``truth`` looks every one up in the recording."""
    began: float = 0.0
    logs: dict[str, list[Path]] = field(default_factory=dict)
    """What the lasting programs of each host wrote."""

    def has(self, *names: str) -> bool:
        """Whether all of these hosts take part."""
        return all(name in self.hosts for name in names)

    def serve(
        self,
        host: str,
        what: str,
        argv: Sequence[str],
        *,
        port: int = 0,
        transport: str = "tcp",
        application: str = "",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a program that goes on; waits until it listens at ``port`` where one is given."""
        log = self.scratch / f"{host}-{len(self.diary)}-{Path(argv[0]).name}.log"
        self.logs.setdefault(host, []).append(log)
        with log.open("wb") as written:
            process = self.hosts[host].start(argv, stdout=written, stderr=subprocess.STDOUT, env=env)
        self._note(host, what, argv, "", port, application, None)
        if port:
            try:
                self.hosts[host].wait_for(port, transport)
            except RuntimeError as error:
                raise RuntimeError(f"{error}: {self.last_words(host)}") from error
        return process

    def do(
        self,
        host: str,
        what: str,
        argv: Sequence[str],
        *,
        server: str = "",
        port: int = 0,
        application: str = "",
        stdin: str = "",
        timeout_seconds: float = 30.0,
        expect: int | None = 0,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Runs a program to its end, notes it, and gives what it printed.

        Raises:
            RuntimeError: Its exit code is not ``expect`` (None: any will do): a story that did not happen is not
                recorded as if it had.
        """
        deed = self._note(host, what, argv, server, port, application, None)
        done = self.hosts[host].run(argv, stdin=stdin, timeout_seconds=timeout_seconds, check=False, env=env)
        deed.exit_code = done.returncode
        if expect is not None and done.returncode != expect:
            said = (done.stderr + done.stdout).strip()[-800:]
            raise RuntimeError(f"{host}: {' '.join(argv)}: exit code {done.returncode}, not {expect}: {said}")
        return done.stdout

    def _note(
        self, host: str, what: str, argv: Sequence[str], server: str, port: int, application: str, code: int | None
    ) -> Deed:
        deed = Deed(
            at_seconds=round(time.monotonic() - self.began, 1),
            host=host,
            what=what,
            argv=[self._plain(word) for word in argv],
            server=server,
            port=port,
            application=application,
            exit_code=code,
        )
        self.diary.append(deed)
        return deed

    def _plain(self, word: str) -> str:
        """A word of a command line without the folders of the recording machine."""
        for folder, shown in (
            (self.scratch, "SCRATCH"),
            (self.environment, "ENVIRONMENT"),
            (MATERIAL, "material"),
            (PROGRAM_FILES, "programs"),
        ):
            word = word.replace(str(folder), shown)
        return word

    def announces(self, host: str, field_name: str, text: str) -> None:
        """States that ``host`` says ``text`` in ``field_name``, a display field of tshark; checked in the recording."""
        self.announced.append({"host": host, "field": field_name, "value": text})

    def fill(self, name: str, **words: str) -> Path:
        """Copies a text of ``material`` to the scratch folder with its ``$words`` filled in."""
        text = (MATERIAL / name).read_text()
        for word, value in words.items():
            text = text.replace(f"${word}", value)
        target = self.scratch / f"{'-'.join([*words.values()][:1] or ['0'])}-{name}".replace("/", "_")
        target.write_text(text)
        return target

    def addresses(self, host: str) -> dict[str, list[str]]:
        """The addresses that the kernel gave ``eth0`` of ``host``, as they are now."""
        answer: list[dict[str, Any]] = json.loads(self.hosts[host].run(["ip", "-j", "address", "show", "eth0"]).stdout)
        found = answer[0]["addr_info"]
        return {
            "ipv4": sorted(entry["local"] for entry in found if entry["family"] == "inet"),
            "ipv6": sorted(entry["local"] for entry in found if entry["family"] == "inet6"),
        }

    def wait_for_address(self, host: str, *, timeout_seconds: float = 25.0) -> None:
        """Waits until a DHCP client has configured an IPv4 address and the name service.

        Raises:
            RuntimeError: It did not in time.
        """
        end = time.monotonic() + timeout_seconds
        resolver = self.hosts[host].path("/etc/resolv.conf")
        while not (self.addresses(host)["ipv4"] and "nameserver" in resolver.read_text()):
            if time.monotonic() > end:
                words = self.last_words(host)
                raise RuntimeError(f"{host}: no address by DHCP after {timeout_seconds:.0f} s: {words}")
            time.sleep(0.1)

    def wait_for_link_local(self, host: str, *, timeout_seconds: float = 10.0) -> None:
        """Waits until duplicate address detection (RFC 4862 5.4) has passed the link-local address.

        Raises:
            RuntimeError: It has not in time.
        """
        end = time.monotonic() + timeout_seconds
        while True:
            said = self.hosts[host].run(["ip", "-6", "address", "show", "dev", "eth0", "scope", "link"]).stdout
            if "fe80" in said and "tentative" not in said:
                return
            if time.monotonic() > end:
                raise RuntimeError(f"{host}: no link-local address after {timeout_seconds:.0f} s")
            time.sleep(0.1)

    def last_words(self, host: str) -> str:
        """The end of what the last program started on ``host`` wrote."""
        log = self.logs[host][-1]
        return f"{log.name}: {log.read_text(errors='replace').strip()[-600:]}"

    def close(self) -> None:
        """Ends all hosts."""
        for host in self.hosts.values():
            host.close()

    def deeds(self) -> list[dict[str, Any]]:
        """The diary, JSON-ready, without empty members."""
        return [{k: v for k, v in asdict(deed).items() if v not in ("", 0) or k == "exit_code"} for deed in self.diary]


def bring_up(device: str) -> None:
    """Brings up a device that must stay silent itself: the recorder is no host of the ward."""
    Path(f"/proc/sys/net/ipv6/conf/{device}/disable_ipv6").write_text("1")
    ip_link("link", "set", device, "up")


def ip_link(*words: str) -> None:
    """Runs ``ip`` in the recording's own network namespace."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
