"""Header sections of HTTP/1: bytes of one head in, a request or response and the framing of its body out.

RFC 9110 (semantics), RFC 9112 (HTTP/1.1). ``http`` finds the heads in a conversation; this module reads them.
Queries, cookies, credentials and bodies are never kept, only that they were there.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.masking import MASK_WINDOW, TEXT_LIMIT, masked, printable
from asepsis.protocols.ntlm import Ntlm, find_ntlm

# How the body that follows a head ends, where it is no count of bytes (RFC 9112 6.3).
CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2
NOT_HTTP: Final = -3
"""What follows is another protocol: a tunnel (CONNECT) or an upgrade (101)."""
UNREADABLE_LENGTH: Final = -4

# A Content-Length of more digits than this is no length (16 digits are ten petabytes).
LENGTH_DIGITS = 16
# Devices ask each other the same and answer the same again and again: one value stands for all of them, and is made
# once. 4,096 of each kind are under 8 MiB, and under 32 MiB where somebody sends paths of 4 KiB.
REMEMBERED_HEADS = 4096
# An NTLM message is some hundred bytes; with a Kerberos ticket in SPNEGO around it, up to 64 KiB is usual at most.
TOKEN_LIMIT_BYTES = 64 * 1024

_OTHER_METHOD = re.compile(rb"[A-Z][A-Z_-]{0,31}")
_STATUS = re.compile(rb"[1-9]\d\d")

# RFC 9110 9, WebDAV (RFC 4918), UPnP, and MS-RPC over HTTP, in the order of how often they come.
METHODS: Final = {
    name.encode(): name
    for name in (
        *(
            "GET",
            "POST",
            "HEAD",
            "PUT",
            "OPTIONS",
            "CONNECT",
            "DELETE",
            "PATCH",
            "TRACE",
            "PROPFIND",
            "REPORT",
            "MKCOL",
        ),
        *("PROPPATCH", "COPY", "MOVE", "LOCK", "UNLOCK"),
        *("NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "M-SEARCH", "RPC_IN_DATA", "RPC_OUT_DATA", "PRI"),
    )
}
_VERSIONS = {b"HTTP/1.1": "1.1", b"HTTP/1.0": "1.0", b"HTTP/2.0": "2.0"}

_FIELDS = frozenset(
    (
        *(b"host", b"user-agent", b"content-type", b"content-length", b"transfer-encoding", b"content-encoding"),
        *(b"authorization", b"proxy-authorization", b"cookie", b"upgrade", b"server", b"location", b"accept"),
    )
)
_CHALLENGES = frozenset((b"www-authenticate", b"proxy-authenticate"))
# Names of fields come in a few spellings each; a program that invents names must not fill the memory.
_SPELLINGS_LIMIT = 1024
_SPELLING_LIMIT_BYTES = 32


_UNSEEN = b"?"
_NAMES: dict[bytes, bytes] = {}
"""How a field name was spelled -> the name in lower case (RFC 9110 5.1), empty where nothing of it is kept.

