"""Takes papers in from files and folders, and tells whom each speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from asepsis.exposure.paper import PaperKind, Subject
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.pipeline.papers import Holding, Paper, Papers
from asepsis.pipeline.papers_error import PapersError
from asepsis.pipeline.papers_reading import read_file
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace

# A hospital has some hundred products; more files than this are a folder that nobody meant.
FILES_LIMIT: Final = 10_000
_ENDINGS: Final = {
    PaperKind.MDS2: (".xlsx", ".csv"),
    PaperKind.SBOM: (".json", ".xml", ".spdx", ".cdx", ".gz", ".txt"),
}


@value
class Intake:
    """What was taken in."""

    taken: tuple[tuple[Paper, bool], ...]
    """Each paper, and whether it is new."""
    refused: tuple[tuple[str, str, str], ...]
    """(path, message, hint)"""
    holdings: tuple[Holding, ...]
    """Whom the papers speak of."""

    def document(self) -> dict[str, Any]:
        """The JSON object of ``asepsis import mds2|sbom --json``."""
        return {
            "papers": [
                {
                    **paper.document(),
                    "is_new": is_new,
                    "devices": [
                        {"device": holding.device, "tie": str(holding.tie)}
                        for holding in self.holdings
                        if holding.paper.id == paper.id
                    ],
                }
                for paper, is_new in self.taken
            ],
            "refused": [{"path": path, "why": why} for path, why, _ in self.refused],
        }


def take_in(workspace: Workspace, kind: PaperKind, path: Path, *, subject: Subject | None, now_ns: int) -> Intake:
    """Takes in a file, or the files of a folder; broken ones are named and the rest is taken.

    Raises:
        PapersError: There is no such file or folder, or the store cannot be written.
    """
    taken: dict[str, tuple[Paper, bool]] = {}
    refused: list[tuple[str, str, str]] = []
    with Papers.open(workspace.papers_path) as papers:
        for file in _files(kind, path):
            try:
                paper, is_new = papers.take(read_file(kind, file), now_ns, subject=subject)
            except AsepsisError as error:
                if error.code == "papers-unusable":
                    raise
                refused.append((str(file), error.message, error.hint))
            else:
                taken.setdefault(paper.id, (paper, is_new))
        holdings = holdings_of(workspace, papers)
    return Intake(
        taken=tuple(taken.values()),
        refused=tuple(refused),
        holdings=tuple(holding for holding in holdings if holding.paper.id in taken),
    )


def holdings_of(workspace: Workspace, papers: Papers, site: str | None = None) -> list[Holding]:
    """Which papers speak of which devices of the workspace, or of one site in it."""
    if not workspace.registry_path.exists():
        return []
    with Registry.open(workspace.registry_path) as registry:
        return papers.holdings(registry.devices(site), current=registry.current_id)


def _files(kind: PaperKind, path: Path) -> Iterator[Path]:
    if not path.exists():
        raise PapersError(f"there is no file or folder {path}", code="paper-unreadable")
    if not path.is_dir():
        yield path
        return
    for count, file in enumerate(sorted(one for one in path.rglob("*") if one.suffix.lower() in _ENDINGS[kind])):
        if count >= FILES_LIMIT:
            raise PapersError(f"{path} holds more than {FILES_LIMIT} files", code="papers-too-many")
        if file.is_file():
            yield file
