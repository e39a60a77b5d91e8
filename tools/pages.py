"""``python -m tools.pages`` takes pictures of the web's pages, of the recorded hospital, for the documentation.

It serves ``asepsis demo`` to this machine, goes in as a sample person, and photographs with Debian's chromium.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pages"
CHROMIUM = "/usr/bin/chromium"
PORT = 8497
HOME = f"http://localhost:{PORT}/"
START_SECONDS = 120.0
PERSON = "Amara Okafor"
WIDTH, HEIGHT = 1400, 860
PAGES = (
    *(("overview", "/"), ("devices", "/devices/?medical=true"), ("pumps", "/devices/?category=infusion_pump")),
    *(("map", "/map/"), ("health", "/health/"), ("tour", "/tour/")),
    *(("risk", "/risk/"), ("findings", "/findings/?by=finding"), ("plan", "/plan/"), ("vendors", "/vendors/")),
)
FORM = """\
DOC-1,Manufacturer name,BD
DOC-3,Device model,LabPoint 8
MPII-1,Can this device display or transmit personally identifiable information?,Yes
TXCF-2,Is personally identifiable information encrypted prior to transmission via a network?,Yes
CONN-3,Can the device communicate with other systems within the customer environment?,Yes
CONN-7,Is TLS used?,Yes
PAUT-1.1,Does the device enforce unique identifiers for users?,Yes
SAHD-9,Are all services which are not required disabled?,Yes
RMOT-1,Does the device permit remote service connections?,No
"""
"""A disclosure form of an invented pump, as a maker would send it; packets contradict one answer."""
ASKED = "pump1"
"""The device whose own page is shown."""


def main() -> None:
    """Takes all pictures."""
    FOLDER.mkdir(exist_ok=True)
    argv = [sys.executable, "-m", "asepsis.cli", "demo", "--serve", "--port", str(PORT)]
    serving = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(serving)
        with sync_playwright() as engine:
            # As root, chromium runs without its sandbox: it sees no page but ours.
            arguments = ["--disable-gpu", "--disable-background-networking"]
            arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = engine.chromium.launch(executable_path=CHROMIUM, args=arguments)
            _take(browser)
            browser.close()
    finally:
        serving.terminate()
        serving.wait(timeout=30)


def _wait(serving: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and serving.poll() is None:
        try:
            with urllib.request.urlopen(HOME, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    raise SystemExit("the demo does not serve its pages")


def _take(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(f"{HOME}demo/")
    page.screenshot(path=FOLDER / "people.png")
    page.get_by_role("button", name=f"Enter as {PERSON}").click()
    page.goto(f"{HOME}risk/")
    end = time.monotonic() + START_SECONDS
    # Risk is worked out beside the server; by department, once more after the sample people came.
    while page.locator("table.places tbody tr").count() < 2 and time.monotonic() < end:
        page.wait_for_timeout(1000)
        page.reload()
    for name, address in PAGES:
        page.goto(HOME.rstrip("/") + address, wait_until="networkidle")
        page.screenshot(path=FOLDER / f"{name}.png")
    page.goto(f"{HOME}risk/")
    page.locator("ol.riskiest a").first.click()
    page.wait_for_url(re.compile(r"/exposure/"))
    page.screenshot(path=FOLDER / "exposure.png")
    page.goto(f"{HOME}plan/")
    page.get_by_role("region", name="Work", exact=True).get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/plan/[^/]+/"))
    page.screenshot(path=FOLDER / "work.png")
    page.goto(f"{HOME}papers/")
    page.locator("input[type=file]").set_input_files(
        {"name": "labpoint.csv", "mimeType": "text/csv", "buffer": FORM.encode()}
    )
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url(re.compile(r"/papers/[^/]+/"))
    end = time.monotonic() + START_SECONDS
    while not page.get_by_text("Contradicted", exact=True).count() and time.monotonic() < end:
        page.wait_for_timeout(1000)
        page.reload()
    page.screenshot(path=FOLDER / "form.png")
    page.goto(f"{HOME}devices/?q={ASKED}")
    page.locator("table").get_by_role("link", name=re.compile(ASKED, re.IGNORECASE)).first.click()
    page.wait_for_url(re.compile(r"/devices/[^?/]+/"))
    page.screenshot(path=FOLDER / "device.png")
    # The first packet of the evidence: the one that gave the category away.
    page.locator('a[href*="/evidence/"]').first.click()
    page.wait_for_url(re.compile(r"/evidence/"))
    page.screenshot(path=FOLDER / "packet.png")
    page.goto(f"{HOME}map/device/{_id(page.url)}/", wait_until="networkidle")
    page.screenshot(path=FOLDER / "neighbourhood.png")


def _id(address: str) -> str:
    found = re.search(r"/devices/([^/?]+)/", address)
    if found is None:
        raise SystemExit(f"no device's page: {address}")
    return found[1]


if __name__ == "__main__":
    main()
