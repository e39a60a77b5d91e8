"""A receiver of webhooks on loopback: it keeps what it was sent, and misbehaves in every way that a test asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from typing import Any


class Receiver:
    """Answers each connection with ``answer``, bytes that are sent as they are, after reading the request."""

    def __init__(self, answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n") -> None:
        self.answer = answer
        self.endless = b""
        """Sent again and again behind the answer until the sender goes."""
        self.drip_seconds = 0.0
        """Between one byte of the answer and the next."""
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook?from=asepsis"

    def close(self) -> None:
        """Ends it."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def verified(self, secret: str, number: int = -1) -> dict[str, Any]:
        """The message, checked as the scheme says and written anew from its text: three headers, one of them signs."""
        head, body = self.heads[number], self.bodies[number]
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert expected in head["webhook-signature"].split(" ")
        message: dict[str, Any] = json.loads(body)
        return message

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                try:
                    self._one(connection)
                except OSError:
                    continue

    def _one(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        head: dict[str, str] = {"": file.readline().decode().strip()}
        while line := file.readline().strip():
            name, _, text = line.decode().partition(":")
            head[name.lower()] = text.strip()
        self.bodies.append(file.read(int(head["content-length"])))
        self.heads.append(head)
        file.close()
        if self.drip_seconds:
            for byte in self.answer:
                connection.sendall(bytes([byte]))
                time.sleep(self.drip_seconds)
        else:
            connection.sendall(self.answer)
        while self.endless:
            connection.sendall(self.endless)
