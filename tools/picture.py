"""``python -m tools.picture`` draws what Asepsis prints, from real runs.

``docs/devices.svg`` is what ``asepsis demo`` prints, ``docs/hospital-devices.svg`` the beginning of what
``asepsis devices`` prints of the recorded lab hospital.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from asepsis.cli.listing import device_table

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "devices.svg"
HOSPITAL_PICTURE = ROOT / "docs" / "hospital-devices.svg"
HOSPITAL = ROOT / "lab" / "recordings" / "benign.pcapng.zst"
HOSPITAL_ROWS = 40
COLUMNS = 140


def draw() -> str:
    """Runs the demo and gives the picture."""
    return _picture("asepsis demo", _devices("demo", "--json"))


def draw_hospital() -> str:
    """Analyses the recorded hospital and gives the picture of its first devices."""
    with tempfile.TemporaryDirectory() as workspace:
        _run("analyze", str(HOSPITAL), "--workspace", workspace)
        return _picture("asepsis devices", _devices("devices", "--json", "--workspace", workspace)[:HOSPITAL_ROWS])


def _run(*words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "asepsis.cli", *words], capture_output=True, text=True, check=True
    ).stdout


def _devices(*words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_run(*words))
    return found


def _picture(command: str, devices: list[dict[str, Any]]) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {command}", style="bold"))
    console.print()
    console.print(device_table(devices, width=COLUMNS))
    svg = console.export_svg(title=command, theme=MONOKAI)
    # A picture fetches nothing: the fonts that rich names are on somebody else's server.
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    HOSPITAL_PICTURE.write_text(draw_hospital(), encoding="utf-8")
