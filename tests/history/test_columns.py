"""What goes into Parquet comes out of it, whatever the engine may put into a row."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.history import CONTRACT_COLUMNS, CaptureSource, History, Listing
from asepsis.history.columns import APPLICATION_BY, Rows, conversation_batch
from asepsis.history.schema import CONVERSATION_COLUMNS
from asepsis.wire.applications import application_name
from asepsis.wire.tables import CONVERSATIONS, ENDED_BY, ORIENTATION, TUNNELS
from tests.history.material import rows, set_address

NAMES = {"application_by": APPLICATION_BY, "client_by": ORIENTATION, "tunnel": TUNNELS, "ended_by": ENDED_BY}
AS_THEY_ARE = [
    name
    for name in CONVERSATION_COLUMNS
    if name in (CONVERSATIONS.names or ())
    and name not in NAMES
    and name not in ("application", "client_mac", "server_mac")
]


def expected(row: np.void) -> dict[str, object]:
    """One row in the words of the store: written here a second time, one row at a time, without Arrow."""

    def address(side: str) -> str:
        if row["ip_version"] == 4:
            return str(IPv4Address(int(row[side + "_low"]) & 0xFFFFFFFF))
        if row["ip_version"] == 6:
            return str(IPv6Address(int(row[side + "_high"]) << 64 | int(row[side + "_low"])))
        return ""

    def mac(side: str) -> str:
        number = int(row[side + "_mac"])
        return number.to_bytes(6, "big").hex(":") if number else ""

    words: dict[str, object] = {name: int(row[name]) for name in AS_THEY_ARE}
    for name, names in NAMES.items():
        words[name] = names[row[name]] if row[name] < len(names) else "other"
    words["application"] = application_name(int(row["application"]))
    for side in ("client", "server"):
        words[side + "_ip"] = address(side)
        words[side + "_mac"] = mac(side)
    return {**words, "site": "north", "capture": "aa"}


INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
UINT64 = st.integers(0, (1 << 64) - 1)
# Few different addresses, so that dictionaries have something to find, and all the awkward ones.
HALF = st.sampled_from((0, 1, 0xFE80 << 48, 0x20010DB8 << 32, (1 << 64) - 1)) | UINT64
BOUNDS = {
    "ip_version": st.sampled_from((0, 4, 6, 9)),
    "client_mac": st.integers(0, (1 << 48) - 1) | st.just(0),
    "server_mac": st.integers(0, (1 << 48) - 1) | st.just(0),
    "client_high": HALF,
    "client_low": HALF,
    "server_high": HALF,
    "server_low": HALF,
}


@st.composite
def any_rows(draw: st.DrawFn) -> Rows:
    count = draw(st.integers(1, 12))
    made = np.zeros(count, CONVERSATIONS)
    for name in CONVERSATIONS.names or ():
        kind = CONVERSATIONS[name]
        if kind.kind == "V":
            continue
        whole = INT64 if kind.kind == "i" else st.integers(0, int(np.iinfo(kind).max))
        made[name] = draw(st.lists(BOUNDS.get(name, whole), min_size=count, max_size=count))
    is_v4 = made["ip_version"] == 4
    for side in ("client", "server"):
        made[side + "_low"][is_v4] &= 0xFFFFFFFF
        made[side + "_high"][is_v4] = 0
    return made


@settings(max_examples=15, deadline=None)
@given(made=any_rows())
def test_every_row_comes_back_as_it_went_in(made: Rows) -> None:
    with TemporaryDirectory() as folder:
        history = History(Path(folder))
        with history.writer(site="north", capture="aa") as writer:
            writer.conversations(made)
            writer.commit(CaptureSource(path="x"))
        with history.reader() as reader:
            listing: Listing = reader.ask("conversation-details")
            found = [
                {key: value for key, value in document.items() if not key.endswith("_device")}
                for document in listing.documents()
            ]

    def order(row: dict[str, object]) -> list[str]:
        return [str(row[name]) for name in sorted(row)]

    assert sorted(found, key=order) == sorted(map(expected, made), key=order)


@settings(max_examples=200, deadline=None)
@given(made=any_rows())
def test_the_batch_says_of_each_row_what_the_row_says(made: Rows) -> None:
    assert conversation_batch(made, site="north", capture="aa").to_pylist() == [expected(row) for row in made]


def test_ipv4_and_ipv6_addresses_with_the_same_bits_stay_apart() -> None:
    made = rows(3)
    made["client_low"] = 1
    made["ip_version"] = (4, 6, 0)
    assert conversation_batch(made, site="s", capture="c").column("client_ip").to_pylist() == ["0.0.0.1", "::1", ""]


def test_a_code_without_a_name_is_never_given_a_wrong_one() -> None:
    made = rows(1)
    made["application"], made["tunnel"], made["ended_by"] = 250, 250, 250
    row = conversation_batch(made, site="s", capture="c").to_pylist()[0]
    assert (row["application"], row["tunnel"], row["ended_by"]) == ("unknown", "other", "other")


def test_the_listing_has_the_columns_of_the_contract_in_their_order(tmp_path: Path) -> None:
    history = History(tmp_path)
    with history.reader() as reader:
        assert reader.conversations().columns == CONTRACT_COLUMNS
        assert list(reader.conversations().rows()) == []
    made = rows(1)
    set_address(made, "client", "2001:db8::5")
    set_address(made, "server", "2001:db8::1")
    with history.writer(site="north", capture="aa") as writer:
        writer.conversations(made)
        writer.commit(CaptureSource(path="x"))
    with history.reader() as reader:
        listing = reader.conversations()
        assert listing.columns == CONTRACT_COLUMNS
        assert list(listing.rows()) == [
            (
                1_700_049_600_000_000_000,
                1_700_049_601_000_000_000,
                "2001:db8::5",
                40_000,
                "2001:db8::1",
                2575,
                6,
                "hl7",
                2,
                1,
                120,
                60,
                None,
                None,
                "north",
            )
        ]
