"""SMB1 (MS-CIFS, MS-SMB): one whole message in, what it negotiates, who signs in and which share is opened out."""

from __future__ import annotations

from struct import Struct
from typing import Final

from asepsis.protocols.masking import printable, printable_text
from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.ntlm import find_ntlm
from asepsis.protocols.smb_messages import (
    MORE_PROCESSING_REQUIRED,
    PROTOCOL,
    SIGNING_ENABLED,
    SIGNING_OFF,
    SIGNING_REQUIRED,
    SmbNegotiate,
    SmbSession,
    SmbTree,
    guid_text,
    share_text,
)

# MS-CIFS 2.2.3.1: the header; then one byte that counts words, words, two bytes that count bytes, bytes.
HEADER_BYTES: Final = 32
# MS-CIFS 2.2.2.1
NEGOTIATE: Final = 0x72
SESSION_SETUP: Final = 0x73
TREE_CONNECT: Final = 0x75

# Dialects ever defined: some twenty.
DIALECTS_LIMIT = 32
# MS-CIFS 2.2.3.4: commands are chained; SESSION_SETUP and TREE_CONNECT are the two that come together.
CHAIN_LIMIT = 3
# A name of a system, a domain or a share is under 80 signs; a path of a share under 260.
NAME_LIMIT_BYTES = 520

_REPLY = 0x80  # Flags, MS-CIFS 2.2.3.1
_UNICODE = 0x8000  # Flags2
_EXTENDED_SECURITY = 0x8000_0000  # Capabilities, MS-SMB 2.2.4.5.2.1
_ENCRYPT_PASSWORDS = 2  # SecurityMode, MS-CIFS 2.2.4.52.2
_SIGNATURES_ENABLED = 4
_SIGNATURES_REQUIRED = 8
_GUEST = 1  # Action, MS-CIFS 2.2.4.53.2

_U16 = Struct("<H").unpack_from
_U32 = Struct("<I").unpack_from


def read_smb1(data: bytes, offered: tuple[str, ...]) -> list[Result]:
    """Reads a message from its ``\\xffSMB``.

    Args:
        data: The whole message, without the session header before it.
        offered: The dialects that the client offered, of which a response names one by its place.
    """
    if len(data) < HEADER_BYTES + 3:
        return [_malformed("header", "the message ends within it")]
    command = data[4]
    status: int = _U32(data, 5)[0]
    is_response = bool(data[9] & _REPLY)
    is_unicode = bool(_U16(data, 10)[0] & _UNICODE)
    results: list[Result] = []
    at = HEADER_BYTES
    for _ in range(CHAIN_LIMIT):
        words_at = at + 1
        bytes_at = words_at + 2 * data[at]
        if bytes_at + 2 > len(data):
            results.append(_malformed("word count", "there are fewer words"))
            break
        words = data[words_at:bytes_at]
        end = min(bytes_at + 2 + _U16(data, bytes_at)[0], len(data))
        fields = _Fields(data, bytes_at + 2, end, is_unicode=is_unicode)
        if command == NEGOTIATE:
            results.append(_negotiate_response(words, fields, offered) if is_response else _negotiate_request(fields))
            break
        if command == SESSION_SETUP:
            results.append(_session_response(words, fields, status) if is_response else _session_request(words, fields))
        elif command == TREE_CONNECT:
            # A failure has no words, and says nothing.
            if words:
                results.append(_tree_response(fields) if is_response else _tree_request(words, fields))
        else:
            break
        # MS-CIFS 2.2.3.4: the first words of these commands say which follows, and where.
        if len(words) < 4:
            break
        command, following = words[0], _U16(words, 2)[0]
        if following <= at or following >= len(data):
            break
        at = following
    return results


