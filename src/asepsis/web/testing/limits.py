"""How large a report may be that comes from a browser; a larger one is brought in at the machine."""

from __future__ import annotations

from typing import Final

REPORT_FILE_LIMIT: Final = 64 << 20
"""In bytes: Nessus' report on 5,000 hosts has some 50 MB."""
