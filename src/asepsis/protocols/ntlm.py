"""NTLM (MS-NLMP): the three messages that SMB and HTTP carry; names of machines and domains, never of people.

A session's protocol finds the token and asks here; the result is part of that protocol's message.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

from asepsis.kernel.value import value
from asepsis.protocols.masking import printable_text

SIGNATURE: Final = b"NTLMSSP\0"

# Names in NTLM are at most a DNS name long (255 signs); in UTF-16 that is 510 bytes.
NAME_LIMIT_BYTES = 510
# MS-NLMP 2.2.2.1 defines eleven kinds of AV_PAIR; each comes once.
PAIRS_LIMIT = 32

_U32 = Struct("<I").unpack_from
_U16_U16 = Struct("<HH").unpack_from
_FIELD = Struct("<HHI").unpack_from  # MS-NLMP 2.2.1: Len, MaxLen, BufferOffset

# MS-NLMP 2.2.2.5
_UNICODE = 0x0000_0001
_ANONYMOUS = 0x0000_0800
_DOMAIN_SUPPLIED = 0x0000_1000
_WORKSTATION_SUPPLIED = 0x0000_2000
_VERSION = 0x0200_0000
# MS-NLMP 2.2.2.1: AvId to the word that people use.
_PAIRS = {1: "netbios_computer", 2: "netbios_domain", 3: "dns_computer", 4: "dns_domain", 5: "dns_forest"}
_KINDS = {1: "NEGOTIATE", 2: "CHALLENGE", 3: "AUTHENTICATE"}
# MS-NLMP 2.2.2.7: an NTLMv1 response is always 24 bytes long, one of NTLMv2 has at least 44.
_NTLM_V1_RESPONSE_BYTES = 24


@value
class Ntlm:
    """One NTLM message. ``names`` holds pairs such as ``("dns_computer", "ct-1.radiology.example")``."""

    kind: str
    """``NEGOTIATE``, ``CHALLENGE`` or ``AUTHENTICATE``."""
    names: tuple[tuple[str, str], ...]
    os_version: str
    """Of the sender, major.minor.build: ``10.0.17763``."""
    user: bool
    """A user is named; who it is, is not kept."""
    version_1: bool
    """The answer to the challenge is NTLMv1, which is as good as a password."""

    @property
    def sender_is_server(self) -> bool:
        """Only a server challenges."""
        return self.kind == "CHALLENGE"

    def facts(self) -> dict[str, Any]:
        """Kind, names of machine and domain, version of the operating system, whether a user is named."""
        facts: dict[str, Any] = {"kind": self.kind, **dict(self.names)}
        if self.os_version:
            facts["os_version"] = self.os_version
        if self.user:
            facts["user"] = True
        if self.version_1:
            facts["version_1"] = True
        return facts


def find_ntlm(token: bytes) -> Ntlm | None:
    """Finds and reads the NTLM message in a security token, bare or wrapped in SPNEGO (RFC 4178).

    The signature is looked for instead of walking the ASN.1 around it: it is eight bytes that nothing else in a
    token holds, and implementations differ in the wrapping. None where there is no readable NTLM message.
    """
    start = token.find(SIGNATURE)
    if start < 0 or len(token) - start < 12:
        return None
    message = token[start:]
    kind = _U32(message, 8)[0]
    if kind == 1:
        return _negotiate(message)
    if kind == 2:
        return _challenge(message)
    if kind == 3:
        return _authenticate(message)
    return None


def _negotiate(message: bytes) -> Ntlm:
    # MS-NLMP 2.2.1.1
    flags = _U32(message, 12)[0] if len(message) >= 16 else 0
    names = []
    # In this message names are in the machine's own code page; ASCII in practice.
    if flags & _DOMAIN_SUPPLIED and (domain := _text(message, 16, unicode=False)):
        names.append(("domain", domain))
    if flags & _WORKSTATION_SUPPLIED and (workstation := _text(message, 24, unicode=False)):
        names.append(("workstation", workstation))
    return _ntlm(1, names, _os_version(message, flags, 32))


def _challenge(message: bytes) -> Ntlm:
    # MS-NLMP 2.2.1.2
    flags = _U32(message, 20)[0] if len(message) >= 24 else 0
    names = []
    if target := _text(message, 12, unicode=bool(flags & _UNICODE)):
        names.append(("target", target))
    pairs = _bytes(message, 40)
    at = 0
    for _ in range(PAIRS_LIMIT):
        if at + 4 > len(pairs):
            break
        kind, length = _U16_U16(pairs, at)
        at += 4
        if kind == 0:
            break
        if (name := _PAIRS.get(kind)) and (text := _utf16(pairs[at : at + length])):
            names.append((name, text))
        at += length
    return _ntlm(2, names, _os_version(message, flags, 48))


def _authenticate(message: bytes) -> Ntlm:
    # MS-NLMP 2.2.1.3
    flags = _U32(message, 60)[0] if len(message) >= 64 else _UNICODE
    unicode = bool(flags & _UNICODE)
    names = []
    if domain := _text(message, 28, unicode=unicode):
        names.append(("domain", domain))
    if workstation := _text(message, 44, unicode=unicode):
        names.append(("workstation", workstation))
    user = len(message) >= 44 and _FIELD(message, 36)[0] > 0 and not flags & _ANONYMOUS
    answer = _FIELD(message, 20)[0] if len(message) >= 28 else 0
    return Ntlm(
        kind=_KINDS[3],
        names=tuple(names),
        os_version=_os_version(message, flags, 64),
        user=user,
        version_1=answer == _NTLM_V1_RESPONSE_BYTES,
    )


def _ntlm(kind: int, names: list[tuple[str, str]], os_version: str) -> Ntlm:
    return Ntlm(kind=_KINDS[kind], names=tuple(names), os_version=os_version, user=False, version_1=False)


def _bytes(message: bytes, at: int) -> bytes:
    if len(message) < at + 8:
        return b""
    length, _, offset = _FIELD(message, at)
    return message[offset : offset + length]


def _text(message: bytes, at: int, *, unicode: bool) -> str:
    data = _bytes(message, at)[:NAME_LIMIT_BYTES]
    return _utf16(data) if unicode else printable_text(data.decode("ascii", "replace"))


def _utf16(data: bytes) -> str:
    return printable_text(data[:NAME_LIMIT_BYTES].decode("utf-16-le", "replace"))


def _os_version(message: bytes, flags: int, at: int) -> str:
    # MS-NLMP 2.2.2.10: one byte major, one byte minor, two bytes build.
    if not flags & _VERSION or len(message) < at + 8 or message[at] == 0:
        return ""
    return f"{message[at]}.{message[at + 1]}.{int.from_bytes(message[at + 2 : at + 4], 'little')}"
