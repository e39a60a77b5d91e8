from __future__ import annotations

from typing import Any

import pytest

from asepsis.exposure.design.declared import Declared, compare
from asepsis.exposure.design.flow import Flow, Place, Protection
from asepsis.exposure.design.mud import Mud, read_mud
from asepsis.exposure.weaknesses.weakness import Seen
from tests.exposure.design.mud_files import ace, among, content, mud, tcp


def described(outbound: list[dict[str, Any]], inbound: list[dict[str, Any]]) -> Mud:
    found = read_mud(content(mud(outbound, inbound)))
    assert isinstance(found, Mud)
    return found


def flow(
    ip: str,
    port: int,
    *,
    is_client: bool = True,
    names: tuple[str, ...] = (),
    place: Place = Place.INTERNET,
    application: str = "tls",
) -> Flow:
    seen = Seen(what="", protocol="tls", partner=ip, capture="c", packet=1, count=1, first_ns=0, last_ns=0)
    return Flow(
        is_client=is_client,
        partner_ip=ip,
        partner=ip,
        names=names,
        place=place,
        ip_protocol=6,
        port=port,
        application=application,
        protection=Protection.ENCRYPTED,
        is_answered=True,
        has_patient_data=False,
        conversations=1,
        bytes_sent=1,
        bytes_received=1,
        seen=seen,
    )


FETCH = ace(
    "fetch",
    ipv4={"protocol": 6, "ietf-acldns:dst-dnsname": "update.maker.example"},
    tcp=tcp(443, begun_by="from-device"),
)
BACK = ace(
    "back", ipv4={"protocol": 6, "ietf-acldns:src-dnsname": "update.maker.example"}, tcp=tcp(443, end="source-port")
)
IMAGES = ace("images", ipv4={"protocol": 6}, tcp=tcp(104), **among("local-networks"))
GATEWAY = ace("gateway", ipv4={"protocol": 6}, tcp=tcp(8883), **among("my-controller"))
BLOCK = ace("block", accept=False, ipv4={"protocol": 6, "destination-ipv4-network": "198.51.100.0/24"})
ANY = ace("any", ipv4={"protocol": 6})


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (flow("203.0.113.5", 443, names=("update.maker.example",)), Declared.YES),
        (flow("203.0.113.5", 443, names=("other.example",)), Declared.NO),
        (flow("203.0.113.5", 443), Declared.CANNOT_TELL),
        (flow("203.0.113.5", 8443, names=("update.maker.example",)), Declared.NO),
        (flow("10.0.0.9", 104, is_client=False, place=Place.LOCAL), Declared.YES),
        (flow("203.0.113.9", 104, is_client=False), Declared.NO),
        (flow("10.0.0.9", 22, is_client=False, place=Place.LOCAL), Declared.NO),
        (flow("10.0.0.9", 8883, place=Place.LOCAL), Declared.CANNOT_TELL),
        (flow("2001:db8::1", 443, names=("update.maker.example",)), Declared.NO),
    ],
)
def test_a_flow_is_declared_only_by_a_rule_that_fits_it(seen: Flow, wanted: Declared) -> None:
    (placed,) = compare(described([FETCH, GATEWAY], [BACK, IMAGES]), [seen]).flows
    assert placed.declared is wanted


def test_the_first_rule_that_fits_decides() -> None:
    blocked = flow("198.51.100.7", 443)
    assert compare(described([BLOCK, ANY], []), [blocked]).flows[0].declared is Declared.NO
    assert compare(described([ANY, BLOCK], []), [blocked]).flows[0].declared is Declared.YES


def test_rules_that_nothing_used_are_named_and_the_way_back_is_none_of_them() -> None:
    found = compare(
        described([FETCH, GATEWAY], [BACK, IMAGES]), [flow("203.0.113.5", 443, names=("update.maker.example",))]
    )
    assert [rule.name for rule in found.unseen] == ["gateway", "images"]
