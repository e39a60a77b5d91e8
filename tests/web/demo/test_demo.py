from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.urls import Resolver404, get_resolver, resolve

from asepsis.pipeline.workspace import Workspace

START_SECONDS = 180


def test_the_way_in_is_no_address_of_the_product() -> None:
    for address in ("/demo/", "/demo/enter/amara/"):
        with pytest.raises(Resolver404):
            resolve(address)
    assert "demo" not in {str(pattern.pattern).strip("/") for pattern in get_resolver().url_patterns}


def test_the_way_in_is_no_back_end_and_no_app_of_the_product() -> None:
    assert not [name for name in settings.AUTHENTICATION_BACKENDS if "demo" in name]
    assert not [name for name in settings.INSTALLED_APPS if "demo" in name]


@pytest.mark.django_db
def test_the_name_of_a_sample_person_lets_nobody_in_outside_the_demo() -> None:
    from asepsis.web.people.models import Person

    Person.objects.create_user(username="ravi", name="Somebody real")
    assert authenticate(None, demo_person="ravi") is None


def _settings_in(root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import django; django.setup(); from django.conf import settings; print(settings.ROOT_URLCONF)"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "ASEPSIS_HOME": str(root),
            "DJANGO_SETTINGS_MODULE": "asepsis.web.demo.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_settings_of_the_demo_refuse_a_workspace_that_was_not_made_for_it(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "hospital").create()
    refused = _settings_in(workspace.root)
    assert refused.returncode != 0
    assert "was not made for this demo" in refused.stderr
    # Neither does a mark that somebody copied: it must be the one that this process was given.
    (workspace.root / ".demo").write_text("a" * 64, encoding="ascii")
    refused = _settings_in(workspace.root, ASEPSIS_DEMO_MARK="b" * 64)
    assert refused.returncode != 0
    assert "was not made for this demo" in refused.stderr


def test_the_settings_of_the_demo_refuse_to_listen_to_the_network(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "demo").create()
    (workspace.root / ".demo").write_text("a" * 64, encoding="ascii")
    good = {"ASEPSIS_DEMO_MARK": "a" * 64}
    assert _settings_in(workspace.root, **good).stdout.strip() == "asepsis.web.demo.urls"
    refused = _settings_in(workspace.root, ASEPSIS_WEB_HOST="0.0.0.0", **good)
    assert refused.returncode != 0
    assert "to this machine alone" in refused.stderr


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "asepsis.cli", "demo", "--serve"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "http://localhost:" in line:
                yield line.strip(), process
                break
        else:
            pytest.fail("the demo ended before it was served")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_a_click_in_the_demo_leads_to_the_pumps_and_the_end_leaves_nothing(
    served: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    address, process = served
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    entrance = browser.open(address).read().decode()
    assert "Who do you want to be?" in entrance
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', entrance)
    assert token is not None
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1]}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        browser.open(f"{address}demo/enter/amara/", urllib.parse.urlencode({}).encode())
    refused.value.close()
    assert refused.value.code == 403  # no token, no entry
    overview = browser.open(f"{address}demo/enter/amara/", form).read().decode()
    assert "Amara Okafor" in overview
    assert 'class="demo"' in overview
    listed = browser.open(f"{address}devices/?category=infusion_pump").read().decode()
    assert len(set(re.findall(r"/devices/(d-\w+)/", listed))) >= 10
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    assert children, "the worker of jobs runs beside the server"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert not list(tmp_path.glob("asepsis-demo-*"))
