"""The protocols that ride on HTTP, and the dissector of each: one stream reads HTTP and all of them.

The packet engine says HTTP by the heads; what the heads and bodies turn out to be is a message of its own protocol
beside the request or response that bore it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from asepsis.protocols.message import Dissector, Result, Stream

HTTP_FAMILY: Final = frozenset(("http", "wsd", "sdc", "upnp", "fhir", "dicomweb", "ipp"))


def open_http() -> Stream:
    """A stream that reads HTTP and what rides on it."""
    # Imported late: HTTP's module reads the others, each when it first comes.
    from asepsis.protocols.http import HttpStream

    return HttpStream()


def on_http(protocol: str, datagram: Callable[[bytes], Sequence[Result]] | None = None) -> Dissector:
    """The dissector of a protocol that rides on HTTP."""
    return Dissector(protocol=protocol, open=open_http, datagram=datagram, carries=HTTP_FAMILY - {protocol})
