from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asepsis.devices.device import Device
from asepsis.exposure.demonstration import demonstration
from asepsis.exposure.difference import changes
from asepsis.exposure.feeds.reading import Document
from asepsis.exposure.finding import Finding
from asepsis.exposure.identity import Identity, identity_of
from asepsis.exposure.matching.match import Matcher
from asepsis.pipeline.feeds import Feeds
from asepsis.pipeline.judged import Judge, Judged, changed, judging
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.devices.ward import arp, observed
from tests.exposure.documents import csaf

MAKERS = ("Acme Medical", "Zephyrian", "Hillrom and Welch Allyn, Baxter International Inc.", "Philips")
NAMES = ("Fluxon", "Fluxon Gateway", "Vortan CT580", "Vortan Monitor", "Loriq 8015")
RANGES = ("vers:all/*", "< 2", "<= 3.1", "4", ">= 2 | < 5")
OF_DEVICES = ("Acme", "Zephyrion", "Baxter", "Phillips", "Welch Allyn", "Nobody", "")

SERIALS = ((), (), ("AB-12*",), ("AB-1234567", "AB-9?34567"))
UDI = "10887787000259"
DESCRIPTION = f"Fluxon pump, model FX-300. UDI-DI {UDI}"

# (maker, name, range, serial numbers that the helper lists)
products = st.tuples(st.sampled_from(MAKERS), st.sampled_from(NAMES), st.sampled_from(RANGES), st.sampled_from(SERIALS))
identities = st.builds(
    Identity,
    vendor=st.sampled_from(OF_DEVICES),
    model=st.sampled_from((*NAMES, "Fluxno", "Vortan", "")),
    version=st.sampled_from(("1", "3.1", "4", "6", "")),
    serial=st.sampled_from(("", "AB-1234567", "AB-9934567", "AB-8888888")),
    udi=st.sampled_from(("", f"(01){UDI}", "(01)20887787000256")),
)
# (number of the advisory, its revision's products), (number of the device, what it is now) or whom a recall is from.
steps = st.lists(
    st.one_of(
        st.tuples(st.just("advisory"), st.integers(0, 3), st.lists(products, min_size=1, max_size=3)),
        st.tuples(st.just("device"), st.integers(0, 5), identities),
        st.tuples(st.just("recall"), st.just(0), st.sampled_from(MAKERS)),
    ),
    min_size=1,
    max_size=8,
)


def device(number: int, identity: Identity) -> Device:
    return Device(
        id=f"d-{number}",
        site="here",
        macs=(),
        ips=(),
        names=(),
        category=None,
        vendor=identity.vendor or None,
        model=identity.model or None,
        os=None,
        firmware=identity.version or None,
        serial=identity.serial or None,
        udi=identity.udi or None,
        role=None,
        first_seen_ns=0,
        last_seen_ns=0,
        confidence={},
        evidence=(),
    )


def take(
    feeds: Feeds,
    folder: Path,
    number: int,
    revision: int,
    told: Sequence[tuple[str, str, str, tuple[str, ...]]],
    taken: Callable[[Document], object] = lambda _: None,
) -> None:
    plain = [(maker, name, versions) for maker, name, versions, _ in told]
    document = csaf(plain, number=f"T-{number}", version=str(revision), current_release_date="2026-01-02T00:00:00Z")
    serials = {f"P{place}": list(listed) for place, (_, _, _, listed) in enumerate(told)}
    for maker in document["product_tree"]["branches"]:
        for branch in maker["branches"]:
            product = branch["branches"][0]["product"]
            if serials[product["product_id"]]:
                product["product_identification_helper"] = {"serial_numbers": serials[product["product_id"]]}
    (folder / f"{number}.json").write_text(json.dumps(document))
    feeds.update(folder, revision, taken=taken)


