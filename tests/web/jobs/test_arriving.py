"""A capture on its way in, to the application as it is served: written once, and gone with whoever was writing it."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.ledger.test_served import Served

PATIENCE_SECONDS = 60
SIZE = 24 << 20
CAPTURE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + bytes(SIZE)
pytestmark = pytest.mark.slow


Running = Callable[[], tuple[Served, subprocess.Popen[str]]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """``running()``: the application, begun again where a test killed it."""
    folder = tmp_path_factory.mktemp("arriving")
    served = Served(folder / "home")
    served.environment["TMPDIR"] = str(folder)
    begun: list[subprocess.Popen[str]] = []

    def run() -> tuple[Served, subprocess.Popen[str]]:
        if not begun or begun[-1].poll() is not None:
            begun.append(served.start())
        return served, begun[-1]

    yield run
    for process in begun:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _request(served: Served) -> tuple[bytes, bytes]:
    """Head and body of a form with a capture."""
    served.ask("GET", "/jobs/")
    token = next(value for name, value in served.cookies.items() if "csrf" in name)
    fields = b"".join(
        b'--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair
        for pair in ((b"csrfmiddlewaretoken", token.encode()), (b"site", b"north"))
    )
    file = b'--edge\r\nContent-Disposition: form-data; name="captures"; filename="ward.pcap"\r\n\r\n'
    body = fields + file + CAPTURE + b"\r\n--edge--\r\n"
    lines = [
        "POST /jobs/upload/ HTTP/1.1",
        f"Host: 127.0.0.1:{served.port}",
        f"Origin: http://127.0.0.1:{served.port}",
        "Cookie: " + "; ".join(f"{name}={value}" for name, value in served.cookies.items()),
        "Content-Type: multipart/form-data; boundary=edge",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), body


def _written(pid: int) -> int:
    """What a process gave to write(2) so far (proc(5), wchar)."""
    for line in Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    raise AssertionError("the kernel counts nothing")


def _until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _nameless(pid: int, root: Path) -> list[int]:
    """The sizes of files without a name that a process has open below ``root``."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            where = os.readlink(descriptor)  # noqa: PTH115 - what is deleted is no path
            if where.startswith(str(root)) and where.endswith("(deleted)"):
                found.append(descriptor.stat().st_size)
        except OSError:
            continue
    return found


def test_a_capture_is_written_once_and_whole(running: Running) -> None:
    served, process = running()
    head, body = _request(served)
    known = set((served.root / "captures").glob("*"))
    before = _written(process.pid)
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as link:
        link.sendall(head)
        link.sendall(body)
        answer = link.recv(4096)
    assert answer.startswith(b"HTTP/1.1 302"), answer[:500]
    (stored,) = set((served.root / "captures").iterdir()) - known
    assert hashlib.sha256(stored.read_bytes()).digest() == hashlib.sha256(CAPTURE).digest()
    assert stored.stat().st_mode & 0o077 == 0
    assert SIZE <= _written(process.pid) - before < SIZE * 3 // 2


@pytest.mark.parametrize("end", ["the client leaves", "the server is killed"])
def test_half_a_capture_leaves_nothing(running: Running, end: str) -> None:
    served, process = running()
    head, body = _request(served)
    known = set(served.root.parent.rglob("*"))
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as link:
        link.sendall(head)
        link.sendall(body[: SIZE // 2])
        # It is on its way to the disk already, though half of it is not sent.
        assert _until(lambda: max(_nameless(process.pid, served.root.parent), default=0) > SIZE // 4)
        if end == "the server is killed":
            process.send_signal(signal.SIGKILL)
            process.wait()
    if end == "the client leaves":
        assert _until(lambda: not any(_nameless(process.pid, served.root.parent)))
        assert served.ask("GET", "/jobs/")[0] == 200
    left = {path for path in set(served.root.parent.rglob("*")) - known if path.is_file()}
    assert not {path for path in left if path.stat().st_size > SIZE // 8}
