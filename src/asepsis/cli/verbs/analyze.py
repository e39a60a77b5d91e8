"""``asepsis analyze``: capture files or folders in, what was found out."""

from __future__ import annotations

from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import DEFAULT_SITE, Verb, json_option, site_option, workspace_option


@click.command(
    cls=Verb,
    name="analyze",
    short_help="Read captures: files, folders, or - for standard input.",
    examples=[
        ("asepsis analyze ward.pcapng", "read one capture into the workspace, then look with: asepsis devices"),
        ("asepsis analyze /captures --site north", "every capture in a folder and below it, of the site north"),
        ("asepsis analyze --no-store --json ward.pcap.zst", "keep nothing, print one JSON document"),
        ("asepsis analyze --model ours.model ward.pcapng", "also tell devices by behaviour that was learnt"),
        ("ssh tap tcpdump -w - -i mirror | asepsis analyze -", "read what another machine captures"),
    ],
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@site_option("The hospital's site that the captures are from.", default=DEFAULT_SITE)
@click.option(
    "--model",
    metavar="MODEL",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Tell devices by what they do, too, with a model of asepsis devices learn.",
)
@click.option("--no-store", is_flag=True, help="Keep nothing: neither devices nor history.")
@json_option()
@workspace_option()
def command(
    paths: tuple[str, ...], site: str, model: Path | None, no_store: bool, as_json: bool, workspace: Path | None
) -> int:
    """Read captures and keep who is there and who talked to whom.

    PATH is a capture (pcap or pcapng, also compressed by gzip or zstd), a folder of them, or - for standard
    input. A damaged file is reported and stops nothing else; the same capture read twice adds nothing twice.

    Exits with 0 when at least one capture was read, else with 3.
    """
    from asepsis.cli.progress import ProgressLine
    from asepsis.cli.summary import finish, was_read
    from asepsis.pipeline.analyze import analyze

    store = None
    if not no_store:
        from asepsis.pipeline.workspace import Workspace

        store = Workspace.resolve(workspace)
    learnt = None
    if model is not None:
        from asepsis.pipeline.behaviour import load_model

        learnt = load_model(model)
    with ProgressLine() as line:
        report = analyze(list(paths), workspace=store, site=site, progress=line.update, model=learnt)
    finish(report, as_json=as_json, workspace=store, site=site)
    return Exit.DONE if any(was_read(capture) for capture in report.captures) else Exit.FAILED
