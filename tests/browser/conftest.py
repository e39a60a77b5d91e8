"""A real server on loopback with the recorded hospital, and a real browser in front of it.

For tests: ``page`` is nobody signed in, ``sign_in("auditor")`` a page of somebody with that role (the account is made
by the server's own invitations and a passkey), ``axe(page)`` fails on what people with a screen reader or a keyboard
would stumble over, ``picture(page, "name")`` writes a picture for the documentation where ``ASEPSIS_PICTURES`` names a
folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import asepsis.pipeline

RECORDING = Path(asepsis.pipeline.__file__).parent / "recordings"
START_LIMIT_SECONDS = 120
SERIOUS = ("serious", "critical")

_INVITE = """
import json, sys, django
django.setup()
from asepsis.web.people import invitations
_, token = invitations.make(roles=json.loads(sys.argv[1]), name="")
print(token)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            # One process has the server and the browser: two of each would leave nobody else room on a small machine.
            item.add_marker(pytest.mark.xdist_group("browser"))


class Server:
    """``asepsis serve`` on a workspace of its own."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.address = f"http://localhost:{port}"
        self.environment = {**os.environ, "ASEPSIS_HOME": str(home), "DJANGO_SETTINGS_MODULE": "asepsis.web.settings"}
        self.environment |= {"ASEPSIS_WEB_PORT": str(port), "ASEPSIS_WEB_TLS": "none"}
        self.first_administrator = ""

    def start(self) -> subprocess.Popen[str]:
        """Starts it and waits until it says where it serves."""
        command = [sys.executable, "-m", "asepsis.cli", "serve", "--json"]
        with (self.home.parent / "serve.log").open("w") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (self.home.parent / "serve.log").read_text()
        self.first_administrator = json.loads(line).get("first_administrator", "")
        return process

    def invitation(self, role: str) -> str:
        """The link of a new invitation with this role."""
        roles = json.dumps([{"role": role}] if role else [])
        made = subprocess.run(
            [sys.executable, "-c", _INVITE, roles], env=self.environment, capture_output=True, text=True, check=True
        )
        return f"{self.address}/join/{made.stdout.strip().splitlines()[-1]}/"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, with the recording analysed."""
    home = tmp_path_factory.mktemp("browser") / "workspace"
    recordings = [str(path) for path in sorted(RECORDING.iterdir()) if ".pcap" in path.name]
    assert recordings
    environment = {**os.environ, "ASEPSIS_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "asepsis.cli", "analyze", *recordings], env=environment, check=True, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Server(home, port)
    process = made.start()
    yield made
    process.terminate()
    process.communicate(timeout=30)


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
    """``new_page()``: a page of a browser of its own; errors of scripts and of the content policy fail the test."""
    contexts: list[Any] = []
    problems: list[str] = []

    def make(**options: Any) -> Any:
        context = chromium.new_context(base_url=server.address, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        made = context.new_page()
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


@pytest.fixture
def sign_in(new_page: NewPage, server: Server, request: pytest.FixtureRequest) -> SignIn:
    """``sign_in("auditor")``: a page of somebody with that role, at the overview."""
    count = 0

    def as_role(role: str, **options: Any) -> Any:
        nonlocal count
        count += 1
        made = new_page(**options)
        test = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]
        join(made, server.invitation(role), f"{role.replace('_', '-')}-{test}-{count}")
        return made

    return as_role


def axe(page: Any) -> None:
    """Fails on serious and critical findings of axe."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    told = [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found if one["impact"] in SERIOUS]
    assert told == []


def picture(page: Any, name: str) -> None:
    """Writes a picture for the documentation, only when asked."""
    folder = os.environ.get("ASEPSIS_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
