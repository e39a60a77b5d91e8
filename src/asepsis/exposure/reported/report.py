"""A report of another program: which hosts it says it saw, with what, and what it claims against them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.text import showable
from asepsis.kernel.value import value

# A scan of a large site by Nessus is some 300 MB; what a person brings in for one hospital is a tenth of it.
REPORT_LIMIT_BYTES: Final = 256 << 20
HOSTS_LIMIT: Final = 65_536
"""A network of /16."""
CLAIMS_LIMIT: Final = 2_000
"""Of one host; Nessus has some 200 for the worst."""
CLAIMS_IN_ALL_LIMIT: Final = 300_000
"""Of all hosts: 5,000 hosts with 50 each, and room. A file of empty elements would else be a gigabyte of claims."""
TEXT_LIMIT: Final = 300
_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,9}")
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class ReportError(AsepsisError):
    """A file is no report that can be read."""


class Tool(StrEnum):
    """Whose format it is."""

    NMAP = "nmap"
    NESSUS = "nessus"
    SARIF = "sarif"


class Severity(StrEnum):
    """As the report says, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NOTE = "note"


@value
class Service:
    """A port that is said to answer."""

    port: int
    transport: str
    name: str
    product: str


@value
class Claim:
    """What a report holds against a host. The program's output is not kept: it may quote secrets or patients."""

    number: str
    """The program's own number of it: a plugin, a rule, a script."""
    title: str
    severity: Severity
    base: float | None
    """CVSS base score; None where there is none."""
    port: int
    """0 for the host as a whole."""
    transport: str
    vulnerabilities: tuple[str, ...]
    """CVE numbers."""
    action: str
    """What the program recommends."""
    vector: str = ""
    """The CVSS vector of the base score, of any version."""
    is_public: bool = False
    """A program that uses it is published, as the report says."""
    weakness: str = ""
    """The id of the kind of passive weakness that this would be if traffic showed it; empty for none."""


@value
class Host:
    """One host of a report."""

    ips: tuple[str, ...]
    macs: tuple[str, ...]
    names: tuple[str, ...]
    os: str
    at_ns: int
    """When it was looked at; 0 where the report does not say."""
    services: tuple[Service, ...]
    claims: tuple[Claim, ...]


@value
class Report:
    """One file."""

    tool: Tool
    program: str
    """Name and version, as the file says."""
    name: str
    began_ns: int
    """0 where it does not say."""
    hosts: tuple[Host, ...]
    problems: tuple[str, ...]
    """What could not be read; the rest was."""

    @property
    def claims(self) -> int:
        """How many there are in all."""
        return sum(len(host.claims) for host in self.hosts)

    def document(self) -> dict[str, Any]:
        """JSON-ready, without the hosts."""
        return {
            "tool": str(self.tool),
            "program": self.program,
            "name": self.name,
            "hosts": len(self.hosts),
            "claims": self.claims,
            "problems": list(self.problems),
        }


class Hosts:
    """The hosts of a report while it is read, no more than there is room for."""

    def __init__(self) -> None:
        self.found: list[Host] = []
        self._claims = 0
        self.has_room = True

    def add(self, host: Host) -> None:
        """Takes one host in."""
        self.found.append(host)
        self._claims += len(host.claims) + len(host.services)
        self.has_room = len(self.found) < HOSTS_LIMIT and self._claims < CLAIMS_IN_ALL_LIMIT

    def problems(self, *others: str) -> tuple[str, ...]:
        """What is wrong with the report, that it is too large among it."""
        full = () if self.has_room else (f"it holds more than is read: the first {len(self.found)} hosts were taken",)
        return (*filter(None, others), *full)


def text(raw: object, limit: int = TEXT_LIMIT) -> str:
    """A short text of a stranger, in one line, without signs that a terminal obeys."""
    return showable(" ".join(str(raw).split()))[:limit] if isinstance(raw, str) else ""


def cves(*texts: str) -> tuple[str, ...]:
    """The CVE numbers in texts, in order, each once."""
    return tuple(dict.fromkeys(found for one in texts for found in _CVE.findall(one.upper())))[:100]


def mac(raw: str) -> str:
    """A hardware address as we write it; empty where it is none."""
    lower = raw.strip().lower().replace("-", ":")
    return lower if _MAC.fullmatch(lower) else ""


def number(raw: object, most: float) -> float | None:
    """A number from 0 to ``most``; None for everything else."""
    try:
        found = float(raw)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError, OverflowError):
        return None
    return found if 0 <= found <= most else None


def severity_of(base: float | None) -> Severity:
    """The words of CVSS 3.1, section 5, for a base score."""
    if base is None or base <= 0:
        return Severity.NOTE
    return next(
        word
        for least, word in (
            (9.0, Severity.CRITICAL),
            (7.0, Severity.HIGH),
            (4.0, Severity.MEDIUM),
            (0.0, Severity.LOW),
        )
        if base >= least
    )
