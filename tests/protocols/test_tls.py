"""TLS: what clients offer, what servers choose and show, and where reading ends."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.tls import (
    CHAIN_LIMIT,
    HANDSHAKE_LIMIT_BYTES,
    RECORD_LIMIT_BYTES,
    Alert,
    Certificates,
    TlsStream,
)
from asepsis.protocols.tls_cipher_suites import cipher_suite_name
from asepsis.protocols.tls_hello import ALPN_LIMIT, ClientHello, ServerHello, version_name
from tests.protocols.conformance import CANARY, MALFORMED, Vector, junk, kinds
from tests.protocols.tls_wire import (
    GREASE,
    alpn,
    certificate,
    client_hello,
    extension,
    handshake,
    record,
    records,
    server_hello,
    server_name,
    signature_algorithms,
    supported_versions,
    u16,
)

HELLO = client_hello(
    (GREASE, 0x1301, 0xC02F, 0x009C),
    (
        extension(GREASE),
        server_name(b"pump-7.ward.example"),
        alpn(b"h2", b"http/1.1"),
        supported_versions(GREASE, 0x0304, 0x0303),
        signature_algorithms(0x0403, 0x0804),
        extension(0x000A, u16(2, 0x001D)),
    ),
    session=bytes(32),
)
CHOSEN_12 = server_hello(0xC02F, (extension(0xFF01, b"\0"), alpn(b"h2"), extension(11, b"\x01\0")))
CHOSEN_13 = server_hello(0x1301, (extension(51, u16(0x001D, 1) + b"k"), extension(43, u16(0x0304))))
RETRY_RANDOM = hashlib.sha256(b"HelloRetryRequest").digest()
RETRY = server_hello(0x1301, (extension(43, u16(0x0304)),), random=RETRY_RANDOM)
CHAIN = certificate(b"0\x82der of a device", b"0\x82der of its issuer")
CCS = record(20, b"\x01")
FINISHED = record(22, b"\xe7" + bytes(39))  # encrypted: no type of handshake message
DATA = record(23, CANARY.encode() * 10)

VECTORS = (
    Vector(
        name="TLS 1.2 with both certificates",
        provenance="RFC 5246 7.3, figure 1",
        data=(
            (0, record(22, HELLO, version=0x0301)),
            (
                1,
                record(22, CHOSEN_12 + CHAIN + handshake(12, bytes(70)) + handshake(13, bytes(5)) + handshake(14, b"")),
            ),
            (0, record(22, certificate(b"0\x82der of a client") + handshake(16, bytes(33))) + CCS + FINISHED),
            (1, CCS + FINISHED + DATA),
            (0, DATA),
        ),
        kinds=("ClientHello", "ServerHello", "Certificate", "CertificateRequest", "Certificate"),
    ),
    Vector(
        name="TLS 1.3 after a second try",
        provenance="RFC 8446 4.1.4, D.4",
        data=(
            (0, record(22, HELLO)),
            (1, record(22, RETRY) + CCS),
            (0, CCS + record(22, HELLO)),
            (1, record(22, CHOSEN_13) + DATA),
            (0, DATA),
        ),
        kinds=("ClientHello", "HelloRetryRequest", "ClientHello", "ServerHello"),
    ),
    Vector(
        name="a hello and a chain over many records",
        provenance="RFC 8446 5.1",
        data=((0, records(22, HELLO, 7)), (1, records(22, CHOSEN_12 + CHAIN, 50))),
        kinds=("ClientHello", "ServerHello", "Certificate"),
    ),
    Vector(
        name="a refusal",
        provenance="RFC 8446 6.2",
        data=((0, record(22, client_hello((0x0035,), None, version=0x0301))), (1, record(21, b"\x02\x46"))),
        kinds=("ClientHello", "Alert"),
    ),
    Vector(
        name="a hello in the form of SSL 2.0",
        provenance="RFC 5246 E.2",
        data=(
            (0, u16(0x8000 | 28) + b"\x01" + u16(0x0301, 3, 0, 16) + b"\x00\x00\x35" + bytes(16)),
            (1, record(22, server_hello(0x0035, None, version=0x0301))),
        ),
        kinds=("ClientHello", "ServerHello"),
    ),
    Vector(
        name="what is not TLS",
        provenance="RFC 8446 5.1: no content type of that number",
        data=((0, b"GET / HTTP/1.1\r\n\r\n" + CANARY.encode()), (1, b"\x16\x02\x00\x00\x00")),
        kinds=(MALFORMED, MALFORMED),
    ),
)

HOSTILE = {
    "records without content": lambda size: ((0, record(22, b"") * (size // 5)),),
    "a hello of one byte a record": lambda size: ((0, records(22, handshake(1, bytes(size // 6)), 1)),),
    "hellos without end": lambda size: ((0, record(22, HELLO) * (size // (len(HELLO) + 5))),),
    "extensions without content": lambda size: (
        (0, records(22, client_hello((1,), [extension(9)] * min(size // 4, 16_000)), 16_000)),
    ),
    "certificates without content": lambda size: (
        (1, records(22, certificate(*[b""] * min(size // 3, 21_000)), 16_000)),
    ),
    "alerts without end": lambda size: ((0, record(21, b"\x01\x00") * (size // 7)),),
}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = TlsStream()
    results = [result for sender, data in turns for result in stream.feed(sender, data)]
    return [*results, *stream.close()]


def client(hello: bytes) -> ClientHello:
    (found,) = read((0, record(22, hello)))
    assert isinstance(found, ClientHello)
    return found


def server(hello: bytes) -> ServerHello:
    (found,) = read((0, record(22, hello)))
    assert isinstance(found, ServerHello)
    return found


def test_a_client_hello_says_what_is_offered() -> None:
    found = client(HELLO)
    assert found.facts() == {
        "server_name": "pump-7.ward.example",
        "versions": ["TLS 1.3", "TLS 1.2"],
        "alpn": ["h2", "http/1.1"],
        "ja4": found.ja4,
    }
    assert found.sender_is_server is False


def test_ja4_of_a_hello_is_that_of_its_lists() -> None:
    ciphers = hashlib.sha256(b"009c,1301,c02f").hexdigest()[:12]
    extensions = hashlib.sha256(b"000a,000d,002b_0403,0804").hexdigest()[:12]
    assert client(HELLO).ja4 == f"t13d0305h2_{ciphers}_{extensions}"


def test_a_hello_without_extensions_offers_its_own_version() -> None:
    found = client(client_hello((0x0035,), None, version=0x0300))
    assert found.versions == ("SSL 3.0",)
    assert found.ja4.startswith("ts3i0100")


@pytest.mark.parametrize("kind", [0xFE0D, 0xFFCE])
def test_a_hidden_server_name_is_told(kind: int) -> None:
    assert client(client_hello((1,), (extension(kind, b"x"),))).facts()["encrypted_client_hello"] is True


@pytest.mark.parametrize(
    "names", [(extension(0),), (extension(0, b"\0\0"),), (server_name(b"x", kind=1),), (server_name(b""),)]
)
def test_a_server_name_that_cannot_be_read_is_none(names: tuple[bytes, ...]) -> None:
    assert client(client_hello((1,), names)).server_name == ""


def test_a_server_name_is_made_printable() -> None:
    assert client(client_hello((1,), (server_name(b"a\0b\n\xff"),))).server_name == "a.b.\ufffd"


def test_protocols_are_bounded() -> None:
    assert len(client(client_hello((1,), (alpn(*[b"x"] * 2000),))).alpn) == ALPN_LIMIT


def test_a_server_hello_of_1_2_says_what_is_chosen() -> None:
    found = server(CHOSEN_12)
    assert found.facts() == {
        "version": "TLS 1.2",
        "cipher_suite": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "alpn": "h2",
        "ja3s": hashlib.md5(b"771,49199,65281-16-11").hexdigest(),
    }
    assert found.sender_is_server is True


def test_the_version_of_1_3_stands_in_its_extension() -> None:
    assert (server(CHOSEN_13).version, server(CHOSEN_13).cipher_suite) == ("TLS 1.3", "TLS_AES_128_GCM_SHA256")


def test_a_retry_is_no_hello() -> None:
    assert server(RETRY).kind == "HelloRetryRequest"
    assert server(CHOSEN_13).kind == "ServerHello"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0x0002, "SSL 2.0"),
        (0x0304, "TLS 1.3"),
        (0x7F1C, "TLS 1.3 draft 28"),
        (0xFB1A, "TLS 1.3 draft 26"),
        (9, "0x0009"),
    ],
)
def test_versions_have_names(number: int, name: str) -> None:
    assert version_name(number) == name


def test_certificates_are_handed_on_whole_and_shown_by_digest() -> None:
    results = read((0, record(22, HELLO)), (1, record(22, CHOSEN_12 + CHAIN)))
    found = results[2]
    assert isinstance(found, Certificates)
    assert found.certificates == (b"0\x82der of a device", b"0\x82der of its issuer")
    assert found.sender_is_server is True
    assert found.facts() == {"count": 2, "sha256": [hashlib.sha256(der).hexdigest() for der in found.certificates]}


def test_a_client_that_has_no_certificate_shows_none() -> None:
    found = read((0, record(22, HELLO) + record(22, certificate())))[1]
    assert isinstance(found, Certificates)
    assert (found.sender_is_server, found.facts()) == (False, {"count": 0})


def test_a_chain_is_cut_at_its_limit() -> None:
    found = read((0, record(22, certificate(*[b"x"] * 100))))[0]
    assert isinstance(found, Certificates)
    assert len(found.certificates) == CHAIN_LIMIT


def test_an_alert_says_who_and_why() -> None:
    found = read((1, record(22, CHOSEN_12)), (1, record(21, b"\x02\x2a")))[1]
    assert isinstance(found, Alert)
    assert (found.sender_is_server, found.facts()) == (True, {"description": "bad_certificate", "fatal": True})


def test_an_encrypted_alert_is_none() -> None:
    assert kinds(read((0, record(22, HELLO) + CCS + record(21, b"\x02\x2a")))) == ("ClientHello",)
    assert kinds(read((0, record(22, HELLO) + record(21, bytes(26))))) == ("ClientHello",)


def test_a_hello_in_the_form_of_ssl_2_names_both_versions() -> None:
    found = read(VECTORS[4].data[0])[0]  # type: ignore[arg-type]
    assert isinstance(found, ClientHello)
    assert found.facts() == {"versions": ["TLS 1.0", "SSL 2.0"]}


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\x19\x03\x03\x00\x00", "record header"),
        (b"\x16\x03\x05\x00\x00", "record header"),
        (b"\x16\x03\x03" + u16(RECORD_LIMIT_BYTES + 1), "record header"),
        (record(22, b"\x63\x00\x00\x00"), "handshake"),
        (record(22, b"\x0b" + (HANDSHAKE_LIMIT_BYTES).to_bytes(3, "big")), "handshake"),
        (record(21, b"\x03\x00"), "alert"),
        (record(22, handshake(1, bytes(20))), "ClientHello length"),
        (record(22, handshake(1, bytes(34) + b"\xff")), "ClientHello length"),
        (record(22, handshake(1, bytes(35) + b"\x00\x02\xc0\x2f\x01\x00\x00\x09abcd")), "ClientHello extensions"),
        (record(22, client_hello((1,), [b"\x00\x17\x00\x09"])), "ClientHello extensions"),
        (record(22, handshake(2, bytes(10))), "ServerHello length"),
        (record(22, server_hello(1, [b"\x00\x17\x00\x09"])), "ServerHello extensions"),
        (record(22, handshake(11, b"\x00\x00\x09\x00")), "certificate_list"),
        (record(22, handshake(11, b"\x00\x00\x04\x00\x00\x09x")), "certificate_list"),
        (u16(0x8000 | 9) + b"\x01" + u16(0x0301, 9, 9, 9), "ClientHello length"),
    ],
)
def test_what_breaks_the_format_is_malformed(data: bytes, where: str) -> None:
    (found,) = read((0, data))
    assert isinstance(found, Malformed)
    assert found.where == where


def test_after_a_gap_a_record_begins_or_nothing_is_said() -> None:
    stream = TlsStream()
    assert not stream.feed(1, b"rest of a record", gap=True)
    assert kinds(stream.feed(1, record(22, CHOSEN_12), gap=True)) == ("ServerHello",)
    assert not stream.feed(1, b"more rest", gap=True)


def test_nothing_is_read_once_data_flow() -> None:
    stream = TlsStream()
    stream.feed(0, record(22, HELLO) + DATA)
    assert not stream.feed(0, record(22, HELLO))


def test_a_chain_as_large_as_is_borne_holds_bounded_memory() -> None:
    big = certificate(bytes(HANDSHAKE_LIMIT_BYTES - 20))
    (found,) = read((1, records(22, big, 16_000)))
    assert isinstance(found, Certificates)
    assert kinds(read((1, records(22, certificate(bytes(HANDSHAKE_LIMIT_BYTES)), 16_000)))) == (MALFORMED,)
    assert kinds(read((1, junk("noise", 100_000)))) == (MALFORMED,)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0x0000, "TLS_NULL_WITH_NULL_NULL"),
        (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
        (0x1305, "TLS_AES_128_CCM_8_SHA256"),
        (0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
        (0xABCD, "0xABCD"),
    ],
)
def test_cipher_suites_have_their_registered_names(number: int, name: str) -> None:
    assert cipher_suite_name(number) == name


@pytest.mark.slow
def test_cipher_suites_are_named_as_openssl_names_them() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    listed = subprocess.run(
        ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    assert len(rows) > 50
    for number, _, name, *_ in rows:
        assert cipher_suite_name(int(number.replace(",0x", ""), 16)) == name
