"""``asepsis devices``: what is there; ``learn`` and ``evaluate``: telling devices by what they do."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from asepsis.cli.exits import Exit
from asepsis.cli.standing import now_option, with_standing
from asepsis.cli.text import showable
from asepsis.cli.verb import Verb, VerbGroup, json_option, site_option, workspace_option

_LABELS = click.option(
    "--labels",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV with the columns capture, device (hardware or IP address) and type; also category, vendor, model.",
)


@click.group(
    cls=VerbGroup,
    name="devices",
    invoke_without_command=True,
    short_help="List the devices that were seen.",
    examples=[
        ("asepsis devices", "the list, as wide as your terminal"),
        ("asepsis devices --site north --csv > north.csv", "those of one site, for a spreadsheet"),
        ("asepsis devices --json | jq '.[] | select(.category == \"infusion_pump\")'", "for a program"),
        ("asepsis devices learn --labels ours.csv /captures -o ours.model", "learn from your own labelled captures"),
    ],
)
@json_option("Print one JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, one line a device.")
@site_option("Only devices at this site.")
@now_option()
@workspace_option()
@click.pass_context
def command(
    context: click.Context, as_json: bool, as_csv: bool, site: str | None, now_ns: int | None, workspace: Path | None
) -> int:
    """List the devices of the workspace: what each is, how sure that is, and whether it is online.

    "Sure" is the confidence in the category, from the evidence for and against it; what is not known is left
    unknown. asepsis device ID shows the evidence. A device is online, silent, or overdue: silent for longer than
    its own rhythm explains.
    """
    if context.invoked_subcommand is not None:
        return Exit.DONE
    if as_json and as_csv:
        raise click.UsageError("--json and --csv contradict each other")

    from asepsis.cli.listing import print_devices
    from asepsis.pipeline.presence import standings
    from asepsis.pipeline.registry import Registry
    from asepsis.pipeline.workspace import Workspace

    store = Workspace.resolve(workspace).open()
    with Registry.open(store.registry_path) as registry:
        devices = registry.devices(site)
        standing = standings(store, registry, devices, now_ns)
    documents = [with_standing(device.document(), standing[device.id]) for device in devices]
    print_devices(documents, as_json=as_json, as_csv=as_csv)
    if not as_json and not as_csv:
        from asepsis.cli.explained import twin_lines

        for line in twin_lines(devices):
            sys.stdout.write(f"{showable(line)}\n")
    return Exit.DONE


@command.command(
    cls=Verb,
    name="learn",
    short_help="Learn the behaviour of devices from your own labelled captures.",
    examples=[
        ("asepsis devices learn --labels ours.csv /captures -o ours.model", "learn, and write the model"),
        ("asepsis analyze --model ours.model ward.pcapng", "use it"),
    ],
)
@_LABELS
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "-o", "--output", metavar="MODEL", required=True, type=click.Path(path_type=Path), help="Write the model to MODEL."
)
@json_option()
def learn(labels: Path, paths: tuple[str, ...], output: Path, as_json: bool) -> int:
    """Learn what tells the types of devices in PATH apart by what they do on the network.

    Neither hardware nor IP addresses are learnt from, and text that tells one unit from another is hidden. The
    model holds the names that devices ask for and call themselves by; keep it where you keep your captures.
    Needs scikit-learn: pip install 'asepsis[learn]'. Exits with 0 when a model was written, else with 3.
    """
    from asepsis.cli.behaviour import learnt_lines, print_lines, teller, training_document
    from asepsis.cli.progress import ProgressLine
    from asepsis.pipeline.behaviour import learn_from, save_model
    from asepsis.pipeline.labels import read_labels

    with ProgressLine() as line:
        model, unread = learn_from(list(paths), read_labels(labels), tell=teller(line))
    save_model(model, output)
    if as_json:
        json.dump({"model": str(output), **training_document(model), "unread": unread}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_lines(learnt_lines(model, output), unread)
    return Exit.DONE


@command.command(
    cls=Verb,
    name="evaluate",
    short_help="Ask how right a model is on labelled captures that it has not seen.",
    examples=[("asepsis devices evaluate ours.model --labels next-week.csv /captures/next-week", "type by type")],
)
@click.argument("model", metavar="MODEL", type=click.Path(path_type=Path, dir_okay=False))
@_LABELS
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@json_option()
def evaluate(model: Path, labels: Path, paths: tuple[str, ...], as_json: bool) -> int:
    """Compare what MODEL says of the labelled devices in PATH with what the labels say.

    Labels of types that the model was not shown count apart: of those, "unknown" is right and any name is wrong.
    Use captures that the model was not learnt from; on its own it looks better than it is.
    """
    from asepsis.cli.behaviour import evaluation_lines, print_lines, teller
    from asepsis.cli.progress import ProgressLine
    from asepsis.pipeline.behaviour import evaluate_on, load_model
    from asepsis.pipeline.labels import read_labels

    learnt = load_model(model)
    with ProgressLine() as line:
        found, unread = evaluate_on(learnt, list(paths), read_labels(labels), tell=teller(line))
    if as_json:
        json.dump({**found.document(), "unread": unread}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_lines(evaluation_lines(found), unread)
    return Exit.DONE
