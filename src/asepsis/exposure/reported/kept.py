"""A report as it is kept: what was read of the file, and nothing else of it.

The files themselves hold what a scan signed in with, and what programs printed: passwords and names of patients among
it. Names of fields stand beside the rows, so that a later version reads what an earlier one kept.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final

from asepsis.exposure.reported.report import Claim, Host, Report, ReportError, Service, Severity, Tool

FORMAT: Final = 1
_CLAIM: Final = tuple(one.name for one in fields(Claim))
_SERVICE: Final = tuple(one.name for one in fields(Service))


def written(report: Report) -> bytes:
    """The report as JSON; ``read_kept`` gives it back."""
    document = {
        "format": FORMAT,
        "claim": _CLAIM,
        "service": _SERVICE,
        "tool": report.tool,
        "program": report.program,
        "name": report.name,
        "began_ns": report.began_ns,
        "problems": report.problems,
        "hosts": [
            {
                "ips": host.ips,
                "macs": host.macs,
                "names": host.names,
                "os": host.os,
                "at_ns": host.at_ns,
                "services": [[getattr(one, name) for name in _SERVICE] for one in host.services],
                "claims": [[getattr(one, name) for name in _CLAIM] for one in host.claims],
            }
            for host in report.hosts
        ],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def read_kept(content: bytes) -> Report:
    """The report that ``written`` wrote.

    Raises:
        ReportError: It is none, or of a later version.
    """
    try:
        document = json.loads(content)
        if document["format"] > FORMAT:
            raise ReportError("it was kept by a newer version", code="report-newer")
        return Report(
            tool=Tool(document["tool"]),
            program=document["program"],
            name=document["name"],
            began_ns=document["began_ns"],
            problems=tuple(document["problems"]),
            hosts=tuple(_host(one, document["claim"], document["service"]) for one in document["hosts"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReportError("what is kept of it is damaged", code="report-unreadable") from error


def _host(found: dict[str, Any], claim: list[str], service: list[str]) -> Host:
    return Host(
        ips=tuple(found["ips"]),
        macs=tuple(found["macs"]),
        names=tuple(found["names"]),
        os=found["os"],
        at_ns=found["at_ns"],
        services=tuple(Service(**dict(zip(service, row, strict=True))) for row in found["services"]),
        claims=tuple(_claim(dict(zip(claim, row, strict=True))) for row in found["claims"]),
    )


def _claim(row: dict[str, Any]) -> Claim:
    row["severity"] = Severity(row["severity"])
    row["vulnerabilities"] = tuple(row["vulnerabilities"])
    return Claim(**row)
