from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.advisory import Problem
from asepsis.exposure.design.mud import MUD_LIMIT_BYTES, Mud, Other, Ports, read_mud
from tests.exposure.design.mud_files import ace, among, content, mud, tcp, with_profile

ARCHIVE = Path(__file__).resolve().parents[3] / ".cache" / "shared" / "mud" / "unsw"

FILE = mud(
    [
        ace("ask", ipv4={"protocol": 17}, udp=tcp(53), **among("controller", "urn:ietf:params:mud:dns")),
        ace(
            "fetch",
            ipv4={"protocol": 6, "ietf-acldns:dst-dnsname": "Update.Maker.Example"},
            tcp=tcp(443, begun_by="from-device"),
            **with_profile(**{"name": "modern", "supported-tls-version": ["tls13"], "cipher-suite": [4865, 4866]}),
        ),
        ace("block", accept=False, ipv4={"protocol": 6, "destination-ipv4-network": "198.51.100.0/24"}),
    ],
    [
        ace(
            "images",
            ipv4={"protocol": 6},
            tcp={"destination-port": {"lower-port": 104, "upper-port": 106}},
            **among("local-networks"),
        )
    ],
)


def read(document: object) -> Mud:
    found = read_mud(json.dumps(document).encode())
    assert isinstance(found, Mud), found
    return found


def test_rules_say_who_where_and_which_way() -> None:
    found = read(FILE)
    assert not found.problems
    ask, fetch, block, images = found.rules
    assert (ask.other, ask.text, ask.other_port) == (
        Other.CONTROLLER,
        "urn:ietf:params:mud:dns",
        Ports(first=53, last=53),
    )
    assert (fetch.other, fetch.text, fetch.begun_by) == (Other.NAME, "update.maker.example", "from-device")
    assert not block.is_accepted
    assert not images.is_outbound
    assert images.other is Other.LOCAL_NETWORKS
    assert images.device_port is not None
    assert 105 in images.device_port
    assert 107 not in images.device_port


def test_a_tls_profile_is_read_with_its_rule() -> None:
    found = read(FILE)
    assert found.rules[1].profiles == ("modern",)
    assert found.profiles[0].versions == ("tls13",)
    assert found.profiles[0].cipher_suites == (4865, 4866)


def test_a_list_that_is_not_there_and_a_port_that_is_none_are_named_and_the_rest_is_read() -> None:
    broken = mud([ace("x", ipv4={"protocol": 6}, tcp=tcp(99999))], [])
    broken["ietf-mud:mud"]["from-device-policy"]["access-lists"]["access-list"].append({"name": "lost"})
    found = read(broken)
    assert len(found.rules) == 1
    assert any("lost" in problem.why for problem in found.problems)
    assert any("no range of ports" in problem.why for problem in found.problems)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff\xfe", b'{"ietf-mud:mud": 7}', b"[" * 1000])
def test_what_is_no_mud_file_is_a_problem(text: bytes) -> None:
    assert isinstance(read_mud(text), Problem)


def test_a_file_beyond_the_limit_is_a_problem() -> None:
    assert isinstance(read_mud(b" " * (MUD_LIMIT_BYTES + 1)), Problem)


def test_a_file_cut_anywhere_is_a_problem_and_no_exception() -> None:
    whole = content(FILE)
    for end in range(0, len(whole), 7):
        assert isinstance(read_mud(whole[:end]), Problem)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.integers(0, 200), JUNK)
def test_any_member_may_be_anything(place: int, junk: object) -> None:
    """One member of a good file is replaced; what comes out is a description or a problem."""
    document = json.loads(json.dumps(FILE))
    members = [(holder, key) for holder in _holders(document) for key in holder]
    holder, key = members[place % len(members)]
    holder[key] = junk
    assert isinstance(read_mud(json.dumps(document).encode()), Mud | Problem)


def _holders(document: object) -> list[dict[str, object]]:
    found = []
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found.append(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return found


@pytest.mark.skipif(not ARCHIVE.is_dir(), reason="the archive of MUD files is not unpacked")
def test_published_files_are_read_whole() -> None:
    files = sorted(ARCHIVE.glob("*.json"))
    assert len(files) >= 27
    for path in files:
        found = read_mud(path.read_bytes())
        assert isinstance(found, Mud), path
        assert not found.problems, path
        assert len(found.rules) >= 9, path
