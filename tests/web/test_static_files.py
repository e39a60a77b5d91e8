from __future__ import annotations

import asyncio
import warnings

from django.test import AsyncClient, Client

SHEET = "/static/asepsis/asepsis.css"


def test_a_file_of_ours_is_served_whole_and_is_known_again() -> None:
    first = Client().get(SHEET)
    assert (first.status_code, first.streaming, first["Content-Type"]) == (200, False, 'text/css; charset="utf-8"')
    assert first.content
    again = Client().get(SHEET, headers={"if-modified-since": first["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Client().head(SHEET)["Content-Length"] == str(len(first.content))


def test_a_server_of_asgi_serves_it_without_a_warning() -> None:
    async def ask() -> int:
        answer = await AsyncClient().get(SHEET)
        return answer.status_code

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert asyncio.run(ask()) == 200
