"""DHCP unique identifiers (RFC 8415 11): how a host names itself to DHCP, often by a hardware address."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from asepsis.kernel.value import value
from asepsis.protocols.fields import mac

# RFC 8415 11.1: at most 128 bytes behind the type.
DUID_LIMIT_BYTES = 130
# One a host; some thousand hosts speak DHCPv6 at a site.
REMEMBERED_DUIDS = 4096
_ETHERNET = 1


@value
class Duid:
    """One identifier."""

    identifier: str
    """All of it, in hexadecimal digits."""
    form: str
    """``LLT`` (link-layer address plus time), ``EN`` (enterprise number), ``LL`` (link-layer address), ``UUID``,
    or ``type N``."""
    mac: str = ""
    """The hardware address inside ``LLT`` and ``LL``: of some interface of the host, not always the one that asks."""
    enterprise: int = 0
    """The vendor's private enterprise number inside ``EN``, else 0."""
    uuid: str = ""


@lru_cache(maxsize=REMEMBERED_DUIDS)
def duid(octets: bytes) -> Duid | None:
    """Reads a DUID; None when it is empty, too long, or shorter than its form demands."""
    if not 3 <= len(octets) <= DUID_LIMIT_BYTES:
        return None
    duid_type, body = octets[0] << 8 | octets[1], octets[2:]
    identifier = octets.hex()
    match duid_type:
        case 1 if len(body) > 6:  # RFC 8415 11.2: hardware type, time, address
            address = mac(body[6:]) if body[0] << 8 | body[1] == _ETHERNET else ""
            return Duid(identifier=identifier, form="LLT", mac=address)
        case 2 if len(body) > 4:  # RFC 8415 11.3: enterprise number, identifier
            return Duid(identifier=identifier, form="EN", enterprise=int.from_bytes(body[:4], "big"))
        case 3 if len(body) > 2:  # RFC 8415 11.4: hardware type, address
            address = mac(body[2:]) if body[0] << 8 | body[1] == _ETHERNET else ""
            return Duid(identifier=identifier, form="LL", mac=address)
        case 4 if len(body) == 16:  # RFC 8415 11.5, RFC 6355
            return Duid(identifier=identifier, form="UUID", uuid=str(UUID(bytes=body)))
        case 1 | 2 | 3 | 4:
            return None
        case _:
            return Duid(identifier=identifier, form=f"type {duid_type}")
