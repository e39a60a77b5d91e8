"""HTTP/1: who asks whom for what, how they sign in, and what must never be kept of it."""

from __future__ import annotations

from base64 import b64encode

import pytest

from asepsis.protocols.http import (
    HEAD_LIMIT_BYTES,
    PIPELINED_REQUESTS,
    START_LINE_LIMIT_BYTES,
    TITLE_WINDOW_BYTES,
    HttpPage,
    HttpStream,
)
from asepsis.protocols.http_head import HttpRequest, HttpResponse
from asepsis.protocols.message import Malformed, Result
from tests.protocols.conformance import CANARY, MALFORMED, Vector, junk, kinds
from tests.protocols.test_ntlm import AUTHENTICATE, CHALLENGE

K = CANARY.encode()

GET = (
    b"GET /studies/1.2.840.113619.2.55.3/patient/" + K + b"/report?name=" + K + b"&x=1 HTTP/1.1\r\n"
    b"Host: pacs.example:8042\r\n"
    b"User-Agent: Viewer/3.1 (Windows NT 10.0)\r\n"
    b"Cookie: session=" + K + b"\r\n"
    b"Referer: http://pacs.example/?patient=" + K + b"\r\n"
    b"Authorization: Basic " + b64encode(b"user:" + K) + b"\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: Orthanc\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: 22\r\n\r\n" + b'{"name": "' + K + b'^AB"}\n'
)
FRONT = b"GET /index.html HTTP/1.1\r\nHost: 10.0.0.9\r\n\r\n"
PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"12;note=x\r\n<html><title>Infus\r\n1a\r\nion &amp; Pump 7</title>\r\n\r\n0\r\nTrailer: " + K + b"\r\n\r\n"
)
POST = b"POST /fhir/Patient HTTP/1.1\r\nHost: ehr\r\nContent-Length: 11\r\n\r\nname=" + K
CREATED = b"HTTP/1.1 201 Created\r\nLocation: https://ehr.example:8443/Patient/" + K + b"\r\nContent-Length: 0\r\n\r\n"

