"""A publisher on loopback: a real HTTPS server with an authority of its own, whose files a test puts where it likes."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from asepsis.crypto.authority import issue_server, new_authority
from asepsis.pipeline.feeds_https import Https

LOOPBACK = ("127.0.0.0/8", "::1/128")


class Publisher:
    """What lies where, and what was asked for."""

    def __init__(self, authority: Path) -> None:
        self.files: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.cut: dict[str, int] = {}
        """Paths to how many bytes are sent before the connection breaks; once."""
        self.endless: set[str] = set()
        """Paths that go on until the other side goes away."""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.authority = authority
        self.port = 0

    def url(self, path: str = "") -> str:
        """The address of a file."""
        return f"https://localhost:{self.port}/{path}"

    def https(self, **options: Any) -> Https:
        """A fetcher that trusts this publisher."""
        return Https(allowed=LOOPBACK, authority=self.authority, **options)

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _ in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    publisher: Publisher

    def do_GET(self) -> None:
        path, here = self.path.lstrip("/"), self.publisher
        here.asked.append((path, {name.lower(): text for name, text in self.headers.items()}))
        if path in here.moved:
            self.send_response(302)
            self.send_header("location", here.moved[path])
            self.send_header("content-length", "0")
            self.end_headers()
            return
        if path in here.endless:
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(65536))
            except OSError:
                return
        if path not in here.files:
            self.send_error(404)
            return
        content = here.files[path]
        etag = f'"{sha256(content).hexdigest()[:16]}"'
        if self.headers.get("if-none-match") == etag:
            self.send_response(304)
            self.end_headers()
            return
        begun, ranged = 0, self.headers.get("range", "")
        if ranged.startswith("bytes=") and self.headers.get("if-range") == etag:
            begun = int(ranged[6:].rstrip("-"))
        self.send_response(206 if begun else 200)
        self.send_header("etag", etag)
        self.send_header("content-length", str(len(content) - begun))
        if begun:
            self.send_header("content-range", f"bytes {begun}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        stop = here.cut.pop(path, None)
        self.wfile.write(content[begun:stop])
        if stop is not None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def publishing(folder: Path) -> Iterator[Publisher]:
    """Serves while the context lasts."""
    now = datetime.now(UTC)
    authority = new_authority("Test Publisher", now=now)
    issued = issue_server(authority, ["localhost"], now=now)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "authority.pem").write_bytes(authority.certificate)
    (folder / "chain.pem").write_bytes(issued.certificate)
    (folder / "key.pem").write_bytes(issued.key)
    publisher = Publisher(folder / "authority.pem")
    handler = type("Handler", (_Handler,), {"publisher": publisher})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    server = _Server(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    publisher.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error here."""
