"""``python -m tools.picture`` draws ``docs/devices.svg``: what ``asepsis demo`` prints, from a real run."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from asepsis.cli.listing import device_table

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "devices.svg"
COLUMNS = 140


def draw() -> str:
    """Runs the demo and gives the picture."""
    done = subprocess.run(
        [sys.executable, "-m", "asepsis.cli", "demo", "--json"], capture_output=True, text=True, check=True
    )
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ asepsis demo", style="bold"))
    console.print()
    console.print(device_table(json.loads(done.stdout), width=COLUMNS))
    svg = console.export_svg(title="asepsis demo", theme=MONOKAI)
    # A picture fetches nothing: the fonts that rich names are on somebody else's server.
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
