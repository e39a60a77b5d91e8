"""SMB in all versions: what is negotiated, who signs in from where, which share is opened; never a user or a file."""

from __future__ import annotations

import struct

import pytest

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.smb import MESSAGE_LIMIT_BYTES, SmbStream
from asepsis.protocols.smb_messages import NetbiosSession, SmbNegotiate, SmbSession, SmbTree, guid_text
from tests.protocols.conformance import CANARY, MALFORMED, Vector, kinds
from tests.protocols.test_ntlm import AUTHENTICATE, CHALLENGE, NEGOTIATE

GUID = bytes.fromhex("3a469d47620d584ea2d29a4727a4af0a")
GUID_TEXT = "479d463a-0d62-4e58-a2d2-9a4727a4af0a"
LOGON_FAILURE = 0xC000006D
MORE_PROCESSING = 0xC0000016
UNICODE = 0x8000
EXTENDED_SECURITY = 0x8000_0000


def session(message: bytes, kind: int = 0) -> bytes:
    """RFC 1002 4.3.1."""
    return bytes((kind,)) + len(message).to_bytes(3, "big") + message


def netbios_name(name: bytes, suffix: int) -> bytes:
    """RFC 1001 14.1."""
    padded = name.ljust(15) + bytes((suffix,))
    return b" " + bytes(0x41 + half for octet in padded for half in (octet >> 4, octet & 15)) + b"\0"


