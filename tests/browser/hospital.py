"""What is known of the recorded hospital, from the truth that was written down beside the recording."""

from __future__ import annotations

import json
from typing import Any

from asepsis.pipeline import demo

HOSTS: list[dict[str, Any]] = json.loads(demo.recording().truth.read_text(encoding="utf-8"))["hosts"]
PUMPS = [host for host in HOSTS if host["answers"]["category"] == "infusion_pump"]
PUMP = next(host for host in PUMPS if host["name"] == "pump1")


def open_device(page: Any, name: str) -> str:
    """Finds a device by its name, as a person does, and opens it: its address."""
    page.goto("/devices/")
    page.get_by_label("Find a device").fill(name)
    page.get_by_label("Find a device").press("Enter")
    page.locator("#rows").get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True, level=1).wait_for()
    return str(page.url)
