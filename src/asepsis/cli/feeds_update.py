"""What ``asepsis feeds update`` and ``asepsis import csaf|vex|kev|epss|fda`` do, source by source."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asepsis.cli.exits import Exit
from asepsis.cli.findings import update_lines
from asepsis.exposure.feeds.reading import Kind
from asepsis.kernel.text import showable
from asepsis.kernel.value import value
from asepsis.pipeline.advisories import fetch_feeds, update_feeds
from asepsis.pipeline.feeds import Update
from asepsis.pipeline.feeds_error import FeedsError
from asepsis.pipeline.feeds_https import Https
from asepsis.pipeline.feeds_sources import Source, source_of
from asepsis.pipeline.workspace import Workspace

Changes = list[dict[str, Any]]


@value
class Options:
    """How publishers are asked."""

    apply: bool
    networks: tuple[str, ...]
    authority: Path | None
    signed_only: bool


def update_all(named: tuple[str, ...], options: Options, *, as_json: bool, workspace: Path | None) -> int:
    """Takes in every source that a person named, or those of ``workspace.toml``."""
    place = Workspace.resolve(workspace)
    if not named:
        named, options = _configured(place, options)
    # All are looked at before the first is asked: a slip in the last name costs nothing.
    wanted = [Path(one) if _is_here(one) else source_of(one) for one in named]
    rows: list[dict[str, Any]] = []
    lines: list[str] = []
    every: Changes = []
    exits = Exit.DONE
    fetcher = Https(allowed=options.networks, authority=options.authority)
    for one in wanted:
        if isinstance(one, Path):
            update, changed = update_feeds(place, one, time.time_ns())
            row, failed = {"source": str(one), "applied": True, **update.document()}, not _anything(update)
            lines += update_lines(update, changed)
        elif not options.apply:
            lines.append(f"would ask {one.url}" + (f": {one.what}" if one.what else ""))
            rows.append({"source": one.name, "address": one.url, "applied": False})
            continue
        else:
            row, changed, failed = _ask(place, one, fetcher, options, lines)
        rows.append(row)
        every += changed
        exits = Exit.FAILED if failed else exits
    if not options.apply and any(isinstance(one, Source) for one in wanted):
        lines.append("nothing was asked: add --apply to go to the network")
    if as_json:
        _print({**_totals(rows), "sources": rows, "changes": every})
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return exits


def _ask(
    place: Workspace, source: Source, fetcher: Https, options: Options, lines: list[str]
) -> tuple[dict[str, Any], Changes, bool]:
    line = f"\r{source.name}: "

    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"{line}{done} of {of} documents")

    attempt, update, changed = fetch_feeds(
        place, source, fetcher, time.time_ns(), signed_only=options.signed_only, tell=tell
    )
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    who = f" ({attempt.publisher})" if attempt.publisher else ""
    if attempt.failure:
        lines.append(showable(f"{source.name}{who}: nothing came: {attempt.failure}"))
    else:
        listed = f", {attempt.listed} documents listed" if attempt.listed > 1 else ""
        lines.append(showable(f"{source.name}{who}: reached{listed}"))
    lines += [showable(f"  look at this: {warning}") for warning in attempt.warnings]
    if attempt.waiting:
        lines.append(f"  {attempt.waiting} more are new: update again to go on")
    if not attempt.failure:
        lines += update_lines(update, changed)
    row = {
        "source": source.name,
        "address": source.url,
        "applied": True,
        "publisher": attempt.publisher or None,
        "failure": attempt.failure or None,
        "listed": attempt.listed,
        "waiting": attempt.waiting,
        "warnings": list(attempt.warnings),
        **update.document(),
    }
    return row, changed, bool(attempt.failure) or (bool(update.unread) and not _anything(update))


def import_documents(path: Path, kinds: Iterable[Kind], *, as_json: bool, workspace: Path | None) -> int:
    """Takes in the documents of some kinds from a file or a folder."""
    update, changed = update_feeds(Workspace.resolve(workspace), path, time.time_ns(), kinds=frozenset(kinds))
    if as_json:
        _print({**update.document(), "changes": changed})
    else:
        sys.stdout.writelines(f"{line}\n" for line in update_lines(update, changed))
    return Exit.DONE if _anything(update) else Exit.FAILED


def _configured(place: Workspace, options: Options) -> tuple[tuple[str, ...], Options]:
    """The sources of ``workspace.toml``, and how they are asked."""
    try:
        # Settings are the web half's; an installation without it has none.
        from asepsis.web.configuration import load
    except ModuleNotFoundError:
        sources: tuple[str, ...] = ()
    else:
        told = load(place.settings_path).feeds
        sources = told.sources
        options = Options(
            apply=options.apply,
            networks=(*told.networks, *options.networks),
            authority=options.authority or (Path(told.authority) if told.authority else None),
            signed_only=options.signed_only or told.signed_only,
        )
    if not sources:
        raise FeedsError(
            "no source was named, and workspace.toml names none",
            code="feeds-nothing-named",
            hint="Name a folder, a name of asepsis feeds sources, or an address; or set [feeds] sources.",
        )
    return sources, options


def _is_here(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _anything(update: Update) -> bool:
    return bool(update.added or update.replaced or update.unchanged or update.older)


def _totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {name: sum(row.get(name, 0) for row in rows) for name in ("added", "replaced", "unchanged")}
    for name in ("older", "unread", "problems"):
        found[name] = [one for row in rows for one in row.get(name, ())]
    return found


def _print(document: dict[str, Any]) -> None:
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")
