"""SIP, RTSP and CoAP: telephones, cameras and small things, by what they call themselves."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import HINTED, REPORTED, SERVED, Reader, Say, host_name
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.protocols.coap import Coap
from asepsis.protocols.rtsp import Rtsp
from asepsis.protocols.sip import Sip

# A response comes back through exchanges that change nothing in it, so its product may be of another.
_PASSED_BACK = 0.5
_OCF = ("/oic/", "oic.")


def _sip(message: Sip) -> Hashable:
    return (message.kind, message.method, message.user_agent, message.server, message.forwarded)


def _explain_sip(message: Sip, say: Say) -> None:
    say.that(Attribute.ROLE, Role.VOICE_ENDPOINT, 0.6 if message.kind == "REGISTER" else 0.4)
    if message.kind == "REGISTER" and not message.forwarded:
        # Adapters, softphones, intercoms and carts register too: it is a telephone only where something else says so.
        say.that(Attribute.CATEGORY, Category.PHONE, SERVED)
    if message.forwarded:
        return  # an exchange passes on what another device says of itself
    factor = _PASSED_BACK if message.kind.isdigit() else 1.0
    for text in (message.user_agent, message.server):
        say.known("sip_products", text, factor)
        say.known("products", text, 0.8 * factor)


def _rtsp(message: Rtsp) -> Hashable:
    said = (message.server, message.realm, message.session, message.tool)
    if message.kind.isdigit():
        return (True, *said)
    return (False, message.user_agent) if message.user_agent else None


def _explain_rtsp(message: Rtsp, say: Say) -> None:
    if not message.kind.isdigit():
        say.known("products", message.user_agent, 0.8)
        return
    say.that(Attribute.ROLE, Role.VIDEO_SERVER, 0.6)
    for text in (message.server, message.realm):
        say.known("rtsp_servers", text)
        say.known("products", text)
    say.known("products", message.session, 0.8)
    say.known("products", message.tool, 0.5)


def _coap(message: Coap) -> Hashable:
    return (message.sender_is_server, message.endpoint, message.host, _is_ocf(message))


def _is_ocf(message: Coap) -> bool:
    texts = (message.path, *(text for resource in message.resources for text in resource))
    return any(text.startswith(_OCF) for text in texts)


def _explain_coap(message: Coap, say: Say) -> None:
    # RFC 9176 5.3: who registers names itself, with what may be a serial number.
    say.that(Attribute.NAME, host_name(message.endpoint), REPORTED)
    if message.sender_is_server and _is_ocf(message):
        # The Open Connectivity Foundation's resources are those of household devices.
        say.that(Attribute.CATEGORY, Category.SMART_HOME, HINTED)


READERS: dict[type, Reader] = {
    Sip: Reader(_sip, _explain_sip, repeated=True),
    Rtsp: Reader(_rtsp, _explain_rtsp, repeated=True),
    Coap: Reader(_coap, _explain_coap),
}
