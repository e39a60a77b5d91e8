"""Risk as a table, as one device in full, or as a document; and the file that names controls."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from asepsis.cli.columns import Column, table
from asepsis.cli.listing import device_name
from asepsis.cli.lookup import find_device
from asepsis.cli.screen import screen
from asepsis.cli.text import showable
from asepsis.exposure.plan.hours import work_of
from asepsis.exposure.risk import Advice, Assessment, Control, Facts, Stability, advise, assess, stability
from asepsis.kernel.errors import AsepsisError

Document = dict[str, Any]

TABLE_ROWS = 50
"""As many as a team of two looks at in a month."""
# A line for each device and control of a large hospital is some 10 MB.
_CONTROL_WORDS = ", ".join([*map(str, Control), "none"])
CONTROLS_LIMIT_BYTES = 64 * 1024 * 1024


def read_controls(path: Path, known: Sequence[Document]) -> dict[str, frozenset[Control]]:
    """Which controls people say each device has, from CSV with the columns ``device`` and ``control``.

    Raises:
        AsepsisError: It cannot be read, or a line names no device or control that there is; all lines are named.
    """
    try:
        if path.stat().st_size > CONTROLS_LIMIT_BYTES:
            raise AsepsisError(f"{path} is larger than {CONTROLS_LIMIT_BYTES} bytes", code="controls-unreadable")
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AsepsisError(f"cannot read {path}: {error}", code="controls-unreadable") from error
    if not lines or [name.strip().lower() for name in lines[0]] != ["device", "control"]:
        raise AsepsisError(
            f"{path}:1: the first line must be device,control",
            code="controls-unreadable",
            hint=f"Then a line for each device, such as pump3,allow_list; a control is one of {_CONTROL_WORDS}.",
        )
    found: dict[str, frozenset[Control]] = {}
    faults = []
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        try:
            name, control = (part.strip() for part in line)
            device = find_device(list(known), name)["id"]
            added = frozenset() if control == "none" else frozenset((Control(control),))
        except AsepsisError as error:
            faults.append(f"{path}:{number}: {error.message}")
        except ValueError:
            faults.append(f"{path}:{number}: it must name a device and one of {_CONTROL_WORDS}")
        else:
            found[device] = found.get(device, frozenset()) | added
    if faults:
        raise AsepsisError("\n".join(faults), code="controls-unreadable")
    return found


def print_risk(
    facts: Sequence[Facts], known: Sequence[Document], *, wanted: str | None, limit: int | None, as_json: bool
) -> None:
    """Prints devices by risk; one in full where ``wanted`` names it."""
    order = sorted(((assess(one), one) for one in facts), key=lambda pair: (-pair[0].score, pair[0].device))
    steady = stability(facts)
    if limit is None and not as_json:
        limit = TABLE_ROWS
    shown = [pair for pair in order if wanted in (None, pair[0].device)][:limit]
    advice = {one.device: advise(one) for _, one in shown}
    names = {document["id"]: device_name(document) for document in known}
    categories = {document["id"]: document["category"] for document in known}
    if as_json:
        ranks = {pair[0].device: place for place, pair in enumerate(order, 1)}
        _print_json((pair[0] for pair in shown), advice, steady, ranks, names, categories)
    elif not shown:
        sys.stdout.write("no devices\n")
    elif wanted is not None:
        _print_in_full(shown[0][0], advice[wanted], steady, names, categories)
    else:
        _print_table([pair[0] for pair in shown], advice, steady, names, categories, total=len(order))


def _print_json(
    shown: Iterable[Assessment],
    advice: Mapping[str, Advice | None],
    steady: Stability,
    ranks: Mapping[str, int],
    names: Mapping[str, str],
    categories: Mapping[str, str | None],
) -> None:
    devices = []
    for one in shown:
        proposal = advice[one.device]
        members = {
            "name": names[one.device],
            "category": categories[one.device],
            "rank": ranks[one.device],
            "rank_interval": list(steady.ranks[one.device]),
            "advice": None if proposal is None else proposal.document(),
        }
        devices.append({**one.document(), **members})
    document = {"devices": devices, "stability": {"mean": steady.mean, "least": steady.least}}
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _print_in_full(
    one: Assessment,
    proposal: Advice | None,
    steady: Stability,
    names: Mapping[str, str],
    categories: Mapping[str, str | None],
) -> None:
    first, last = steady.ranks[one.device]
    what = categories[one.device] or "not known what it is"
    between = f"between {_points(one.low)} and {_points(one.high)} by what is not known"
    lines = [
        f"{names[one.device]} ({what}): {one.tier}, {_points(one.score)} of 100 ({between})",
        f"  {_place(first, last)} of all devices, also if every weight were a fifth more or less",
    ]
    parts = zip(one.shares, one.in_tenths(), strict=True)
    lines += [f"  {tenths / 10:>5.1f}  {share.factor.replace('_', ' ')}: {share.words}" for share, tenths in parts]
    if proposal is not None:
        end = "" if proposal.changes_tier else ", which is no lower tier"
        to = f"brings it to {proposal.tier}, {_points(proposal.score)}{end}"
        lines.append(f"  what helps most cheaply: {_hours(proposal.hours)} of work {to}")
        lines += [f"    {action.words}" for action in proposal.actions]
    sys.stdout.write("\n".join(map(showable, lines)) + "\n")


def _print_table(
    shown: Sequence[Assessment],
    advice: Mapping[str, Advice | None],
    steady: Stability,
    names: Mapping[str, str],
    categories: Mapping[str, str | None],
    *,
    total: int,
) -> None:
    from rich.text import Text

    def cells(texts: Iterable[str]) -> list[Text]:
        return [Text(showable(text)) for text in texts]

    columns = [
        Column(title="Device", cells=cells(names[one.device] for one in shown), least=12),
        Column(title="Kind", cells=cells(categories[one.device] or "" for one in shown), least=8),
        Column(title="Tier", cells=cells(str(one.tier) for one in shown)),
        Column(title="Risk", cells=cells(_points(one.score) for one in shown), justify="right"),
        Column(title="Between", cells=cells(f"{_points(one.low)}-{_points(one.high)}" for one in shown)),
        Column(title="Why", cells=cells(_reasons(one) for one in shown), least=20),
        Column(title="What changes the tier", cells=cells(_proposal(advice[one.device]) for one in shown), least=16),
    ]
    with screen() as console:
        console.print(table(columns, width=console.width))
    count = f"{len(shown)} devices" if len(shown) == total else f"the riskiest {len(shown)} of {total:,} devices"
    alike = f"rank correlation {steady.mean:.3f}, at worst {steady.least:.3f}"
    sys.stdout.write(f"{count}; were every weight a fifth more or less, the order would be like this one ({alike})\n")
    sys.stdout.write("one device in full: asepsis risk --device NAME; all work in order: asepsis plan\n")


def _reasons(one: Assessment) -> str:
    telling = ("function", "weaknesses", "vulnerabilities", "exposure")
    return "; ".join([share.words for share in one.shares if share.factor in telling][:2])


def _proposal(proposal: Advice | None) -> str:
    if proposal is None or not proposal.changes_tier:
        return ""
    titles = "; ".join(work_of(action.id).title for action in proposal.actions)
    return f"{proposal.tier} after {_hours(proposal.hours)}: {titles}"


def _hours(hours: float) -> str:
    return f"{hours:g} {'hour' if hours == 1 else 'hours'}"


def _place(first: int, last: int) -> str:
    return f"number {first:,}" if first == last else f"number {first:,} to {last:,}"


def _points(number: Any) -> str:
    return f"{float(number):.1f}"
