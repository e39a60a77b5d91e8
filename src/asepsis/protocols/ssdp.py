"""SSDP (UPnP Device Architecture 2.0, section 1): who looks for which kind of device, and who is one.

In: one UDP payload of port 1900. Out: one ``Ssdp``: a search, an announcement, or the answer to a search.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, text
from asepsis.protocols.message import Dissector, Malformed, Result

# UPnP Device Architecture 2.0, 1.1.2: a message fits one datagram; real ones have 10 to 20 fields in 500 bytes.
HEAD_LIMIT_BYTES = 4096
FIELDS_LIMIT = 64
# Searches and announcements repeat byte by byte. 4,096 of at most 600 bytes stay under 8 MiB.
REMEMBERED_MESSAGES = 4096
REMEMBERED_LENGTH_BYTES = 600

_KINDS: Final = {b"M-SEARCH * HTTP/1": "M-SEARCH", b"NOTIFY * HTTP/1": "NOTIFY", b"HTTP/1.1 200": "RESPONSE"}

# Field names in lower case, and the members that they fill.
_FIELDS: Final = {
    b"st": "target",
    b"nt": "target",
    b"nts": "notification",
    b"usn": "usn",
    b"server": "server",
    b"location": "location",
    b"user-agent": "user_agent",
    b"man": "man",
    b"cpfn.upnp.org": "control_point",
    b"hue-bridgeid": "bridge_id",
}


@value
class Ssdp:
    """One SSDP message. Texts are empty where a field is missing."""

    PROTOCOL: ClassVar[str] = "ssdp"
    method: str
    """``M-SEARCH``, ``NOTIFY``, or ``RESPONSE`` to a search."""
    target: str = ""
    """What is looked for or announced (ST, NT): ``ssdp:all``, ``upnp:rootdevice``, a URN, ``uuid:...``."""
    notification: str = ""
    """NTS: ``ssdp:alive``, ``ssdp:byebye``, ``ssdp:update``."""
    usn: str = ""
    uuid: str = ""
    """The device's UUID out of USN, in lower case, as it is written."""
    device_type: str = ""
    """The URN of a device or service out of USN or the target: ``urn:schemas-upnp-org:device:MediaRenderer:1``."""
    server: str = ""
    """Operating system, UPnP version, product."""
    location: str = ""
    """Where the device's description is."""
    user_agent: str = ""
    man: str = ""
    control_point: str = ""
    """CPFN.UPNP.ORG: the name of the one that searches."""
    bridge_id: str = ""
    """hue-bridgeid, a vendor's field with the hardware address of a Zigbee bridge."""

    @property
    def kind(self) -> str:
        """The method."""
        return self.method

    @property
    def sender_is_server(self) -> bool | None:
        """Who searches is served, who answers serves; an announcement to the group proves nothing."""
        return {"M-SEARCH": False, "RESPONSE": True}.get(self.method)

    def facts(self) -> dict[str, Any]:
        """All that is said, but the method, which is the kind."""
        return _facts(self)


_facts: Final = facts_of(Ssdp, without=("method",))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message."""
    if len(payload) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(payload)
    return _read(payload)


def _read(payload: bytes) -> tuple[Result, ...]:
    # Some devices end lines without a carriage return.
    first, *lines = payload[:HEAD_LIMIT_BYTES].split(b"\n", FIELDS_LIMIT)
    method = _KINDS.get(first[:12] if first[:5] == b"HTTP/" else first.partition(b".")[0])
    if method is None:
        return (Malformed(protocol="ssdp", where="start line", why="neither search, announcement nor answer"),)
    said = {}
    for line in lines:
        if line in (b"", b"\r"):
            break
        name, colon, field = line.partition(b":")
        member = _FIELDS.get(name.strip().lower())
        if member is not None and colon:
            said[member] = text(field)
    for candidate in (said.get("usn", ""), said.get("target", "")):
        _identify(candidate, said)
    return (Ssdp(method=method, **said),)


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)


def _identify(written: str, said: dict[str, str]) -> None:
    # UPnP Device Architecture 2.0, table 1-2: "uuid:UUID", "uuid:UUID::URN", "URN".
    before, _, behind = written.partition("::")
    if before[:5].casefold() == "uuid:":
        said.setdefault("uuid", before[5:].casefold())
    for part in (before, behind):
        if part[:4].casefold() == "urn:":
            said.setdefault("device_type", part)


DISSECTOR = Dissector(protocol="ssdp", datagram=read)
