"""Our own style sheets, scripts and icons, served whole: a few hundred kilobytes that need no stream."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]  # it has no types


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, which streams files in a way that a server of ASGI would first have to gather, and warns of."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """The file with the headers that WhiteNoise gives it, or 304 when the browser has it already."""
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file as file:
                content = file.read()
        answer = HttpResponse(content, status=int(found.status))
        del answer["Content-Type"]
        for name, text in found.headers:
            answer[name] = text
        return answer
