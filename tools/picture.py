"""``python -m tools.picture`` draws what Asepsis prints, from real runs.

``docs/devices.svg`` is the beginning of what ``asepsis demo`` prints.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from asepsis.cli.listing import device_table

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "devices.svg"
ROWS = 40
"""So many devices fit a page."""
COLUMNS = 140


def draw() -> str:
    """Runs the demo and gives the picture of its first devices."""
    return _picture("asepsis demo", _devices("demo", "--json")[:ROWS])


def _devices(*words: str) -> list[dict[str, Any]]:
    argv = [sys.executable, "-m", "asepsis.cli", *words]
    found: list[dict[str, Any]] = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
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
