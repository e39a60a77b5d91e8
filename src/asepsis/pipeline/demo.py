"""The recorded lab hospital that comes with Asepsis: where it lies, what its files are, and an analysis of it.

The command line prints its devices, the web shows them; both ask here. The files are part of the package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value

if TYPE_CHECKING:
    from asepsis.pipeline.analyze import Report
    from asepsis.pipeline.report import AnalysisReport
    from asepsis.pipeline.workspace import Workspace

SITE: Final = "lab"
"""The site under which the recorded hospital is analysed."""

FOLDER: Final = Path(__file__).resolve().parent / "recordings"
_BENIGN, _ATTACKS, _TRUTH, _MANIFEST = "benign.pcapng.zst", "attacks.pcapng.zst", "truth.json", "manifest.json"


@value
class Recording:
    """The files of the recorded hospital.

    Args:
        benign: Ordinary work.
        attacks: Ordinary work and attacks beside it.
        truth: What every host plays and announces, and every attack's label (JSON).
        manifest: Versions, seed, digests, packet counts, and what was altered.
    """

    benign: Path
    attacks: Path
    truth: Path
    manifest: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """Where the files lie: what a user would name to analyse all of it."""
        return self.benign.parent


def recording(folder: Path = FOLDER) -> Recording:
    """The recorded hospital that comes with this installation.

    Raises:
        AsepsisError: The installation was made without it (code ``demo-missing``).
    """
    files = [folder / name for name in (_BENIGN, _ATTACKS, _TRUTH, _MANIFEST)]
    if not all(file.is_file() for file in files):
        raise AsepsisError(
            "the recorded captures are not part of this installation",
            code="demo-missing",
            hint="Take a capture of your own: asepsis analyze ward.pcapng",
        )
    benign, attacks, truth, manifest = files
    return Recording(
        benign=benign, attacks=attacks, truth=truth, manifest=json.loads(manifest.read_text(encoding="utf-8"))
    )


def analyze_benign(shown: Recording, *, workspace: Workspace, progress: Report | None = None) -> AnalysisReport:
    """Analyses the ordinary work of the recorded hospital into ``workspace``, at the site ``lab``."""
    from asepsis.pipeline.analyze import analyze

    return analyze([shown.benign], workspace=workspace, site=SITE, progress=progress)
