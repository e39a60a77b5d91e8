"""``asepsis import csaf|vex|kev|epss|fda``: one kind of publishers' documents, from a file or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from asepsis.cli.verb import Verb, json_option, workspace_option

_DOCUMENTS: Final = (
    (
        "csaf",
        ("csaf",),
        "advisories in CSAF 2.0",
        ("asepsis import csaf ./csaf_files/OT/white", "CISA's advisories, as their repository lays them out"),
    ),
    (
        "vex",
        ("csaf", "openvex", "cyclonedx-vex", "cyclonedx-bom"),
        "VEX in CSAF, OpenVEX or CycloneDX",
        ("asepsis import vex ./pump", "what a maker says of the vulnerabilities of its parts"),
    ),
    (
        "kev",
        ("kev",),
        "CISA's catalogue of exploited vulnerabilities",
        ("asepsis import kev known_exploited_vulnerabilities.json", "the catalogue as CISA publishes it"),
    ),
    (
        "epss",
        ("epss",),
        "FIRST's likelihoods of exploitation",
        ("asepsis import epss epss_scores-2026-11-01.csv.gz", "the scores of a day"),
    ),
    (
        "fda",
        ("fda-classes", "fda-recalls"),
        "the FDA's recalls and classes of devices",
        ("asepsis import fda device-enforcement-0001-of-0001.json.zip", "recalls as openFDA packs them"),
    ),
)


def _verb(name: str, kinds: tuple[str, ...], what: str, example: tuple[str, str]) -> click.Command:
    @click.command(
        cls=Verb,
        name=name,
        short_help=f"{what[0].upper()}{what[1:]}.",
        help=f"""Take in {what} from PATH, a file or a folder.

        The same as `asepsis feeds update PATH`; what is of another kind is named and not taken. Exits with 3 when
        nothing was read.""",
        examples=[example],
    )
    @click.argument("path", type=click.Path(path_type=Path))
    @json_option()
    @workspace_option()
    def take(path: Path, as_json: bool, workspace: Path | None) -> int:
        from asepsis.cli.feeds_update import import_documents
        from asepsis.exposure.feeds.reading import Kind

        return import_documents(path, (Kind(kind) for kind in kinds), as_json=as_json, workspace=workspace)

    return take


VERBS: Final = tuple(_verb(*one) for one in _DOCUMENTS)