def smb1(command: int, words: bytes, content: bytes, *, reply: bool = False, flags2: int = 0, status: int = 0) -> bytes:
    """MS-CIFS 2.2.3."""
    header = b"\xffSMB" + bytes((command,)) + struct.pack("<IBH", status, 0x80 if reply else 0, flags2) + bytes(20)
    return session(header + bytes((len(words) // 2,)) + words + struct.pack("<H", len(content)) + content)


def utf16(*texts: str) -> bytes:
    return b"".join(text.encode("utf-16-le") + b"\0\0" for text in texts)


ANDX_END = b"\xff\0\0\0"
OFFER_1 = smb1(0x72, b"", b"\x02PC NETWORK PROGRAM 1.0\0\x02NT LM 0.12\0\x02SMB 2.???\0")


def chosen_1(*, mode: int, capabilities: int, content: bytes, challenge_bytes: int = 0) -> bytes:
    """MS-CIFS 2.2.4.52.2: seventeen words."""
    words = struct.pack("<HBHHIIII", 1, mode, 50, 1, 16644, 65536, 0, capabilities)
    words += bytes(8) + struct.pack("<hB", 0, challenge_bytes)
    return smb1(0x72, words, content, reply=True, flags2=UNICODE)


CHOSEN_1 = chosen_1(mode=0x0F, capabilities=EXTENDED_SECURITY, content=GUID + b"\x60token")
CHOSEN_1_OLD = chosen_1(mode=0x03, capabilities=0, content=b"8bytes!!" + utf16("WARD", "XRAY-NT"), challenge_bytes=8)
CHOSEN_1_PLAIN = chosen_1(mode=0x01, capabilities=0, content=utf16("WARD"))


def setup_1(token: bytes, *names: str) -> bytes:
    """MS-SMB 2.2.4.6.1: twelve words and a token."""
    words = ANDX_END + struct.pack("<HHHIHII", 16644, 50, 0, 0, len(token), 0, EXTENDED_SECURITY)
    pad = b"" if (32 + 1 + 24 + 2 + len(token)) % 2 == 0 else b"\0"
    return smb1(0x73, words, token + pad + utf16(*names), flags2=UNICODE)


def setup_1_answer(token: bytes, *names: str, status: int = 0, action: int = 0) -> bytes:
    """MS-SMB 2.2.4.6.2: four words and a token."""
    words = ANDX_END + struct.pack("<HH", action, len(token))
    pad = b"" if (32 + 1 + 8 + 2 + len(token)) % 2 == 0 else b"\0"
    return smb1(0x73, words, token + pad + utf16(*names), reply=True, flags2=UNICODE, status=status)


def setup_1_old(ansi: bytes, wide: bytes, tree: bytes = b"") -> bytes:
    """MS-CIFS 2.2.4.53.1: thirteen words, both answers, user, domain; a TREE_CONNECT may be chained to it."""
    strings = f"{CANARY}\0WARD\0Windows 4.0\0Windows 4.0\0".encode()
    after = 32 + 1 + 26 + 2 + len(ansi) + len(wide) + len(strings)
    andx = struct.pack("<BBH", 0x75 if tree else 0xFF, 0, after if tree else 0)
    words = andx + struct.pack("<HHHIHHII", 16644, 50, 0, 0, len(ansi), len(wide), 0, 0)
    first = smb1(0x73, words, ansi + wide + strings)[4:]
    return session(first + tree)


def tree_1(path: bytes, service: bytes) -> bytes:
    """MS-CIFS 2.2.4.55.1, without a header, to be chained."""
    content = b"\0" + path + b"\0" + service + b"\0"
    return b"\x04" + ANDX_END + struct.pack("<HH", 0, 1) + struct.pack("<H", len(content)) + content


def smb2(command: int, body: bytes, *, response: bool = False, status: int = 0) -> bytes:
    """MS-SMB2 2.2.1."""
    header = b"\xfeSMB" + struct.pack("<HHIHHII", 64, 0, status, command, 1, int(response), 0) + bytes(40)
    return session(header + body)


def offer_2(*dialects: int, mode: int = 1) -> bytes:
    """MS-SMB2 2.2.3."""
    head = struct.pack("<HHHHI", 36, len(dialects), mode, 0, 0) + GUID + bytes(8)
    return smb2(0, head + struct.pack(f"<{len(dialects)}H", *dialects))


def chosen_2(dialect: int, *, mode: int = 3) -> bytes:
    """MS-SMB2 2.2.4."""
    return smb2(0, struct.pack("<HHHH", 65, mode, dialect, 0) + GUID + bytes(28) + bytes(12), response=True)


def setup_2(token: bytes) -> bytes:
    """MS-SMB2 2.2.5."""
    return smb2(1, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token)


def setup_2_answer(token: bytes, *, status: int = 0, flags: int = 0) -> bytes:
    """MS-SMB2 2.2.6."""
    return smb2(1, struct.pack("<HHHH", 9, flags, 72, len(token)) + token, response=True, status=status)


def tree_2(path: str) -> bytes:
    """MS-SMB2 2.2.9."""
    name = path.encode("utf-16-le")
    return smb2(3, struct.pack("<HHHH", 9, 0, 72, len(name)) + name)


TREE_2_ANSWER = smb2(3, struct.pack("<HBBIII", 16, 3, 0, 0, 0, 0), response=True)
WRITE = smb2(9, struct.pack("<HH", 49, 112) + bytes(44) + CANARY.encode() * 20)

VECTORS = (
    Vector(
        name="SMB2 from the offer to a share",
        provenance="MS-SMB2 2.2.3 to 2.2.10, 4.1",
        data=(
            (0, offer_2(0x0202, 0x0210, 0x0300, 0x0311)),
            (1, chosen_2(0x0311)),
            (0, setup_2(NEGOTIATE)),
            (1, setup_2_answer(CHALLENGE, status=MORE_PROCESSING)),
            (0, setup_2(AUTHENTICATE)),
            (1, setup_2_answer(b"", status=LOGON_FAILURE)),
            (0, tree_2(r"\\pacs-1\images$") + WRITE),
            (1, TREE_2_ANSWER),
        ),
        kinds=(
            *("NEGOTIATE request", "NEGOTIATE response"),
            *("SESSION_SETUP request", "SESSION_SETUP response") * 2,
            *("TREE_CONNECT request", "TREE_CONNECT response"),
        ),
    ),
    Vector(
        name="SMB1 with extended security",
        provenance="MS-SMB 2.2.4.5, 2.2.4.6",
        data=(
            (0, OFFER_1),
            (1, CHOSEN_1),
            (0, setup_1(b"\x60\x48" + NEGOTIATE, "Windows 2002 2600", "Windows 2002 5.1")),
            (1, setup_1_answer(CHALLENGE, "Windows 5.1", "Windows 2000 LAN Manager", status=MORE_PROCESSING)),
        ),
        kinds=("NEGOTIATE request", "NEGOTIATE response", "SESSION_SETUP request", "SESSION_SETUP response"),
    ),
    Vector(
        name="SMB1 of the old kind over NetBIOS, with a chained share",
        provenance="RFC 1002 4.3.2, 4.3.3; MS-CIFS 2.2.4.52, 2.2.4.53, 2.2.4.55, 2.2.3.4",
        data=(
            (0, session(netbios_name(b"XRAY-NT", 0x20) + netbios_name(b"CT-CONSOLE", 0), 0x81)),
            (1, b"\x82\0\0\0"),
            (0, OFFER_1),
            (1, CHOSEN_1_OLD),
            (0, setup_1_old(bytes(24), b"", tree_1(rb"\\XRAY-NT\MRN77881", b"A:"))),
            (1, smb1(0x75, ANDX_END + b"\0\0", b"A:\0NTFS\0", reply=True) + b"\x85\0\0\0"),
        ),
        kinds=(
            *("NetBIOS session request", "NEGOTIATE request", "NEGOTIATE response"),
            *("SESSION_SETUP request", "TREE_CONNECT request", "TREE_CONNECT response"),
        ),
    ),
    Vector(
        name="encrypted from the start",
        provenance="MS-SMB2 2.2.41",
        data=((0, session(b"\xfdSMB" + bytes(48) + CANARY.encode()) * 3), (1, session(b"\xfcSMB" + bytes(40)))),
        kinds=("TRANSFORM_HEADER",),
    ),
    Vector(
        name="what is not SMB, then SMB",
        provenance="RFC 1002 4.3.1",
        data=((0, b"GET / " + CANARY.encode() + OFFER_1), (1, session(b"NOT-SMB-AT-ALL" + CANARY.encode()))),
        kinds=(MALFORMED, "NEGOTIATE request", MALFORMED),
    ),
)

HOSTILE = {
    "keep-alives without end": lambda size: ((0, b"\x85\0\0\0" * (size // 4)),),
    "headers that lead nowhere": lambda size: ((0, b"\xee" + b"\0\0\0\x0c\xfeSMB" * (size // 8)),),
    "dialects without content": lambda size: ((0, smb1(0x72, b"", b"\x02\0" * (min(size, 60_000) // 2))),),
    "names of one zero byte": lambda size: ((0, setup_1(b"", "\u0100" * (min(size, 60_000) // 2))),),
}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = SmbStream()
    results = [result for sender, data in turns for result in stream.feed(sender, data)]
    return [*results, *stream.close()]


def negotiated(*turns: tuple[int, bytes]) -> SmbNegotiate:
    found = read(*turns)[-1]
    assert isinstance(found, SmbNegotiate)
    return found


def signed_in(data: bytes) -> SmbSession:
    found = read((0, data))[0]
    assert isinstance(found, SmbSession)
    return found


def opened(data: bytes) -> SmbTree:
    found = read((0, data))[-1]
    assert isinstance(found, SmbTree)
    return found


def test_an_offer_of_smb2_names_its_dialects() -> None:
    assert negotiated((0, offer_2(0x0202, 0x0311, 0x9999, mode=0))).facts() == {
        "version": 2,
        "dialects": ["SMB 2.0.2", "SMB 3.1.1", "0x9999"],
        "signing": "off",
        "guid": GUID_TEXT,
    }


@pytest.mark.parametrize(("mode", "signing"), [(0, "off"), (1, "enabled"), (2, "required"), (3, "required")])
def test_a_server_of_smb2_says_what_it_chose(mode: int, signing: str) -> None:
    found = negotiated((1, chosen_2(0x0302, mode=mode)))
    assert found.facts() == {"version": 2, "dialects": ["SMB 3.0.2"], "signing": signing, "guid": GUID_TEXT}
    assert found.sender_is_server is True


def test_an_offer_of_smb1_is_a_fact() -> None:
    found = negotiated((0, OFFER_1))
    assert found.facts() == {"version": 1, "dialects": ["PC NETWORK PROGRAM 1.0", "NT LM 0.12", "SMB 2.???"]}
    assert found.sender_is_server is False


def test_a_server_of_smb1_chooses_by_place() -> None:
    assert negotiated((0, OFFER_1), (1, CHOSEN_1)).facts() == {
        "version": 1,
        "dialects": ["NT LM 0.12"],
        "signing": "required",
        "guid": GUID_TEXT,
    }
    core = smb1(0x72, b"\0\0", b"", reply=True)
    assert negotiated((0, OFFER_1), (1, core)).dialects == ("PC NETWORK PROGRAM 1.0",)
    nothing = smb1(0x72, b"\xff\xff", b"", reply=True)
    assert negotiated((0, OFFER_1), (1, nothing)).dialects == ()


def test_the_form_of_the_answer_tells_the_dialect_when_the_offer_was_not_seen() -> None:
    assert negotiated((1, CHOSEN_1)).dialects == ("NT LM 0.12",)


def test_an_old_server_names_itself_and_its_domain() -> None:
    assert negotiated((1, CHOSEN_1_OLD)).facts() == {
        "version": 1,
        "dialects": ["NT LM 0.12"],
        "signing": "off",
        "domain": "WARD",
        "server": "XRAY-NT",
    }


def test_a_server_that_wants_plain_passwords_is_told() -> None:
    assert negotiated((1, CHOSEN_1_PLAIN)).facts()["passwords_in_clear"] is True


def test_a_sign_in_of_smb1_names_both_systems() -> None:
    request = signed_in(setup_1(NEGOTIATE, "Windows 2002 2600", "Windows 2002 5.1"))
    assert dict(request.names) == {"os": "Windows 2002 2600", "lan_manager": "Windows 2002 5.1"}
    assert request.ntlm is not None
    assert request.ntlm.kind == "NEGOTIATE"
    answer = signed_in(setup_1_answer(CHALLENGE, "Windows 5.1", "Windows 2000 LAN Manager", status=MORE_PROCESSING))
    assert answer.facts()["os"] == "Windows 5.1"
    assert answer.facts()["ntlm"]["dns_computer"] == "ct-1.radiology.example"
    assert answer.status == 0


@pytest.mark.parametrize(
    ("ansi", "wide", "in_clear"),
    [(bytes(24), b"", False), (bytes(24), bytes(60), False), (b"pass\0", b"", True), (b"\0", b"", False)],
)
def test_an_old_sign_in_tells_whether_the_password_is_plain(ansi: bytes, wide: bytes, in_clear: bool) -> None:
    found = signed_in(setup_1_old(ansi, wide))
    assert (found.user, found.password_in_clear) == (True, in_clear)
    assert dict(found.names) == {"domain": "WARD", "os": "Windows 4.0", "lan_manager": "Windows 4.0"}


def test_a_guest_is_told() -> None:
    assert signed_in(setup_1_answer(b"", "Unix", "Samba 3.0.20", action=1)).guest
    assert signed_in(setup_2_answer(b"", flags=1)).guest
    assert not signed_in(setup_2_answer(b"", flags=1, status=LOGON_FAILURE)).guest


def test_a_failure_has_its_status() -> None:
    assert signed_in(setup_2_answer(b"", status=LOGON_FAILURE)).facts() == {"version": 2, "status": "0xC000006D"}


def test_of_a_sign_in_the_machine_is_kept_and_of_the_user_nothing() -> None:
    facts = signed_in(setup_2(AUTHENTICATE)).facts()
    assert facts["user"] is True
    assert facts["ntlm"]["workstation"] == "CT-CONSOLE-1"


def test_a_share_is_kept_masked() -> None:
    assert opened(tree_2(r"\\pacs-1\images$")).share == r"\\pacs-1\images$"
    assert opened(tree_2(r"\\XRAY-0012345\mrn12345")).share == r"\\XRAY-0012345\mrn#"
    chained = opened(setup_1_old(bytes(24), b"", tree_1(rb"\\XRAY-NT\MRN77881", b"A:")))
    assert chained.facts() == {"version": 1, "share": r"\\XRAY-NT\MRN#", "service": "disk"}


def test_the_answer_says_what_kind_of_share_it_is() -> None:
    assert opened(TREE_2_ANSWER).service == "printer"
    assert opened(smb1(0x75, ANDX_END + b"\0\0", b"LPT1:\0", reply=True)).service == "printer"


def test_netbios_names_are_read_with_their_service() -> None:
    (found,) = read((0, session(netbios_name(b"XRAY-NT", 0x20) + netbios_name(b"CT-CONSOLE", 0), 0x81)))
    assert isinstance(found, NetbiosSession)
    assert found.facts() == {"called": "XRAY-NT<20>", "calling": "CT-CONSOLE<00>"}


@pytest.mark.parametrize("names", [b"", b" AB\0", b" " + b"z" * 32 + b"\0", b"\0\0"])
def test_netbios_names_that_cannot_be_read_are_none(names: bytes) -> None:
    (found,) = read((0, session(names, 0x81)))
    assert found.facts() == {}  # type: ignore[union-attr]


def test_a_guid_is_written_as_windows_writes_it() -> None:
    assert guid_text(GUID) == GUID_TEXT
    assert guid_text(bytes(16)) == guid_text(b"short") == ""


def test_bulk_is_stepped_over_without_being_held() -> None:
    stream = SmbStream()
    write = smb2(9, bytes(1_000_000))
    assert not stream.feed(0, write[:50])
    assert not stream.feed(0, write[50:500_000])
    assert not stream._sides[0].pending
    assert kinds(stream.feed(0, write[500_000:] + OFFER_1)) == ("NEGOTIATE request",)


def test_after_a_gap_the_next_message_is_found() -> None:
    stream = SmbStream()
    stream.feed(0, WRITE[:80])
    assert kinds(stream.feed(0, b"\x81\x00\xfeSMB" + CANARY.encode() + tree_2(r"\\a\b"), gap=True)) == (
        "TREE_CONNECT request",
    )


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\x01", "session header"),
        (b"\x81\x00\x40\x00", "session header"),
        (b"\x00\x00\x00\x02", "session header"),
        (session(b"HTTP/1.1 200"), "message"),
        (b"\0" + (MESSAGE_LIMIT_BYTES).to_bytes(3, "big") + b"\xffSMB\x72" + bytes(60), "message"),
        (session(b"\xffSMB\x72" + bytes(20)), "SMB1 header"),
        (session(b"\xffSMB\x72" + bytes(27) + b"\x40\0\0\0"), "SMB1 word count"),
        (smb1(0x72, b"", b"", reply=True), "SMB1 NEGOTIATE response"),
        (smb1(0x73, bytes(8), b""), "SMB1 SESSION_SETUP request"),
        (smb1(0x75, b"\xff\0", b""), "SMB1 TREE_CONNECT request"),
        (session(b"\xfeSMB" + bytes(20)), "SMB2 header"),
        (smb2(0, bytes(100)), "SMB2 StructureSize"),
    ],
)
def test_what_breaks_the_format_is_malformed(data: bytes, where: str) -> None:
    found = [result for result in read((0, data)) if isinstance(result, Malformed)]
    assert [result.where for result in found] == [where]


def test_an_error_of_smb2_says_nothing() -> None:
    assert not read((1, smb2(3, struct.pack("<HHI", 9, 0, 0), response=True, status=0xC0000022)))
