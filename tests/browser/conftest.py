"""A real server on loopback with the recorded hospital, and a real browser in front of it.

For tests: ``page`` is nobody signed in, ``sign_in("auditor")`` a page of somebody with that role (the account is made
by the server's own invitations and a passkey), ``axe(page)`` fails on what people with a screen reader or a keyboard
would stumble over, ``picture(page, "name")`` writes a picture for the documentation where ``ASEPSIS_PICTURES`` names a
folder.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import asepsis.pipeline
from tests.browser.server import Server, copied
from tests.web.cluster import Cluster

RECORDING = Path(asepsis.pipeline.__file__).parent / "recordings"
WAIT_MILLISECONDS = 120_000
"""Until what a person would see; a busy machine needs long."""
SIGN_IN_USED_SECONDS = 240
SERIOUS = ("serious", "critical")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the recorded hospital was analysed; no server works in it."""
    home = tmp_path_factory.mktemp("recorded") / "workspace"
    recordings = [str(path) for path in sorted(RECORDING.iterdir()) if ".pcap" in path.name]
    assert recordings
    environment = {**os.environ, "ASEPSIS_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "asepsis.cli", "analyze", *recordings], env=environment, check=True, capture_output=True
    )
    return home


@pytest.fixture(scope="session")
def server(analysed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that tests share, on the database that ``ASEPSIS_TEST_DATABASE`` names."""
    cluster = Cluster() if os.environ.get("ASEPSIS_TEST_DATABASE") == "postgresql" else None
    made = Server(copied(analysed, tmp_path_factory.mktemp("browser")), cluster)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for a module: while Playwright runs, an event loop runs, and other tests have loops of their own."""
    api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


NewPage = Callable[..., Any]


@pytest.fixture
def new_page(chromium: Any, server: Server) -> Iterator[NewPage]:
    """``new_page()``: a page of a browser of its own.

    Errors of scripts, of the content policy and of the server fail the test, wherever it is.
    """
    contexts: list[Any] = []
    problems: list[str] = []

    def make(*, of: Server = server, **options: Any) -> Any:
        context = chromium.new_context(base_url=of.address, **options)
        context.set_default_timeout(WAIT_MILLISECONDS)
        contexts.append(context)
        made = context.new_page()
        made.on("response", lambda got: problems.append(f"{got.status} {got.url}") if got.status >= 500 else None)
        made.on("pageerror", lambda error: problems.append(str(error)))
        made.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        return made

    yield make
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(new_page: NewPage) -> Any:
    """A page of nobody."""
    return new_page()


def authenticator(page: Any, **options: Any) -> tuple[Any, str]:
    """A virtual security key in this page that says yes: the devtools session and the key's id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    wanted = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    wanted |= {"isUserVerified": True, "automaticPresenceSimulation": True, **options}
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": wanted})["authenticatorId"]


def at_home(page: Any) -> None:
    """Waits for the overview, where a sign-in ends."""
    page.wait_for_url(lambda url: urlsplit(url).path == "/")


def join(page: Any, link: str, username: str) -> tuple[Any, str]:
    """Takes an invitation with a passkey, as a person does it."""
    key = authenticator(page)
    page.goto(link)
    page.get_by_label("Your name").fill(username.title())
    page.get_by_label("A short name to sign in with").fill(username)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Make the passkey").click()
    at_home(page)
    return key


SignIn = Callable[..., Any]


@pytest.fixture(scope="session")
def signed_in() -> dict[tuple[str, str], tuple[float, Any]]:
    """Role and who -> when that person signed in, and the cookies."""
    return {}


@pytest.fixture
def sign_in(new_page: NewPage, server: Server, signed_in: dict[tuple[str, str], tuple[float, Any]]) -> SignIn:
    """``sign_in("auditor")``: a page of somebody with that role, at the overview.

    The same person for all tests, unless ``who`` names another. A sign-in is used again while it is young: some acts
    ask for one of the last ten minutes, and a busy machine may be slow.
    """

    def as_role(role: str, *, who: str = "one", **options: Any) -> Any:
        known = signed_in.get((role, who))
        if known is not None and time.monotonic() - known[0] < SIGN_IN_USED_SECONDS:
            made = new_page(storage_state=known[1], **options)
            made.goto("/")
            return made
        made = new_page(**options)
        began = time.monotonic()
        join(made, server.invitation(role), f"{role.replace('_', '-')}-{who}-{secrets.token_hex(3)}")
        signed_in[role, who] = (began, made.context.storage_state())
        return made

    return as_role


def axe(page: Any) -> None:
    """Fails on serious and critical findings of axe."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    told = [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found if one["impact"] in SERIOUS]
    assert told == [], page.url


def picture(page: Any, name: str) -> None:
    """Writes a picture for the documentation, only when asked."""
    folder = os.environ.get("ASEPSIS_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
