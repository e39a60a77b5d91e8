"""Sign-in by a provider that others wrote and had certified: there and back in a browser, roles from its groups."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.browser.conftest import NewPage, at_home, axe, picture
from tests.browser.server import Server

PROGRAM: Final = Path(__file__).with_name("provider") / "provider.mjs"
SECRET: Final = "CANARY-secret-of-the-client-of-the-provider"
NAME: Final = "your hospital account"
PEOPLE: Final[dict[str, Any]] = {
    "ada": {
        "claims": {"name": "Ada Lovelace", "preferred_username": "ada", "groups": ["/clinical-engineering"]},
        "acr": "gold",
        "amr": ["pwd", "hwk"],
    },
    "grace": {
        "claims": {"name": "Grace Hopper", "preferred_username": "grace", "groups": ["/security"]},
        "amr": ["pwd"],
    },
    "eve": {
        "claims": {"name": "Eve Somebody", "preferred_username": "eve", "groups": ["/kitchen"]},
        "acr": "gold",
        "amr": ["mfa"],
    },
}

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not PROGRAM.with_name("node_modules").is_dir(),
    reason="the provider is not installed (make test does it where npm is)",
)


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product with the provider, which ends with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("provider")
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    made = Server(folder / "workspace")
    made.environment |= {
        "ASEPSIS_OIDC_NAME": NAME,
        "ASEPSIS_OIDC_ISSUER": f"http://localhost:{port}",
        "ASEPSIS_OIDC_CLIENT_ID": "asepsis",
        "ASEPSIS_OIDC_CLIENT_SECRET_FILE": str(secret),
        "ASEPSIS_OIDC_GROUPS": "/clinical-engineering=clinical_engineer,/security=security_analyst",
        "ASEPSIS_OIDC_STRONG_ACR": "gold",
    }
    try:
        made.start()
        with _provider(port, f"{made.address}/account/provider/answer/"):
            yield made
    finally:
        made.stop()


def _provider(port: int, back: str) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        ["node", str(PROGRAM), str(port), back], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdin is not None
    assert started.stdout is not None
    started.stdin.write(json.dumps({"secret": SECRET, "people": PEOPLE}) + "\n")
    started.stdin.flush()
    # What else it says on the way are its own warnings of how it is set up here.
    assert any(line == "ready\n" for line in started.stdout)
    return started


def _sign_in(page: Any, name: str) -> None:
    page.goto("/account/login/")
    page.get_by_role("link", name=f"Sign in with {NAME}").click()
    page.get_by_role("button", name=name).click()


def test_who_proved_two_factors_at_the_provider_is_in_with_the_role_of_the_group(
    joined: Server, new_page: NewPage
) -> None:
    page = new_page(of=joined)
    page.goto("/account/login/")
    page.get_by_role("link", name=f"Sign in with {NAME}").wait_for()
    axe(page)
    picture(page, "sign-in-by-a-provider")
    _sign_in(page, "Ada Lovelace")
    at_home(page)
    assert page.goto("/devices/").status == 200
    assert page.goto("/people/").status == 403
    page.goto("/account/")
    # Who has no other way in proves it at the provider anew, which asks although it remembers.
    page.goto("/account/provider/again/?next=/account/")
    page.get_by_role("button", name="Ada Lovelace").click()
    page.wait_for_url("**/account/")


def test_a_password_at_the_provider_alone_leads_to_a_second_factor_here(joined: Server, new_page: NewPage) -> None:
    page = new_page(of=joined)
    _sign_in(page, "Grace Hopper")
    page.wait_for_url("**/account/second-factor/")
    axe(page)
    page.goto("/devices/")
    page.wait_for_url("**/account/second-factor/")


def test_who_is_in_no_group_of_the_table_gets_no_account(joined: Server, new_page: NewPage) -> None:
    page = new_page(of=joined)
    _sign_in(page, "Eve Somebody")
    page.wait_for_url("**/account/provider/answer/**")
    axe(page)
    assert "Eve" not in page.locator("main").inner_text()
    page.goto("/devices/")
    page.wait_for_url("**/account/login/**")