A memo, because looking up a spelling is faster than changing its case, and this is what reading a head costs most.
"""
_name_of = _NAMES.get


def _learn(spelling: bytes) -> bytes:
    lower = spelling.lower()
    name = lower if lower in _FIELDS or lower in _CHALLENGES else b""
    if len(_NAMES) < _SPELLINGS_LIMIT and len(spelling) <= _SPELLING_LIMIT_BYTES:
        _NAMES[spelling] = name
    return name


# The IANA registry of HTTP authentication schemes, and those that devices use without a registration. A word that
# is not among them may be the secret itself, sent without a scheme, and is not kept.
_REGISTERED = (
    "Basic Bearer Concealed Digest DPoP GNAP HOBA Mutual Negotiate OAuth PrivateToken SCRAM-SHA-1 SCRAM-SHA-256 vapid "
    "NTLM Kerberos AWS4-HMAC-SHA256 ApiKey Token SharedKey WSSE"
)
_SCHEMES = {name.lower().encode(): name for name in _REGISTERED.split()}
_OTHER_SCHEME = "other"

_ABSOLUTE = re.compile(rb"(https?)://([^/?#]*)([^?#]*)", re.IGNORECASE)
# A scheme is a word followed by parameters, by a token, or by nothing; a parameter's name is followed by "=".
_CHALLENGE = re.compile(rb"(?:^|,)[ \t]*([A-Za-z0-9-]+)(?=[ \t]+[^=\s]|[ \t]*,|[ \t]*$)")
_REALM = re.compile(rb'realm[ \t]*=[ \t]*(?:"([^"]*)"|([^",\s]+))', re.IGNORECASE)

# Names and passwords that devices are delivered with, as makers' manuals and the dictionary of the Mirai worm give them
# (CWE-1392), in the form in which Basic sends them (RFC 7617 2). They are compared with, and never kept.
_DEFAULT_CREDENTIALS = frozenset(
    b2a_base64(pair, newline=False)
    for pair in (
        *(
            b"admin:admin",
            b"admin:password",
            b"admin:",
            b"admin:1234",
            b"admin:12345",
            b"admin:123456",
            b"admin:default",
        ),
        *(b"root:root", b"root:password", b"root:", b"root:admin", b"root:pass", b"user:user", b"user:password"),
        *(b"guest:guest", b"service:service", b"support:support", b"operator:operator", b"administrator:password"),
        *(b"orthanc:orthanc", b"cisco:cisco", b"ubnt:ubnt", b"pi:raspberry", b"tomcat:tomcat", b"apc:apc"),
    )
)


@value
class HttpRequest:
    """RFC 9110 3.4: what a client asks, less everything that may name a person."""

    PROTOCOL: ClassVar[str] = "http"
    kind: ClassVar[str] = "request"
    sender_is_server: ClassVar[bool | None] = False
    method: str
    """``other`` for one that is not in use."""
    version: str
    path: str
    """Without what follows ``?`` (shown as ``?#``), masked; the authority for CONNECT."""
    host: str
    user_agent: str
    content_type: str
    authorization: str
    """The scheme, ``other`` for one that nobody registered, empty without credentials."""
    cookie: bool
    upgrade: str
    ntlm: Ntlm | None
    default_credentials: bool = False
    """Name and password are a pair that devices are delivered with; which one is not kept."""

    def facts(self) -> dict[str, Any]:
        """Method, path, host, agent, content type, scheme of the credentials and whether they are in clear."""
        facts: dict[str, Any] = {"method": self.method, "version": self.version, "path": self.path}
        for name in ("host", "user_agent", "content_type", "authorization", "upgrade"):
            if text := getattr(self, name):
                facts[name] = text
        # RFC 7617 4: Basic is the password itself.
        if self.authorization == "Basic":
            facts["credentials_in_clear"] = True
        if self.default_credentials:
            facts["default_credentials"] = True
        if self.cookie:
            facts["cookie"] = True
        if self.ntlm is not None:
            facts["ntlm"] = self.ntlm.facts()
        return facts


@value
class HttpResponse:
    """RFC 9110 3.4: what a server answers."""

    PROTOCOL: ClassVar[str] = "http"
    kind: ClassVar[str] = "response"
    sender_is_server: ClassVar[bool | None] = True
    status: int
    version: str
    server: str
    content_type: str
    challenges: tuple[str, ...]
    """The schemes that the server accepts (WWW-Authenticate, Proxy-Authenticate)."""
    realm: str
    location: str
    """Scheme and authority that a redirection names: ``https://pacs.example``."""
    upgrade: str
    ntlm: Ntlm | None

    def facts(self) -> dict[str, Any]:
        """Status, server, content type, challenges, realm, target of a redirection."""
        facts: dict[str, Any] = {"status": self.status, "version": self.version}
        for name in ("server", "content_type", "realm", "location", "upgrade"):
            if text := getattr(self, name):
                facts[name] = text
        if self.challenges:
            facts["challenges"] = list(self.challenges)
        if self.ntlm is not None:
            facts["ntlm"] = self.ntlm.facts()
        return facts


Fields = dict[bytes, bytes]
"""What is kept of a head's fields, by name in lower case."""

StartLine = tuple[str, str, bytes, int]
"""Version, method, target, status: the method is empty in a status line, the status 0 in a request line."""


def read_start_line(line: bytes) -> StartLine | None:
    """Reads a line without its LF; None where it is neither a request line nor a status line (RFC 9112 3, 4)."""
    words = line.split(None, 2)
    if len(words) < 2:
        return None
    first, target = words[0], words[1]
    if version := _VERSIONS.get(first):
        return (version, "", b"", int(target)) if _STATUS.fullmatch(target) else None
    if len(words) < 3:
        return None
    last = words[2].rstrip()
    if last not in _VERSIONS:
        # A target with spaces is forbidden (RFC 9112 3.2); programs that attack send it, and servers take it.
        more, _, last = last.rpartition(b" ")
        target += b" " + more
    version = _VERSIONS.get(last)
    method = METHODS.get(first)
    if method is None and _OTHER_METHOD.fullmatch(first):
        # What is no known method may be the end of a body that was longer than it said.
        method = "other"
    return (version, method, target, 0) if version and method else None


def read_request(start: StartLine, lines: bytes) -> tuple[HttpRequest, int, bytes, Fields]:
    """Reads the field lines that follow a request line.

    Returns:
        The message, how its body is framed, the path as it came (with what must not be kept), and the fields.
    """
    fields: Fields = {}
    # RFC 9112 5.2: a continued line is obsolete; what continues is not read.
    for line in lines.split(b"\n"):
        spelling, _, content = line.partition(b":")
        name = _name_of(spelling, _UNSEEN)
        if name and (name is not _UNSEEN or (name := _learn(spelling))):
            fields[name] = content.strip()
    get = fields.get
    version, method, target, _ = start
    authority = get(b"host", b"")
    path, query, _ = target.partition(b"?")
    if path[:1] != b"/":
        path, authority = _other_form(method, path, authority)
    scheme = ""
    ntlm = None
    is_default = False
    if credentials := get(b"authorization") or get(b"proxy-authorization"):
        scheme, ntlm = _credentials(credentials)
        is_default = scheme == "Basic" and credentials.partition(b" ")[2].strip() in _DEFAULT_CREDENTIALS
    request = _request(
        *(method, version, path[:MASK_WINDOW], query != b"", authority[:TEXT_LIMIT]),
        *(get(b"user-agent", b"")[:TEXT_LIMIT], get(b"content-type", b"")[:TEXT_LIMIT]),
        *(scheme, b"cookie" in fields, get(b"upgrade", b"")[:TEXT_LIMIT], ntlm, is_default),
    )
    # RFC 9113 3.4: "PRI * HTTP/2.0" opens a connection of HTTP/2.
    return request, NOT_HTTP if version == "2.0" else _framing(fields, 0), path, fields


@lru_cache(maxsize=REMEMBERED_HEADS)
def _request(
    method: str,
    version: str,
    path: bytes,
    has_query: bool,
    host: bytes,
    user_agent: bytes,
    content_type: bytes,
    authorization: str,
    cookie: bool,
    upgrade: bytes,
    ntlm: Ntlm | None,
    default_credentials: bool,
) -> HttpRequest:
    return HttpRequest(
        method=method,
        version=version,
        path=masked(path) + "?#" if has_query else masked(path),
        host=printable(host),
        user_agent=printable(user_agent),
        content_type=printable(content_type),
        authorization=authorization,
        cookie=cookie,
        upgrade=printable(upgrade),
        ntlm=ntlm,
        default_credentials=default_credentials,
    )


def _other_form(method: str, target: bytes, authority: bytes) -> tuple[bytes, bytes]:
    # RFC 9112 3.2: absolute-form to a proxy, authority-form of CONNECT, or the asterisk of OPTIONS.
    if absolute := _ABSOLUTE.match(target):
        return absolute[3] or b"/", authority or absolute[2].rpartition(b"@")[2]
    if method == "CONNECT":
        target = target.rpartition(b"@")[2]
    return target, authority


def read_response(start: StartLine, lines: bytes) -> tuple[HttpResponse, int, bool, Fields]:
    """Reads the field lines that follow a status line.

    Returns:
        The message, how its body is framed as if it answered a GET, whether the body is HTML in clear, and the fields.
    """
    fields: Fields = {}
    challenges: list[bytes] = []
    for line in lines.split(b"\n"):
        spelling, _, content = line.partition(b":")
        name = _name_of(spelling, _UNSEEN)
        if name and (name is not _UNSEEN or (name := _learn(spelling))):
            if name in _CHALLENGES:
                challenges.append(content.strip())
            else:
                fields[name] = content.strip()
    get = fields.get
    schemes: tuple[str, ...] = ()
    realm = location = b""
    ntlm = None
    if challenges:
        schemes, realm, ntlm = _challenges(challenges)
    if absolute := b"location" in fields and _ABSOLUTE.match(fields[b"location"]):
        location = absolute[1].lower() + b"://" + absolute[2].rpartition(b"@")[2]
    version, _, _, status = start
    content_type = get(b"content-type", b"")
    response = _response(
        *(version, status, get(b"server", b"")[:TEXT_LIMIT], content_type[:TEXT_LIMIT], schemes, realm[:TEXT_LIMIT]),
        *(location[:TEXT_LIMIT], get(b"upgrade", b"")[:TEXT_LIMIT], ntlm),
    )
    # RFC 9112 6.3: no body follows these; 101 hands the connection over (RFC 9110 15.2.2).
    if status < 200 or status in (204, 304):
        return response, NOT_HTTP if status == 101 else 0, False, fields
    is_html = content_type[:9].lower() == b"text/html" and b"content-encoding" not in fields
    return response, _framing(fields, UNTIL_CLOSE), is_html, fields


@lru_cache(maxsize=REMEMBERED_HEADS)
def _response(
    version: str,
    status: int,
    server: bytes,
    content_type: bytes,
    challenges: tuple[str, ...],
    realm: bytes,
    location: bytes,
    upgrade: bytes,
    ntlm: Ntlm | None,
) -> HttpResponse:
    return HttpResponse(
        status=status,
        version=version,
        server=printable(server),
        content_type=printable(content_type),
        challenges=challenges,
        realm=printable(realm),
        location=printable(location),
        upgrade=printable(upgrade),
        ntlm=ntlm,
    )


def _framing(fields: dict[bytes, bytes], otherwise: int) -> int:
    # RFC 9112 6.3: Transfer-Encoding overrides Content-Length.
    if b"transfer-encoding" in fields and fields[b"transfer-encoding"].lower().endswith(b"chunked"):
        return CHUNKED
    length = fields.get(b"content-length")
    if length is None:
        return otherwise
    return int(length) if length.isdigit() and len(length) <= LENGTH_DIGITS else UNREADABLE_LENGTH


def _credentials(credentials: bytes) -> tuple[str, Ntlm | None]:
    scheme, _, token = credentials.partition(b" ")
    return _SCHEMES.get(scheme.lower(), _OTHER_SCHEME), _token(token)


def _challenges(challenges: list[bytes]) -> tuple[tuple[str, ...], bytes, Ntlm | None]:
    schemes: dict[str, None] = {}
    realm = b""
    ntlm = None
    for challenge in challenges:
        for word in _CHALLENGE.findall(challenge):
            if scheme := _SCHEMES.get(word.lower()):
                schemes[scheme] = None
        if not realm and (named := _REALM.search(challenge)):
            realm = named[1] or named[2] or b""
        ntlm = ntlm or _token(challenge.partition(b" ")[2])
    return tuple(schemes), realm, ntlm


def _token(token: bytes) -> Ntlm | None:
    # MS-NTHT 2.1, RFC 4559 4: the token of NTLM and Negotiate is base64. "TlRMTVNT" is the start of an NTLM message,
    # "YI" and "oY" the start of an SPNEGO token around one.
    if not token.startswith((b"TlRMTVNT", b"YI", b"oY", b"YH", b"oI", b"oX")):
        return None
    try:
        return find_ntlm(a2b_base64(token[:TOKEN_LIMIT_BYTES]))
    except Base64Error:
        return None
