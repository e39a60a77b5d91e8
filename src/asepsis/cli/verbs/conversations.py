"""``asepsis conversations``: who talked to whom, as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from asepsis.cli.exits import Exit
from asepsis.cli.verb import Verb, json_option, site_option, workspace_option
from asepsis.kernel.errors import AsepsisError

if TYPE_CHECKING:
    from asepsis.history.listing import Listing

TABLE_ROWS: Final = 100
"""A table is for looking at. Who wants all rows wants a format for a program, which has no such limit."""


@click.command(
    cls=Verb,
    name="conversations",
    short_help="Show or export who talked to whom.",
    examples=[
        ("asepsis conversations", f"the first {TABLE_ROWS}, in time"),
        ("asepsis conversations --application dicom", "those that carry DICOM, on any port"),
        ("asepsis conversations --device 10.20.0.14", "those of one device, by id, address or name"),
        ("asepsis conversations --format csv > all.csv", "all of them, for a spreadsheet"),
        ("asepsis conversations --format parquet -o all.parquet", "all of them, for data tools"),
    ],
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default=None,
    help="How to print them; table if not given. parquet needs -o.",
)
@json_option("The same as --format json.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write to FILE.")
@site_option("Only conversations at this site.")
@click.option("--application", metavar="NAME", help="Only those that carry this application: dicom, hl7, tls ...")
@click.option("--device", metavar="ID", help="Only those of this device: its id, an address or a name of it.")
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=1), help=f"At most N; for a table {TABLE_ROWS} if not given."
)
@workspace_option()
def command(
    form: str | None,
    as_json: bool,
    output: Path | None,
    site: str | None,
    application: str | None,
    device: str | None,
    limit: int | None,
    workspace: Path | None,
) -> int:
    """Show conversations in the order of time.

    A conversation is all packets between two ends that belong together, both directions in one row. Bytes are
    original frame lengths. The columns of csv, json and parquet are a contract: start_ns, end_ns, client_ip,
    client_port, server_ip, server_port, ip_protocol, application, packets_to_server, packets_to_client,
    bytes_to_server, bytes_to_client, client_device, server_device, site.
    """
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} contradict each other")
    chosen = "json" if as_json else form or "table"
    if chosen == "parquet" and output is None:
        raise click.UsageError("--format parquet needs a file: -o FILE")

    from asepsis.cli.lookup import find_device
    from asepsis.history.queries import Selection
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    store = Workspace.resolve(workspace).open()
    with Registry.open(store.registry_path) as registry:
        wanted = None
        if device is not None:
            known = [found.document() for found in registry.devices(site)]
            wanted = find_device(known, registry.current_id(device))["id"]
        intervals = registry.intervals(site)
    shown = limit or (TABLE_ROWS if chosen == "table" else None)
    # One more than is shown tells whether there are more.
    asked = shown + 1 if shown is not None and chosen == "table" else shown
    with store.history().reader(intervals) as reader:
        listing = reader.conversations(Selection(site=site, device=wanted, application=application, limit=asked))
        if chosen == "table":
            _print_table(listing, rows=shown or TABLE_ROWS, output=output)
        elif chosen == "parquet":
            assert output is not None
            listing.write_parquet(output)
        else:
            _write_text(listing, chosen, output)
    return Exit.DONE


def _write_text(listing: Listing, form: str, output: Path | None) -> None:
    write = listing.write_csv if form == "csv" else listing.write_json
    if output is None:
        write(sys.stdout)
        return
    part = output.with_name(output.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            write(stream)
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise AsepsisError(
            f"cannot write {output}: {error.strerror or error}",
            code="output-unwritable",
            hint="Name a file in a folder that you may write.",
        ) from error


def _print_table(listing: Listing, *, rows: int, output: Path | None) -> None:
    from asepsis.cli.screen import screen
    from asepsis.cli.talk import conversation_table

    documents = list(listing.documents())
    with screen(output) as console:
        if not documents:
            console.print("no conversations")
            return
        console.print(conversation_table(documents[:rows], width=console.width))
        if len(documents) > rows:
            console.print("and more: --limit N shows N of them, --format csv all")