def take_recall(
    feeds: Feeds, folder: Path, revision: int, maker: str, taken: Callable[[Document], object] = lambda _: None
) -> None:
    row = {
        "product_res_number": "Z-1-2026",
        "recalling_firm": maker,
        "product_description": DESCRIPTION,
        "code_info": "All units",
        "reason_for_recall": "The alarm is silent.",
        "recall_status": "Open, Classified",
    }
    document = {"meta": {"last_updated": f"2026-01-{revision:02}"}, "results": [row]}
    (folder / "recalls.json").write_text(json.dumps(document))
    feeds.update(folder, revision, taken=taken)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_after_any_updates_the_answers_are_those_of_looking_at_everything_anew(
    steps: list[tuple[str, int, Any]], tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "w", ignore_errors=True)
    folder = tmp_path / "w" / "documents"
    folder.mkdir(parents=True)
    devices: dict[int, Device] = {
        number: device(number, Identity(vendor="Acme", model="Fluxon", version="3")) for number in range(2)
    }

    def anew(feeds: Feeds) -> list[Finding]:
        return list(Matcher([*demonstration(), *feeds.advisories()]).findings(devices.values()))

    with Feeds.open(tmp_path / "w" / "feeds.sqlite") as feeds:
        for revision, (what, number, now) in enumerate(steps, start=1):
            # Each step is a run of its own, as on a command line: what it knows of earlier ones stands in the file.
            with Judged.open(tmp_path / "w" / "judged.sqlite") as judged:
                before, earlier = Judge(judged.cards(feeds), judged), anew(feeds)
                if what == "device":
                    devices[number] = device(number, now)
                    earlier = anew(feeds)
                elif what == "recall":
                    with judged.taking(revision) as taken:
                        take_recall(feeds, folder, revision, now, taken)
                else:
                    with judged.taking(revision) as taken:
                        take(feeds, folder, number, revision, now, taken)
                after = Judge(judged.cards(feeds), judged)
                told = [(one.id, identity_of(one)) for one in devices.values()]
                assert changed(before, after, told) == changes(earlier, anew(feeds))
                assert list(after.findings(devices.values())) == anew(feeds)
                after.keep()
                judged.tidy(feeds)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "workspace").create()
    folder = tmp_path / "documents"
    folder.mkdir()
    with Feeds.open(made.feeds_path) as feeds:
        for number, maker in enumerate(MAKERS):
            take(feeds, folder, number, 1, [(maker, "Fluxon", "< 2", ())])
    return made


def test_what_was_judged_once_is_not_judged_again(workspace: Workspace) -> None:
    pump = Identity(vendor="Acme", model="Fluxon", version="1")
    with judging(workspace) as (judge, cards):
        first = judge.verdicts(pump)
        assert len(cards) == len(demonstration()) + len(MAKERS)
    assert first
    # A body that no matcher would write shows that the second run did not ask one.
    with closing(sqlite3.connect(workspace.judged_path, isolation_level=None)) as file:
        file.execute("UPDATE verdicts SET body = ''")
    with judging(workspace) as (judge, _):
        assert judge.verdicts(pump) == ()


def test_a_verdict_that_was_lost_is_worked_out_again(workspace: Workspace) -> None:
    pump = Identity(vendor="Acme", model="Fluxon", version="1")
    with judging(workspace) as (judge, _):
        first = judge.verdicts(pump)
    with closing(sqlite3.connect(workspace.judged_path, isolation_level=None)) as file:
        file.execute("DELETE FROM said")
    for _ in range(2):
        with judging(workspace) as (judge, _):
            assert judge.verdicts(pump) == first


def test_a_document_is_not_read_again_after_it_was_taken_in(tmp_path: Path) -> None:
    made = Workspace(tmp_path / "workspace").create()
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "0.json").write_text(json.dumps(csaf([("Acme Medical", "Fluxon", "< 2")])))
    with Feeds.open(made.feeds_path) as feeds, Judged.open(made.judged_path) as judged:
        with judged.taking(1) as taken:
            feeds.update(folder, 1, taken=taken)
        (held,) = feeds.advisories()
        # What is held can no longer be read, so whoever tried would have nothing.
        with closing(sqlite3.connect(made.feeds_path, isolation_level=None)) as file:
            file.execute("UPDATE documents SET content = x'00'")
        *_, card = judged.cards(feeds)
        assert card.read() == held


