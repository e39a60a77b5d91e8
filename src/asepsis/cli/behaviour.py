"""What ``asepsis devices learn`` and ``evaluate`` print for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from asepsis.cli.text import showable

if TYPE_CHECKING:
    from asepsis.cli.progress import ProgressLine
    from asepsis.devices.behaviour.evaluate import Evaluation
    from asepsis.devices.behaviour.model import Model

SHOWN_CONFUSIONS: Final = 10
SHOWN_DIGEST: Final = 12


def teller(line: ProgressLine) -> Callable[[str, int, int], None]:
    """What the pipeline calls before each capture, drawn by a progress line."""
    from asepsis.pipeline.report import Progress

    def tell(path: str, number: int, count: int) -> None:
        line.update(
            Progress(path=path, files_done=number, files=count, bytes_done=0, bytes_total=0, packets=0, conversations=0)
        )

    return tell


def training_document(model: Model) -> dict[str, Any]:
    """What a model was learnt from."""
    training = model.training
    return {
        "types": list(model.types),
        "twins": [[model.types[place] for place in group] for group in model.twins],
        "windows": training.profiles,
        "captures": training.captures,
        "digest": training.digest,
        "learnt": training.learnt,
        "versions": dict(training.versions),
    }


def learnt_lines(model: Model, output: Path) -> Iterator[str]:
    """The lines of ``learn``."""
    training = model.training
    yield (
        f"learnt {len(model.types)} types from {training.profiles} windows of {training.captures} captures"
        f" (training data {training.digest[:SHOWN_DIGEST]})"
    )
    for group in model.twins:
        yield f"twins, which are named together where they cannot be told apart: {_listed(model, group)}"
    yield f"written to {output}; how right it is on other captures: asepsis devices evaluate"


def _listed(model: Model, group: Sequence[int]) -> str:
    return ", ".join(model.types[place] for place in group)


def evaluation_lines(found: Evaluation) -> Iterator[str]:
    """The lines of ``evaluate``: a table of types, then the whole."""
    width = max([len(score.name) for score in found.scores], default=4)
    yield f"{'type':<{width}}  windows  right  unknown  wrong     F1"
    for score in found.scores:
        wrong = score.profiles - score.right - score.unknown
        note = "" if score.known else "  not shown to the model"
        f1 = f"{score.f1:>5.3f}" if score.known else "    -"
        counts = f"{score.profiles:>7}  {score.right:>5}  {score.unknown:>7}  {wrong:>5}"
        yield f"{score.name:<{width}}  {counts}  {f1}{note}"
    yield ""
    yield (
        f"of {found.profiles} windows of known types {found.accuracy:.1%} right, {found.unknown:.1%} unknown;"
        f" macro-F1 {found.macro_f1:.3f}"
    )
    unseen = sum(score.profiles for score in found.scores if not score.known)
    if unseen:
        yield f"of {unseen} windows of other types {found.unseen_named:.1%} got a name"
    for own, called, times in found.confusions[:SHOWN_CONFUSIONS]:
        yield f"{own} called {called}: {times}"


def print_lines(lines: Iterator[str], unread: Sequence[str]) -> None:
    """Lines to standard output; captures that could not be read to standard error."""
    for line in lines:
        sys.stdout.write(f"{showable(line)}\n")
    for line in unread:
        sys.stderr.write(f"{showable(line)}\n")