class _Fields:
    """Takes strings from the bytes of a message, one after the other."""

    __slots__ = ("at", "data", "end", "is_aligned", "is_unicode")

    def __init__(self, data: bytes, at: int, end: int, *, is_unicode: bool) -> None:
        self.data = data
        self.at = at
        self.end = end
        self.is_unicode = is_unicode
        self.is_aligned = True
        """Whether UTF-16 begins at an even offset from the header (MS-CIFS 2.2.1.1)."""

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes, or as many as there are."""
        start = self.at
        self.at = min(start + count, self.end)
        return self.data[start : self.at]

    def string(self, *, is_unicode: bool | None = None) -> bytes | str:
        """The next string up to its null."""
        if not (self.is_unicode if is_unicode is None else is_unicode):
            stop = self.data.find(b"\0", self.at, self.end)
            stop = stop if stop >= 0 else self.end
            text = self.data[self.at : min(stop, self.at + NAME_LIMIT_BYTES)]
            self.at = min(stop + 1, self.end)
            return text
        start = self.at + (self.at & 1 if self.is_aligned else 0)
        stop = start
        # Two bytes of zero at an even distance end it; a zero byte alone is half of a sign.
        while True:
            stop = self.data.find(b"\0\0", stop, self.end)
            if stop < 0:
                # Some systems end the last string with half a null.
                stop = self.end - ((self.end - start) & 1)
                break
            if not (stop - start) & 1:
                break
            stop += 1
        self.at = min(stop + 2, self.end)
        return self.data[start : min(stop, start + NAME_LIMIT_BYTES)].decode("utf-16-le", "replace")

    def name(self) -> str:
        """The next string, printable."""
        text = self.string()
        return printable_text(text) if isinstance(text, str) else printable(text)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol=PROTOCOL, where=f"SMB1 {where}", why=why)


def _negotiate_request(fields: _Fields) -> Result:
    # MS-CIFS 2.2.4.52.1: names of dialects, each after a byte 2.
    listed = fields.take(fields.end - fields.at).split(b"\0")[:DIALECTS_LIMIT]
    dialects = tuple(printable(name[1:]) for name in listed if name[:1] == b"\x02")
    return SmbNegotiate(
        sender_is_server=False,
        version=1,
        dialects=dialects,
        signing="",
        guid="",
        names=(),
        passwords_in_clear=False,
    )


def _negotiate_response(words: bytes, fields: _Fields, offered: tuple[str, ...]) -> Result:
    if len(words) < 2:
        return _malformed("NEGOTIATE response", "it names no dialect")
    place = _U16(words, 0)[0]
    # Only NT LM 0.12 is answered by seventeen words, so it is known even if the offer was not seen.
    has_nt_form = len(words) >= 34
    chosen = offered[place] if place < len(offered) else "NT LM 0.12" if has_nt_form else ""
    signing = guid = ""
    mode = words[2] if len(words) >= 4 else _ENCRYPT_PASSWORDS
    names: list[tuple[str, str]] = []
    if has_nt_form:
        required = mode & _SIGNATURES_REQUIRED
        signing = SIGNING_REQUIRED if required else SIGNING_ENABLED if mode & _SIGNATURES_ENABLED else SIGNING_OFF
        # MS-SMB 2.2.4.5.2.1: a GUID and a token; MS-CIFS 2.2.4.52.2: a challenge, the domain, the server.
        if _U32(words, 19)[0] & _EXTENDED_SECURITY:
            guid = guid_text(fields.take(16))
        else:
            fields.take(words[33])
            # These strings are always in UTF-16 and follow the challenge without a pad (MS-CIFS 2.2.4.52.2).
            fields.is_unicode = True
            fields.is_aligned = False
            names = [(kind, name) for kind in ("domain", "server") if (name := fields.name())]
    return SmbNegotiate(
        sender_is_server=True,
        version=1,
        dialects=(chosen,) if chosen else (),
        signing=signing,
        guid=guid,
        names=tuple(names),
        passwords_in_clear=not mode & _ENCRYPT_PASSWORDS,
    )


def _session_request(words: bytes, fields: _Fields) -> Result:
    names: list[tuple[str, str]] = []
    user = in_clear = False
    ntlm = None
    if len(words) == 24:
        # MS-SMB 2.2.4.6.1: a security token.
        ntlm = find_ntlm(fields.take(_U16(words, 14)[0]))
        user = ntlm is not None and ntlm.user
    elif len(words) == 26:
        # MS-CIFS 2.2.4.53.1: two answers to the challenge, user, domain. A plain password stands in one of them.
        ansi, wide = _U16(words, 14)[0], _U16(words, 16)[0]
        fields.take(ansi + wide)
        user = bool(fields.string())
        in_clear = user and (ansi, wide) not in ((0, 0), (1, 0)) and 24 not in (ansi, wide)
        if domain := fields.name():
            names.append(("domain", domain))
    else:
        return _malformed("SESSION_SETUP request", f"there is no form of it with {len(words) // 2} words")
    names += [(kind, name) for kind in ("os", "lan_manager") if (name := fields.name())]
    return SmbSession(
        sender_is_server=False,
        version=1,
        status=0,
        names=tuple(names),
        user=user,
        guest=False,
        password_in_clear=in_clear,
        ntlm=ntlm,
    )


def _session_response(words: bytes, fields: _Fields, status: int) -> Result:
    # MS-CIFS 2.2.4.53.2 with three words, MS-SMB 2.2.4.6.2 with four, none after a failure.
    token = fields.take(_U16(words, 6)[0]) if len(words) == 8 else b""
    kinds = ("os", "lan_manager", "domain") if len(words) >= 6 else ()
    return SmbSession(
        sender_is_server=True,
        version=1,
        status=status if status != MORE_PROCESSING_REQUIRED else 0,
        names=tuple((kind, name) for kind in kinds if (name := fields.name())),
        user=False,
        guest=len(words) >= 6 and bool(words[4] & _GUEST),
        password_in_clear=False,
        ntlm=find_ntlm(token),
    )


def _tree_request(words: bytes, fields: _Fields) -> Result:
    # MS-CIFS 2.2.4.55.1: a password, then \\server\share, then the service in ASCII.
    if len(words) < 8:
        return _malformed("TREE_CONNECT request", "it has fewer than four words")
    fields.take(_U16(words, 6)[0])
    share = fields.string()
    service = fields.string(is_unicode=False)
    return SmbTree(
        sender_is_server=False,
        version=1,
        share=share_text(share if isinstance(share, str) else share.decode("ascii", "replace")),
        service=_service(service),
    )


def _tree_response(fields: _Fields) -> Result:
    return SmbTree(sender_is_server=True, version=1, share="", service=_service(fields.string(is_unicode=False)))


# MS-CIFS 2.2.4.55.1, Service.
_SERVICES = {b"A:": "disk", b"LPT1:": "printer", b"IPC": "pipe", b"COMM": "serial"}


def _service(word: bytes | str) -> str:
    return _SERVICES.get(word, "") if isinstance(word, bytes) else ""
