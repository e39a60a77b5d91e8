"""HTTP: what browsers, services and embedded servers call themselves."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.observe.files import say_ntlm
from asepsis.devices.observe.say import Reader, Say
from asepsis.protocols.http import HttpPage
from asepsis.protocols.http_head import HttpRequest, HttpResponse


def _request(message: HttpRequest) -> Hashable:
    return (message.user_agent, message.ntlm) if message.user_agent or message.ntlm else None


def _explain_request(message: HttpRequest, say: Say) -> None:
    say.known("http_user_agents", message.user_agent)
    say.known("products", message.user_agent, 0.8)
    if message.ntlm is not None:
        say_ntlm(say, message.ntlm)


def _response(message: HttpResponse) -> Hashable:
    said = (message.server, message.realm, message.ntlm)
    return said if any(said) else None


def _explain_response(message: HttpResponse, say: Say) -> None:
    say.known("http_servers", message.server)
    say.known("products", message.server)
    # RFC 9110 11.5: the realm is for people, and embedded servers write their product there.
    say.known("products", message.realm)
    if message.ntlm is not None:
        say_ntlm(say, message.ntlm)


def _page(message: HttpPage) -> Hashable:
    return message.title or None


def _explain_page(message: HttpPage, say: Say) -> None:
    # A title may speak of another product (a portal, a manual), so it is worth less than a header.
    say.known("products", message.title, 0.8)


READERS: dict[type, Reader] = {
    HttpRequest: Reader(_request, _explain_request),
    HttpResponse: Reader(_response, _explain_response),
    HttpPage: Reader(_page, _explain_page),
}
