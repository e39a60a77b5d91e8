"""``asepsis design``: what a maker of a device can know before it is sold."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asepsis.cli.exits import Exit
from asepsis.cli.standing import now_option
from asepsis.cli.verb import Verb, VerbGroup, json_option, workspace_option

if TYPE_CHECKING:
    from asepsis.devices.device import Device

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(
    cls=VerbGroup,
    name="design",
    short_help="For makers: hold a design's papers and traffic against each other.",
    examples=[("asepsis design check --sbom bom.json --capture bench.pcapng", "a report on section 524B's topics")],
)
def command() -> None:
    """Check the design of a device before it is sold."""


@command.command(
    cls=Verb,
    name="check",
    short_help="Report on a design by the topics of section 524B.",
    examples=[
        ("asepsis design check --sbom bom.json", "components with known vulnerabilities or out of support"),
        ("asepsis design check --capture bench.pcapng --device 10.0.0.7 --mud device.json", "flows nobody declared"),
        ("asepsis design check --mds2 form.xlsx --capture bench.pcapng --pdf report.pdf", "on paper, with the drawing"),
    ],
)
@click.option("--sbom", type=_FILE, help="The list of components: CycloneDX or SPDX.")
@click.option("--mds2", type=_FILE, help="The disclosure form: XLSX or CSV.")
@click.option("--capture", type=click.Path(path_type=Path), help="The prototype on the bench: a capture or a folder.")
@click.option("--mud", type=_FILE, help="The MUD file (RFC 8520).")
@click.option("--device", metavar="ID", help="The prototype in the capture: an address or a name of it.")
@click.option("--category", metavar="NAME", help="What the device is, such as infusion_pump; else as its traffic says.")
@click.option("--feeds", "folder", type=click.Path(path_type=Path), help="Advisories to hold components against.")
@click.option("--html", "html", type=_FILE, help="Write the report as a page.")
@click.option("--pdf", "pdf", type=_FILE, help="Write the report as a PDF.")
@json_option()
@now_option("Judge ends of support as of TIME (ISO 8601, UTC if not said); else as of now.")
@workspace_option()
def check(
    sbom: Path | None,
    mds2: Path | None,
    capture: Path | None,
    mud: Path | None,
    device: str | None,
    category: str | None,
    folder: Path | None,
    html: Path | None,
    pdf: Path | None,
    as_json: bool,
    now_ns: int | None,
    workspace: Path | None,
) -> int:
    """Hold a list of components, a disclosure form, a capture and a MUD file against each other.

    Each is optional; at least one is needed. The report goes by the topics of section 524B, with the sections of
    FDA's guidance and the clauses of IEC 81001-5-1, and ends with a threat model from the flows that were seen. Exits
    with 1 where something was found.
    """
    from asepsis.cli.design import report_lines
    from asepsis.pipeline.design import advisories_of, check_design
    from asepsis.pipeline.workspace import Workspace

    if sbom is None and mds2 is None and capture is None and mud is None:
        raise click.UsageError("give at least one of --sbom, --mds2, --capture and --mud")
    if device is not None and capture is None:
        raise click.UsageError("--device names the prototype in a capture: give --capture too")
    advisories = [] if sbom is None else advisories_of(Workspace.resolve(workspace), folder)
    report = check_design(
        sbom=sbom,
        mds2=mds2,
        capture=capture,
        mud=mud,
        choose=None if device is None else lambda devices: _chosen(devices, device),
        category=category,
        advisories=advisories,
        now_ns=now_ns,
    )
    if html is not None or pdf is not None:
        _write(report.page(), html, pdf)
    if as_json:
        json.dump(report.document(), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in report_lines(report))
    return Exit.REFUSED_OR_FOUND if report.found else Exit.DONE


def _chosen(devices: Sequence[Device], wanted: str) -> Device:
    from asepsis.cli.lookup import find_device

    found = find_device([device.document() for device in devices], wanted)
    return next(device for device in devices if device.id == found["id"])


def _write(page: str, html: Path | None, pdf: Path | None) -> None:
    from asepsis.kernel.errors import AsepsisError

    try:
        if html is not None:
            html.write_text(page, encoding="utf-8")
        if pdf is not None:
            from asepsis.cli.web_half import web_half

            with web_half("; --html needs it not"):
                from weasyprint import HTML
            HTML(string=page).write_pdf(pdf)
    except OSError as error:
        raise AsepsisError(
            f"the report cannot be written: {error}", code="report-unwritable", hint="Name a file that you may write."
        ) from error
