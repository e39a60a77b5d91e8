"""``asepsis import nmap|nessus|sarif``: reports of other scanners, kept in the workspace and tied to devices."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import DEFAULT_SITE, Verb, json_option, site_option, workspace_option

_MEANT: Final = {
    "nmap": ("Nmap's XML (nmap -oX).", "asepsis import nmap ward.xml", "hosts, services, scripts that say VULNERABLE"),
    "nessus": (
        "Nessus' own format, version 2.",
        "asepsis import nessus audit.nessus",
        "what plugins hold against hosts",
    ),
    "sarif": ("SARIF 2.1.0.", "asepsis import sarif web.sarif", "results at addresses of devices"),
}


def _verb(tool: str) -> click.Command:
    short, example, meaning = _MEANT[tool]

    @click.command(cls=Verb, name=tool, short_help=short, examples=[(example, meaning)])
    @click.argument("path", metavar="PATH", type=click.Path(path_type=Path, dir_okay=False))
    @site_option("The hospital's site that was scanned.", default=DEFAULT_SITE)
    @json_option()
    @workspace_option()
    def command(path: Path, site: str, as_json: bool, workspace: Path | None) -> int:
        return _take(tool, path, site=site, as_json=as_json, workspace=workspace)

    command.help = (
        f"Keep the report in PATH and say which devices its hosts are. {short}\n\nA report is tied by hardware address,"
        " else by address at the time of the scan. It never overrules traffic: where they disagree, both are shown."
        " Exits with 1 when no host of it is a device that is known."
    )
    return command


def _take(tool: str, path: Path, *, site: str, as_json: bool, workspace: Path | None) -> int:
    from asepsis.cli.text import showable
    from asepsis.exposure.reported.report import ReportError, Tool
    from asepsis.pipeline.reported import Reports, load_report, tied
    from asepsis.pipeline.workspace import Workspace

    place = Workspace.resolve(workspace).open()
    content = load_report(path)
    with Reports.open(place) as reports:
        try:
            report, new, digest = reports.take(content, Tool(tool), name=path.name, site=site)
        except ReportError as error:
            hint = (
                error.hint or f"This verb reads {_MEANT[tool][0].rstrip('.')}; other formats have verbs of their own."
            )
            raise ReportError(f"{path}: {error.message}", code=error.code, hint=hint) from error
    found = tied(place, digest)
    assert found is not None
    hosts = found[2]
    known = [one for one in hosts if one.device]
    against = [one for one in known if one.contradictions]
    if as_json:
        document = {
            **report.document(),
            "new": new,
            "tied": len(known),
            "ties": [
                {
                    "ips": list(one.host.ips),
                    "device": one.device or None,
                    "by": one.by or None,
                    "claims": len(one.host.claims),
                    "contradictions": list(one.contradictions),
                }
                for one in hosts
            ],
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        lines = [f"{path.name}: {len(hosts)} hosts, {report.claims} claims{'' if new else ' (kept before)'}"]
        lines.append(f"{len(known)} hosts are devices that are known; {len(against)} contradict what traffic shows")
        lines += [f"  {one.device}: {each}" for one in against for each in one.contradictions]
        lines += [f"  {problem}" for problem in report.problems]
        sys.stdout.write("".join(f"{showable(line)}\n" for line in lines))
    return Exit.DONE if known else Exit.REFUSED_OR_FOUND


REPORT_VERBS: Final = tuple(_verb(tool) for tool in _MEANT)
