"""LDAP: domains and their controllers, and how clients sign in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.ldap import DISSECTOR, Ldap, LdapStream, read
from asepsis.protocols.message import Malformed, Result
from tests.protocols.ber_wire import ber, number, octets, sequence
from tests.protocols.captured import conversations, fields, messages
from tests.protocols.conformance import CANARY, Vector
from tests.protocols.tls_wire import client_hello, record, server_hello, server_name

USER = f"CN={CANARY},OU=Doctors,DC=ward,DC=example".encode()


def message(tag: int, *contents: bytes) -> bytes:
    """RFC 4511 4.1.1."""
    return sequence(number(1), ber(tag, *contents))


def bind(name: bytes, password: bytes) -> bytes:
    """RFC 4511 4.2, simple."""
    return message(0x60, number(3), octets(name), octets(password, 0x80))


def bind_sasl(mechanism: bytes, token: bytes) -> bytes:
    """RFC 4511 4.2, SASL."""
    return message(0x60, number(3), octets(b""), ber(0xA3, octets(mechanism), octets(token)))


def result(tag: int, code: int) -> bytes:
    """RFC 4511 4.1.9."""
    return message(tag, number(code, 10), octets(b""), octets(f"{CANARY} not found".encode()))


def search(base: bytes, scope: int, condition: bytes, *wanted: bytes) -> bytes:
    """RFC 4511 4.5.1."""
    limits = number(0, 10) + number(0) + number(0) + ber(1, b"\0")
    return message(0x63, octets(base), number(scope, 10), limits, condition, sequence(*map(octets, wanted)))


def equal(name: bytes, said: bytes) -> bytes:
    return ber(0xA3, octets(name), octets(said))


def entry(name: bytes, **attributes: bytes) -> bytes:
    """RFC 4511 4.5.2."""
    listed = [sequence(octets(word.encode()), ber(0x31, octets(said))) for word, said in attributes.items()]
    return message(0x64, octets(name), sequence(*listed))


def label(name: bytes) -> bytes:
    return b"".join(bytes((len(part),)) + part for part in name.split(b"."))


# MS-ADTS 6.3.1.9, with the compression of RFC 1035 4.1.4: forest at 24, so that 0xC018 points to it.
NETLOGON = (
    bytes.fromhex("1700000001020304")
    + bytes(16)
    + label(b"ward.example")
    + b"\0"
    + b"\xc0\x18"
    + b"\x03dc1\xc0\x18"
    + b"\x04WARD\0"
    + b"\x03DC1\0"
    + bytes((len(CANARY),))
    + CANARY.encode()
    + b"\0"
    + b"\x04Main\0"
    + b"\x04Main\0"
    + b"\x05\0\0\0\xff\xff\xff\xff"
)
ROOT = entry(
    b"",
    currentTime=b"20260101120000.0Z",
    defaultNamingContext=b"DC=ward,DC=example",
    dnsHostName=b"dc1.ward.example",
    ldapServiceName=b"ward.example:dc1$@WARD.EXAMPLE",
    serverName=b"CN=DC1,CN=Servers,CN=Main,CN=Sites",
    domainControllerFunctionality=b"7",
    forestFunctionality=b"4",
)
ASK_ROOT = search(b"", 0, octets(b"objectClass", 0x87), b"dnsHostName")
PING = search(
    b"",
    0,
    ber(
        0xA0,
        equal(b"DnsDomain", b"ward.example."),
        equal(b"Host", b"CT-1"),
        equal(b"User", CANARY.encode()),
        equal(b"NtVer", b"\x16\0\0\0"),
    ),
    b"Netlogon",
)
# MS-NLMP 2.2.1.1 with the workstation's name.
NTLM = b"NTLMSSP\0\x01\0\0\0" + (0x2000).to_bytes(4, "little") + bytes(8) + b"\x04\0\x04\0\x20\0\0\0" + b"CT-1"
START_TLS = message(0x77, octets(b"1.3.6.1.4.1.1466.20037", 0x80))
PLAIN = bind_sasl(b"PLAIN", f"\0{CANARY}\0{CANARY}".encode())

VECTORS = [
    Vector(name="bind", provenance="RFC 4511 4.2", data=((0, bind(USER, CANARY.encode())),), kinds=("bindRequest",)),
    Vector(name="plain", provenance="RFC 4511 4.2, RFC 4616", data=((0, PLAIN),), kinds=("bindRequest",)),
    Vector(
        name="secret-for-a-mechanism",
        provenance="RFC 4422 3.1: at most twenty capitals, digits, hyphens and underscores",
        data=((0, bind_sasl(f"{CANARY} is my password".encode(), b"")),),
        kinds=("bindRequest",),
    ),
    Vector(
        name="ntlm",
        provenance="RFC 4511 4.2, MS-NLMP 2.2.1.1",
        data=((0, bind_sasl(b"GSS-SPNEGO", NTLM)), (1, result(0x61, 14))),
        kinds=("bindRequest", "bindResponse"),
    ),
    Vector(
        name="root",
        provenance="RFC 4512 5.1, MS-ADTS 3.1.1.3.2",
        data=((0, ASK_ROOT), (1, ROOT + result(0x65, 0))),
        kinds=("searchRequest", "searchResEntry", "searchResDone"),
    ),
    Vector(
        name="people",
        provenance="RFC 4511 4.5: of people nothing is kept",
        data=(
            (0, search(b"DC=ward,DC=example", 2, equal(b"cn", CANARY.encode()), b"mail")),
            (1, entry(USER, mail=f"{CANARY}@ward.example".encode(), dnsHostName=CANARY.encode())),
        ),
        kinds=("searchRequest", "searchResEntry"),
    ),
    Vector(
        name="start-tls",
        provenance="RFC 4511 4.14",
        data=(
            (0, START_TLS),
            (1, result(0x78, 0)),
            (0, record(22, client_hello((0x1301,), (server_name(b"dc1.ward.example"),)))),
            (1, record(22, server_hello(0xC030, ()))),
        ),
        kinds=("extendedReq", "extendedResp", "ClientHello", "ServerHello"),
    ),
    Vector(name="ping", provenance="MS-ADTS 6.3.3", data=PING, kinds=("searchRequest",)),
    Vector(
        name="pong",
        provenance="MS-ADTS 6.3.1.9",
        data=entry(b"", Netlogon=NETLOGON) + result(0x65, 0),
        kinds=("searchResEntry", "searchResDone"),
    ),
]

HOSTILE = {
    "attributes": lambda size: entry(b"", **{f"a{one}": b"x" for one in range(size // 12)}),
    "pointers": lambda size: entry(b"", Netlogon=NETLOGON[:24] + b"\xc0\x18" * (size // 2)),
}


def one(payload: bytes) -> Ldap:
    found = read(payload)[0]
    assert isinstance(found, Ldap)
    return found


def test_a_password_in_clear_is_told_and_not_kept() -> None:
    assert one(bind(USER, b"secret")).facts() == {"mechanism": "simple", "password": True}
    assert one(bind(b"", b"")).facts() == {"mechanism": "anonymous"}
    assert one(PLAIN).facts() == {"mechanism": "PLAIN", "password": True}
    assert one(START_TLS).facts() == {"start_tls": True}


def test_a_client_that_looks_for_a_controller_names_itself_and_its_domain() -> None:
    assert one(PING).facts() == {"root": True, "ping": True, "dns_domain": "ward.example", "workstation": "CT-1"}


def test_a_controller_answers_with_its_names() -> None:
    assert one(entry(b"", Netlogon=NETLOGON)).facts() == {
        "root": True,
        "ping": True,
        "forest": "ward.example",
        "dns_domain": "ward.example",
        "dns_host": "dc1.ward.example",
        "netbios_domain": "WARD",
        "netbios_computer": "DC1",
        "site": "Main",
        "client_site": "Main",
    }


def test_the_root_entry_tells_the_servers_name_and_system() -> None:
    assert one(ROOT).facts() == {
        "root": True,
        "naming_context": "DC=ward,DC=example",
        "dns_host": "dc1.ward.example",
        "ldap_service": "dc1$@WARD.EXAMPLE",
        "server": "DC1",
        "controller_level": "Windows Server 2016",
        "forest_level": "Windows Server 2008 R2",
    }


def test_ntlm_in_a_bind_names_the_workstation() -> None:
    ntlm = one(bind_sasl(b"GSS-SPNEGO", NTLM)).ntlm
    assert ntlm is not None
    assert ntlm.names == (("workstation", "CT-1"),)


@pytest.mark.parametrize("long_form", [b"\x30\x84\x00\x00\x00\x07", b"\x30\x07"])
def test_both_forms_of_length_are_read(long_form: bytes) -> None:
    assert LdapStream().feed(0, long_form + b"\x02\x01\x05\x42\x00\x05\x00")[0] == one(message(0x42))


def test_sealed_bytes_after_a_sign_in_are_no_fault() -> None:
    stream = LdapStream()
    assert len(stream.feed(1, result(0x61, 0))) == 1
    assert stream.feed(0, b"\x00\x00\x01\x00sealed") == []
    assert LdapStream().feed(0, b"\x00\x00\x01\x00sealed") == [
        Malformed(protocol="ldap", where="LDAPMessage", why="it does not begin with a SEQUENCE")
    ]


def test_long_messages_are_stepped_over() -> None:
    stream = LdapStream()
    photograph = entry(USER, jpegPhoto=bytes(100_000))
    results: list[Result] = []
    for start in range(0, len(photograph), 1000):
        results += stream.feed(1, photograph[start : start + 1000])
    results += stream.feed(1, ROOT)
    assert results == [one(ROOT)]


@pytest.mark.slow
def test_real_captures_give_the_operations_of_tshark(archive: Callable[[str], Path]) -> None:
    capture = archive("ndpi") / "log4j-webapp-exploit.pcap"
    ours = [
        found
        for segments in conversations(capture).values()
        if segments[0][1][:1] == b"0"
        for found in messages(DISSECTOR, segments)
        if isinstance(found, Ldap)
    ]
    theirs = fields(capture, "ldap", "ldap.protocolOp", options=("-d", "tcp.port==1389,ldap"))
    assert len(ours) == sum(len(row[0]) for row in theirs) == 12
