from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from asepsis.web import edge
from asepsis.web.edge import Edge, Receive, Send


async def _reads_all(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """An application that answers with the size of the body, as Django does: nothing when the client left."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def _ask(
    parts: list[bytes],
    *,
    path: str = "/devices/",
    announced: int | None = None,
    admitted: bool = False,
    healthy: bool = True,
    silent: bool = False,
    authority: Path | None = None,
) -> tuple[int, bytes]:
    sent: list[MutableMapping[str, Any]] = []
    left = list(parts)

    async def receive() -> MutableMapping[str, Any]:
        if silent and not left:
            await asyncio.sleep(60)
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left) or silent}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    application = Edge(
        _reads_all,
        uploads=lambda path: 8 * 1024 * 1024 if path == "/jobs/upload/" else 0,
        may_upload=lambda *_: admitted,
        route=lambda _: "/",
        healthy=lambda: healthy,
        authority=authority,
    )
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(application(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def test_an_ordinary_body_passes() -> None:
    assert _ask([b"a" * 1000, b"b" * 1000]) == (200, b"2000")


def test_a_body_that_says_it_is_too_large_is_refused_unread() -> None:
    assert _ask([b""], announced=edge.BODY_LIMIT_BYTES + 1)[0] == 413


def test_a_body_that_turns_out_too_large_is_refused() -> None:
    assert _ask([b"a" * 1024 * 1024] * 3)[0] == 413


def test_a_length_that_is_no_number_is_refused() -> None:
    assert _ask([b""], announced=-5)[0] == 413


def test_only_who_may_upload_sends_more_than_a_form() -> None:
    capture = [b"a" * 1024 * 1024] * 5
    assert _ask(capture, path="/jobs/upload/", admitted=True) == (200, str(5 * 1024 * 1024).encode())
    assert _ask(capture, path="/jobs/upload/", admitted=False)[0] == 413
    assert _ask(capture, path="/devices/", admitted=True)[0] == 413
    assert _ask([b"a" * 1024 * 1024] * 9, path="/jobs/upload/", admitted=True)[0] == 413


def test_a_client_that_falls_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "SILENCE_SECONDS", 0.05)
    assert _ask([b"a"], silent=True)[0] == 408


def test_health_says_whether_the_database_answers_and_nothing_else() -> None:
    assert _ask([], path="/healthz") == (200, b'{"status":"ok"}')
    assert _ask([], path="/healthz", healthy=False)[0] == 503


def test_the_authority_can_be_fetched_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_bytes(b"PEM")
    assert _ask([], path="/authority.pem", authority=tmp_path / "authority.pem") == (200, b"PEM")
    assert _ask([b""], path="/authority.pem") == (200, b"0")