VECTORS = (
    Vector(
        name="kept alive, with a body that says its length",
        provenance="RFC 9112 2.1, 6.2; RFC 9110 10.1.5, 11.6.2; RFC 7617 2",
        data=((0, GET), (1, ANSWER), (0, POST + FRONT), (1, CREATED)),
        kinds=("request", "response", "request", "create", "request", "response"),
    ),
    Vector(
        name="a front page in chunks, then another answer",
        provenance="RFC 9112 7.1",
        data=((0, FRONT + FRONT), (1, PAGE + ANSWER)),
        kinds=("request", "request", "response", "page", "response"),
    ),
    Vector(
        name="a body that ends with the connection",
        provenance="RFC 9112 6.3, rule 8; lines that end with LF alone, 2.2",
        data=(
            (0, b"GET / HTTP/1.0\n\n"),
            (1, b"HTTP/1.0 200 OK\nContent-type: text/html\n\n<TITLE\n>Lab</TITLE>HTTP/1.1 200 OK\r\n\r\n"),
        ),
        kinds=("request", "response", "page"),
    ),
    Vector(
        name="NTLM in both directions",
        provenance="MS-NTHT 2.1",
        data=(
            (0, b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM " + b64encode(AUTHENTICATE) + b"\r\n\r\n"),
            (
                1,
                b"HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM " + b64encode(CHALLENGE) + b"\r\nContent-Length: 0\r\n\r\n",
            ),
        ),
        kinds=("request", "response"),
    ),
    Vector(
        name="an upgrade ends HTTP",
        provenance="RFC 9110 7.8, 15.2.2",
        data=(
            (0, b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"),
            (1, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05" + K),
            (0, b"\x81\x85" + K),
        ),
        kinds=("request", "response"),
    ),
    Vector(
        name="what is not HTTP, then HTTP",
        provenance="RFC 9112 3",
        data=((0, b"\x00\x01" + K + b"\nGET /a HTTP/1.1\r\n\r\n"), (1, b"SSH-2.0-x\r\n")),
        kinds=(MALFORMED, "request", MALFORMED),
    ),
)

HOSTILE = {
    "empty lines before a start line": lambda size: ((0, b"\r\n" * (size // 2)),),
    "heads without a readable length": lambda size: ((1, b"HTTP/1.1 200 OK\nContent-Length: x\n\n" * (size // 36)),),
    "chunks of one byte": lambda size: (
        (1, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (size // 6)),
    ),
    "pages that begin a title again and again": lambda size: (
        (0, FRONT),
        (1, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"<title " * (size // 7)),
    ),
    "lines that almost begin": lambda size: ((0, b"\0" + b"GET HTTP/1.1 HTTP/1.\n" * (size // 21)),),
    "one line that almost begins": lambda size: ((0, b"\0" + b"GET / HTTP/1. " * (size // 14)),),
    "pipelined requests without an answer": lambda size: ((0, FRONT * (size // len(FRONT))),),
}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = HttpStream()
    results = [result for sender, data in turns for result in stream.feed(sender, data)]
    return [*results, *stream.close()]


def request(head: bytes) -> HttpRequest:
    (found,) = read((0, head))
    assert isinstance(found, HttpRequest)
    return found


def response(head: bytes) -> HttpResponse:
    (found,) = read((1, head))
    assert isinstance(found, HttpResponse)
    return found


def test_a_request_says_what_is_asked_and_by_what() -> None:
    found = request(GET)
    assert found.facts() == {
        "method": "GET",
        "version": "1.1",
        "path": "/studies/#/patient/#/report?#",
        "host": "pacs.example:8042",
        "user_agent": "Viewer/3.1 (Windows NT 10.0)",
        "authorization": "Basic",
        "credentials_in_clear": True,
        "cookie": True,
    }
    assert found.sender_is_server is False


def test_a_response_says_what_serves() -> None:
    found = response(
        b'HTTP/1.0 401 Unauthorized\r\nserver:  GoAhead-Webs \r\nWWW-AUTHENTICATE: Basic realm="IP Camera(C8, 2)"\r\n'
        b'www-authenticate: Digest qop="auth", realm="other", nonce="Basic x", Bearer\r\n'
        b"Content-Type: text/html\r\n\r\n"
    )
    assert found.facts() == {
        "status": 401,
        "version": "1.0",
        "server": "GoAhead-Webs",
        "content_type": "text/html",
        "challenges": ["Basic", "Digest", "Bearer"],
        "realm": "IP Camera(C8, 2)",
    }
    assert found.sender_is_server is True


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        (b"https://ehr.example:8443/Patient/1", "https://ehr.example:8443"),
        (b"HTTP://user:secret@10.0.0.1/x", "http://10.0.0.1"),
        (b"/login?next=/", ""),
    ],
)
def test_of_a_redirection_scheme_and_host_are_kept(location: bytes, kept: str) -> None:
    assert response(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n").location == kept


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        (b"http://user:secret@device.example/a/b?c", "/a/b?#", "device.example"),
        (b"http://device.example", "/", "device.example"),
        (b"*", "*", ""),
        (b"/a//12345/1234", "/a//#/1234", ""),
        (b"/api/0123456789abcdef/lights", "/api/#/lights", ""),
        (b"/cgi-bin/x;cat /etc/passwd|?d=1", "/cgi-bin/x;cat /etc/passwd|?#", ""),
    ],
)
def test_a_target_is_kept_without_what_may_name_somebody(target: bytes, path: str, host: str) -> None:
    found = request(b"GET " + target + b" HTTP/1.1\r\n\r\n")
    assert (found.path, found.host) == (path, host)


def test_a_tunnel_is_named_and_not_looked_into() -> None:
    results = read(
        (0, b"CONNECT me:secret@device.example:443 HTTP/1.1\r\n\r\n"),
        (1, b"HTTP/1.1 200 Connection established\r\n\r\n\x16\x03\x01"),
        (0, b"\x16\x03\x01GET / HTTP/1.1\r\n\r\n"),
    )
    assert kinds(results) == ("request", "response")
    assert results[0].facts()["path"] == "device.example:443"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("credentials", "scheme"),
    [
        (b"Bearer abc", "Bearer"),
        (b'digest username="x"', "Digest"),
        (b"c2VjcmV0LXRva2Vu", "other"),
        (b"NTLM !", "NTLM"),
        (b"Negotiate YIIG", "Negotiate"),
    ],
)
def test_of_credentials_only_a_registered_scheme_is_kept(credentials: bytes, scheme: str) -> None:
    assert request(b"GET / HTTP/1.1\r\nAuthorization: " + credentials + b"\r\n\r\n").authorization == scheme


def test_credentials_for_a_proxy_count_too() -> None:
    facts = request(b"GET / HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n").facts()
    assert facts["credentials_in_clear"] is True


def test_a_token_of_ntlm_is_read_where_it_is_wrapped() -> None:
    wrapped = b"\xa1\x82\x01\x02\x30\x81" + CHALLENGE
    found = response(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate " + b64encode(wrapped) + b"\r\n\r\n")
    assert found.ntlm is not None
    assert dict(found.ntlm.names)["dns_computer"] == "ct-1.radiology.example"


def test_an_interim_response_leaves_the_request_open() -> None:
    results = read(
        (0, b"HEAD / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n"),
        (1, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 204 None\r\n\r\n"),
    )
    assert [result.status for result in results if isinstance(result, HttpResponse)] == [100, 200, 204]


def test_a_start_line_inside_a_body_is_no_message() -> None:
    inner = b"GET /inner HTTP/1.1\r\n\r\n"
    results = read((0, b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner + FRONT))
    assert [result.path for result in results if isinstance(result, HttpRequest)] == ["/", "/index.html"]


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"the rest of a body\n",
        b"no line end\x00",
        b"HTTP/1.1 2 is no status\n",
        b"HTTP/1.1 is no status\xff",
        b"x" * 3 * START_LINE_LIMIT_BYTES,
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 1_000_000])
def test_after_a_gap_the_next_start_line_is_found(rest: bytes, piece: int) -> None:
    stream = HttpStream()
    stream.feed(1, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nxxx")
    data = rest + b"HTTP/1.1 304 Not Modified\r\nServer: x\r\n\r\n"
    results = list(stream.feed(1, data[:piece], gap=True))
    for at in range(piece, len(data), piece):
        results += stream.feed(1, data[at : at + piece])
    (found,) = results
    assert isinstance(found, HttpResponse)
    assert (found.status, found.server) == (304, "x")


def test_after_a_gap_the_next_request_is_found() -> None:
    stream = HttpStream()
    stream.feed(0, b"POST /a HTTP/1.1\r\nContent-Length: 100000\r\n\r\nxxx")
    results = stream.feed(0, b"GET HTTP/1.1\r\n a=1&b=2GET /b HTTP/1.1\r\nHost: d\r\n\r\n", gap=True)
    assert [result.path for result in results if isinstance(result, HttpRequest)] == ["/b"]


def test_a_head_that_is_cut_off_is_read_as_far_as_its_lines_are_whole() -> None:
    (found,) = read((0, b"GET / HTTP/1.1\r\nHost: device\r\nUser-Agent: Pu"))
    assert isinstance(found, HttpRequest)
    assert (found.host, found.user_agent) == ("device", "")


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\x16\x03\x01", "start line"),
        (b"HELO mail\r\n", "start line"),
        (b"GET /a b c\r\n\r\n", "start line"),
        (b"get / HTTP/1.1\r\n\r\n", "start line"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "start line"),
        (b"GET / HTTP/3.0\r\n\r\n", "start line"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 17 + b"\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunk-size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n", "chunk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 2000, "chunk"),
        (b"GET /" + b"a" * START_LINE_LIMIT_BYTES, "start line"),
        (b"GET / HTTP/1.1\r\n" + junk("headers", HEAD_LIMIT_BYTES), "header section"),
    ],
)
def test_what_breaks_the_grammar_is_malformed(data: bytes, where: str) -> None:
    found = [result for result in read((0, data)) if isinstance(result, Malformed)]
    assert [result.where for result in found] == [where]


@pytest.mark.parametrize(
    "limit",
    [START_LINE_LIMIT_BYTES - 1, START_LINE_LIMIT_BYTES, START_LINE_LIMIT_BYTES + 1, START_LINE_LIMIT_BYTES + 2],
)
def test_the_longest_start_line_is_the_same_in_any_pieces(limit: int) -> None:
    line = b"GET /" + b"a" * (limit - 15) + b" HTTP/1.1\r"
    data = line + b"\n\r\n" + FRONT
    pieces = [(0, data[at : at + 1]) for at in range(len(data))]
    assert read((0, data)) == read(*pieces)


@pytest.mark.parametrize("spare", [-1, 0, 1, 2, 3])
def test_the_longest_head_is_the_same_in_any_pieces(spare: int) -> None:
    head = b"GET / HTTP/1.1\r\nA: \r\n\r\n"
    data = head.replace(b"A: ", b"A: " + b"a" * (HEAD_LIMIT_BYTES - len(head) + spare)) + b"\n" + FRONT
    pieces = [(0, data[at : at + 7]) for at in range(0, len(data), 7)]
    whole = read((0, data))
    assert whole == read(*pieces)
    assert kinds(whole) == (("request", "request") if spare <= 0 else (MALFORMED, "request"))


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (b"GET / ", True),
        (b"GET /login.html ", True),
        (b"GET /patients/list ", False),
        (b"GET /?patient=1 ", False),
        (b"POST / ", False),
    ],
)
def test_only_the_title_of_a_front_page_is_kept(asked: bytes, kept: bool) -> None:
    results = read(
        (0, asked + b"HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Pump</title>")
    )
    assert [result.title for result in results if isinstance(result, HttpPage)] == (["Pump"] if kept else [])


@pytest.mark.parametrize(
    ("body", "titles"),
    [
        (b"<title>\n Syringe&nbsp;Pump \t 9 </title>", ["Syringe Pump 9"]),
        (b"<title>DOE^JANE</title>", []),
        (b"<title>Record &#49;&#50;&#51;&#52;&#53; open</title>", ["Record # open"]),
        (b"<title>" + b"x" * 200 + b"</title>", ["x" * 80]),
        (b"<title></title><title>late</title>", ["late"]),
        (b" " * TITLE_WINDOW_BYTES + b"<title>too far down</title>", []),
    ],
)
def test_a_title_is_short_clean_and_near_the_top(body: bytes, titles: list[str]) -> None:
    results = read((0, FRONT), (1, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body))
    assert [result.title for result in results if isinstance(result, HttpPage)] == titles


def test_a_title_under_an_encoding_is_not_looked_for() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n<title>x</title>"
    assert kinds(read((0, FRONT), (1, head))) == ("request", "response")


def test_http_2_is_named_and_left() -> None:
    results = read((0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04"), (1, b"\x00\x00\x12\x04"))
    assert [result.facts() for result in results if isinstance(result, HttpRequest)] == [
        {"method": "PRI", "version": "2.0", "path": "*"}
    ]
    assert len(results) == 1


def test_more_requests_than_are_remembered_lose_no_message() -> None:
    asked = PIPELINED_REQUESTS + 10
    results = read((0, FRONT * asked), (1, b"HTTP/1.1 304 Not Modified\r\n\r\n" * asked))
    assert kinds(results) == ("request",) * asked + ("response",) * asked


def test_a_field_is_found_however_it_is_spelled() -> None:
    for spelling in (b"host", b"HOST", b"Host", b"hOsT"):
        assert request(b"GET / HTTP/1.1\r\n" + spelling + b": device\r\n\r\n").host == "device"


@pytest.mark.parametrize(("pair", "is_default"), [(b"admin:admin", True), (b"root:", True), (b"eve:admin", False)])
def test_a_password_that_makers_deliver_is_noted_and_not_kept(pair: bytes, is_default: bool) -> None:
    facts = request(b"GET / HTTP/1.1\r\nAuthorization: basic  " + b64encode(pair) + b"\r\n\r\n").facts()
    assert facts["credentials_in_clear"] is True
    assert facts.get("default_credentials", False) is is_default
    assert pair.decode() not in str(facts)
