from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from asepsis.pipeline.workspace import Workspace

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 120


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """A server in a workspace of its own."""

    def __init__(self, root: Path, log: Path) -> None:
        self.port = _free_port()
        self.workspace = Workspace.resolve(root).create()
        with self.workspace.settings_path.open("a", encoding="utf-8") as settings:
            settings.write(f"\n[web]\nport = {self.port}\n")
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        with log.open("w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "asepsis.cli", "serve", "--json", "--workspace", str(root)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, log.read_text(encoding="utf-8")
        self.told = json.loads(line)

    def open(self, path: str, *, patience_seconds: float = PATIENCE_SECONDS) -> tuple[int, bytes]:
        """Asks as a browser that was taught the authority."""
        trust = ssl.create_default_context(cafile=str(self.workspace.keys_path / "web-authority.pem"))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        try:
            with opener.open(f"https://localhost:{self.port}{path}", timeout=patience_seconds) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def children(self) -> dict[str, int]:
        """The processes that it keeps, by the last word of what they run."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        found = {}
        for pid in text.split():
            with contextlib.suppress(OSError):  # it may end at any moment
                words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
                if "-m" in words:
                    found[words[words.index("-m") + 1].rpartition(".")[2]] = int(pid)
        return found

    def child(self, name: str) -> int:
        """The process of a name, once it is there."""
        assert _wait(lambda: name in self.children())
        return self.children()[name]

    def answering(self) -> int:
        """The second process that answers, once it answers: the first is held meanwhile."""
        pid = self.child("answering")
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            assert _wait(self._answers)
        finally:
            os.kill(self.process.pid, signal.SIGCONT)
        return pid

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.open("/healthz", patience_seconds=5)[0] == 200
        return False

    def listens(self) -> bool:
        """Whether connections are taken."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS).close()
        except ConnectionRefusedError:
            return False
        return True

    def end(self) -> None:
        """Ends it, whatever the test did."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path / "home", tmp_path / "log")
    yield made
    made.end()


def _wait(condition: object) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_first_start_serves_by_tls_of_its_own_and_the_end_is_clean(served: Served, tmp_path: Path) -> None:
    assert served.told["address"] == f"https://localhost:{served.port}/"
    assert len(served.told["fingerprint"]) == 95
    assert served.open("/healthz") == (200, b'{"status":"ok"}')
    assert served.open("/authority.pem")[1].startswith(b"-----BEGIN CERTIFICATE-----")
    assert served.open("/devices/?q=CANARY-4711")[0] == 200  # the way in, to which one is sent
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert not plain.recv(1000).startswith(b"HTTP/")  # nothing is answered without TLS
    children = [served.child("worker"), served.child("answering")]
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(PATIENCE_SECONDS) == 0
    assert not any(_is_alive(child) for child in children)
    log = (tmp_path / "log").read_text(encoding="utf-8")
    requests = [json.loads(line) for line in log.splitlines() if '"event": "request"' in line]
    assert any(line["route"] == "/devices/" for line in requests)
    assert "CANARY" not in log


def test_a_worker_that_died_is_begun_again(served: Served) -> None:
    worker = served.child("worker")
    os.kill(worker, signal.SIGKILL)
    assert _wait(lambda: served.children().get("worker", worker) != worker)
    assert served.open("/healthz")[0] == 200


def test_a_server_that_is_killed_leaves_nothing_behind(served: Served) -> None:
    children = [served.child("worker"), served.child("answering")]
    # The kernel is asked for it when a child begins, which is before it loads what opens the database.
    for child in children:
        assert _wait(lambda child=child: "_sqlite3" in Path(f"/proc/{child}/maps").read_text())
    served.process.kill()
    served.process.wait()
    assert _wait(lambda: not any(_is_alive(child) for child in children))


def test_a_second_process_answers_and_one_that_died_is_begun_again(served: Served) -> None:
    second = served.answering()
    # And the first while the second is stuck.
    os.kill(second, signal.SIGSTOP)
    assert served.open("/healthz")[0] == 200
    os.kill(second, signal.SIGKILL)
    assert served.open("/healthz")[0] == 200
    assert _wait(lambda: served.children().get("answering", second) != second)
    assert served.answering() != second


def test_what_was_asked_before_the_end_is_answered_by_every_process(served: Served) -> None:
    second = served.answering()
    trust = ssl.create_default_context(cafile=str(served.workspace.keys_path / "web-authority.pem"))
    with contextlib.ExitStack() as stack:
        asking = []
        for held in (served.process.pid, second):  # the other process takes it
            os.kill(held, signal.SIGSTOP)
            plain = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS)
            secured = stack.enter_context(trust.wrap_socket(plain, server_hostname="localhost"))
            secured.sendall(b"POST /account/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n")
            secured.sendall(b"Expect: 100-continue\r\n\r\n")
            assert secured.recv(1000).startswith(b"HTTP/1.1 100 ")  # it is being worked on
            os.kill(held, signal.SIGCONT)
            asking.append(secured)
        served.process.send_signal(signal.SIGTERM)
        assert _wait(lambda: not served.listens())
        for secured in asking:
            secured.sendall(b"name=value")
            assert secured.recv(1000).startswith(b"HTTP/1.1 403 ")  # without the token against forgery
    assert served.process.wait(PATIENCE_SECONDS) == 0
    assert not _is_alive(second)


def test_without_tls_the_network_is_not_served(tmp_path: Path) -> None:
    workspace = Workspace.resolve(tmp_path / "home").create()
    with workspace.settings_path.open("a", encoding="utf-8") as settings:
        settings.write(f'\n[web]\nhost = "0.0.0.0"\nport = {_free_port()}\ntls = "none"\n')
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-m", "asepsis.cli", "serve", "--workspace", str(workspace.root)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 3
    assert "cross the network in clear" in done.stderr