def test_another_program_judges_anew(workspace: Workspace) -> None:
    pump = Identity(vendor="Acme", model="Fluxon", version="1")
    with judging(workspace) as (judge, _):
        first = judge.verdicts(pump)
    with closing(sqlite3.connect(workspace.judged_path, isolation_level=None)) as file:
        file.execute("UPDATE verdicts SET body = ''")
        file.execute("UPDATE program SET digest = 'another'")
    with judging(workspace) as (judge, _):
        assert judge.verdicts(pump) == first


def test_short_forms_of_documents_that_went_are_forgotten(workspace: Workspace, tmp_path: Path) -> None:
    with judging(workspace):
        pass
    with Feeds.open(workspace.feeds_path) as feeds:
        take(feeds, tmp_path / "documents", 0, 2, [("Acme Medical", "Fluxon", "< 3", ())])
    with judging(workspace) as (judge, _):
        (found,) = judge.verdicts(Identity(vendor="Acme", model="Fluxon", version="2"))
        assert found.version == "< 3"
    with closing(sqlite3.connect(workspace.judged_path, isolation_level=None)) as file:
        assert file.execute("SELECT count(*) FROM advisories").fetchone() == (len(MAKERS),)


def test_a_file_that_is_no_database_is_done_without(workspace: Workspace) -> None:
    workspace.judged_path.write_bytes(b"no database at all, and longer than the head of one would be" * 10)
    with judging(workspace) as (judge, _):
        assert judge.verdicts(Identity(vendor="Acme", model="Fluxon", version="1"))


def test_identities_are_those_of_the_devices_with_what_people_set(tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.sqlite") as registry:
        registry.merge(observed(*(arp(f"00:09:5c:00:00:0{n}", f"10.0.0.{n}") for n in range(1, 5))))
        first, second, *_ = registry.devices()
        registry.override(first.id, "vendor", "Acme", "someone")
        registry.override(first.id, "firmware", "2.1", "someone")
        registry.override(second.id, "name", "pump", "someone")
        registry.override(second.id, "serial", "AB-1", "someone")
        registry.override(second.id, "udi", "(01)10887787000259", "someone")
        assert registry.identities() == [(one.id, identity_of(one)) for one in registry.devices()]


def test_units_are_told_apart_from_run_to_run_where_an_advisory_names_serial_numbers(
    workspace: Workspace, tmp_path: Path
) -> None:
    def told(serial: str) -> list[str]:
        with judging(workspace) as (judge, _):
            pump = Identity(vendor="Acme", model="Fluxon", version="1", serial=serial)
            return [str(one.answer) for one in judge.verdicts(pump)]

    assert told("AB-1234567") == told("AB-8888888") == ["affected"]
    with closing(sqlite3.connect(workspace.judged_path)) as file:
        assert file.execute("SELECT count(*) FROM verdicts").fetchone() == (1,)
    with Feeds.open(workspace.feeds_path) as feeds:
        take(feeds, tmp_path / "documents", 0, 2, [("Acme Medical", "Fluxon", "< 2", ("AB-12*",))])
    for _ in range(2):
        assert told("AB-1234567") == ["affected"]
        assert told("AB-8888888") == ["not affected"]
        assert told("") == ["cannot tell"]


def test_a_recall_reaches_a_device_of_which_only_the_udi_is_known(workspace: Workspace, tmp_path: Path) -> None:
    pump = Identity(vendor="", model="", version="", udi=f"(01){UDI}(21)7")
    with judging(workspace) as (judge, _):
        assert judge.verdicts(pump) == ()
    with Feeds.open(workspace.feeds_path) as feeds, Judged.open(workspace.judged_path) as judged:
        before = Judge(judged.cards(feeds), judged)
        take_recall(feeds, tmp_path / "documents", 2, "Acme Medical")
        after = Judge(judged.cards(feeds), judged)
        assert len(changed(before, after, [("d-1", pump)])) == 1
    for _ in range(2):
        with judging(workspace) as (judge, _):
            (found,) = judge.verdicts(pump)
            assert (found.advisory, str(found.answer)) == ("fda\nz-1-2026", "affected")
