"""A publisher of CSAF documents on loopback: what is fetched, what is refused, and what a person is told."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pysequoia import SignatureMode, Tsk, sign

from asepsis.cli.exits import Exit
from asepsis.cli.main import run
from asepsis.pipeline import feeds_download
from asepsis.pipeline.advisories import fetch_feeds, update_feeds
from asepsis.pipeline.feeds import Attempt, Feeds, Update
from asepsis.pipeline.feeds_error import FeedsError
from asepsis.pipeline.feeds_sources import NAMED, Layout, source_of
from asepsis.pipeline.workspace import Workspace
from tests.exposure.documents import csaf
from tests.pipeline.publisher import LOOPBACK, Publisher, publishing

DAY_NS = 86_400 * 10**9


@pytest.fixture(scope="module")
def key() -> Tsk:
    return Tsk.generate("Test Maker <psirt@maker.test>")


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    with publishing(tmp_path / "publisher") as here:
        yield here


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace").create()


class Maker:
    """A trusted provider (CSAF 2.0, 7.2.3) with a ROLIE feed."""

    def __init__(self, publisher: Publisher, key: Tsk) -> None:
        self.publisher = publisher
        self.key = key
        self.entries: dict[str, dict[str, Any]] = {}
        certificate = key.extract_certificate()
        self.fingerprint = certificate.fingerprint
        publisher.files["key.asc"] = str(certificate).encode()
        self.describe()

    def describe(self, **other: Any) -> None:
        self._put(
            "provider-metadata.json",
            {
                "canonical_url": self.publisher.url("provider-metadata.json"),
                "distributions": [
                    {"rolie": {"feeds": [{"url": self.publisher.url("feed.json"), "tlp_label": "WHITE"}]}}
                ],
                "last_updated": "2026-01-01T00:00:00Z",
                "metadata_version": "2.0",
                "public_openpgp_keys": [
                    {"fingerprint": self.fingerprint.upper(), "url": self.publisher.url("key.asc")}
                ],
                "publisher": {"category": "vendor", "name": "Test Maker", "namespace": "https://maker.test"},
                "role": "csaf_trusted_provider",
                **other,
            },
        )

    def publish(
        self, number: str, *, day: str = "2026-01-02", version: str = "<= 9.33", key: Tsk | None = None
    ) -> None:
        document = csaf([("Test Maker", "Vortan 8015", version)], number=number)
        document["document"]["tracking"] |= {"version": day, "current_release_date": f"{day}T00:00:00Z"}
        content = self._put(f"{number}.json", document)
        self.publisher.files[f"{number}.json.asc"] = sign(
            (key or self.key).signer(), content, mode=SignatureMode.DETACHED
        )
        digest = hashlib.sha512(content).hexdigest()
        self.publisher.files[f"{number}.json.sha512"] = f"{digest}  {number}.json\n".encode()
        url = self.publisher.url(f"{number}.json")
        self.entries[number] = {
            "id": number,
            "updated": f"{day}T00:00:00Z",
            "content": {"type": "application/json", "src": url},
            "link": [
                {"rel": "self", "href": url},
                {"rel": "hash", "href": f"{url}.sha512"},
                {"rel": "signature", "href": f"{url}.asc"},
            ],
        }
        self.list(f"{day}T00:00:00Z")

    def list(self, updated: str) -> None:
        self._put("feed.json", {"feed": {"id": "white", "updated": updated, "entry": list(self.entries.values())}})

    def _put(self, path: str, document: dict[str, Any]) -> bytes:
        self.publisher.files[path] = json.dumps(document).encode()
        return self.publisher.files[path]


@pytest.fixture
def maker(publisher: Publisher, key: Tsk) -> Maker:
    return Maker(publisher, key)


def look(workspace: Workspace, maker: Maker, day: int = 1, **options: Any) -> tuple[Attempt, Update]:
    source = source_of(maker.publisher.url("provider-metadata.json"))
    now_ns = 1_790_000_000 * 10**9 + day * DAY_NS
    attempt, update, _ = fetch_feeds(workspace, source, maker.publisher.https(), now_ns, **options)
    return attempt, update


def test_what_is_new_is_fetched_once_and_its_signature_kept(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1")
    maker.publish("TEST-2", day="2026-01-03")
    attempt, update = look(workspace, maker)
    assert (len(update.added), attempt.publisher, attempt.listed, attempt.warnings) == (2, "Test Maker", 2, ())
    with Feeds.open(workspace.feeds_path) as feeds:
        assert {one.signature for one in feeds.held()} == {"good"}
        assert {one.provenance.signature for one in feeds.advisories()} == {"good"}
    maker.publisher.asked.clear()
    attempt, update = look(workspace, maker, 2)
    assert (update.added, update.unchanged, attempt.failure) == ((), 0, "")
    assert "TEST-1.json" not in maker.publisher.paths()
    maker.publish("TEST-1", day="2026-02-01", version="< 9.33")
    _, update = look(workspace, maker, 3)
    assert len(update.replaced) == 1
    assert "TEST-2.json" not in maker.publisher.paths()
    assert [path.name for path in workspace.feeds_download_path.iterdir()] == ["lock"]


def test_altered_documents_and_forged_signatures_are_refused_and_the_rest_is_taken(
    workspace: Workspace, maker: Maker
) -> None:
    for number in ("TEST-1", "TEST-2", "TEST-3", "TEST-4", "TEST-5"):
        maker.publish(number)
    files = maker.publisher.files
    files["TEST-1.json"] += b" "
    files["TEST-2.json.asc"] = files["TEST-3.json.asc"]
    maker.publish("TEST-4", key=Tsk.generate("Nobody <n@n.test>"))
    del files["TEST-5.json.asc"]
    _, update = look(workspace, maker)
    assert {one.path.rpartition("/")[2]: one.problem.why.partition(":")[0] for one in update.unread} == {
        "TEST-1.json": "differs from the digest at https",
        "TEST-2.json": "its signature is refused",
    }
    with Feeds.open(workspace.feeds_path) as feeds:
        assert sorted(one.signature for one in feeds.held()) == ["good", "missing", "unknown key"]
    maker.publish("TEST-1", day="2026-01-05")
    attempt, update = look(workspace, maker, 2)
    assert len(update.added) == 1, "what was broken is asked for again"
    assert attempt.unread_count == 1


def test_only_signed_documents_are_taken_where_the_hospital_says_so(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1")
    maker.publish("TEST-2", key=Tsk.generate("Nobody <n@n.test>"))
    _, update = look(workspace, maker, signed_only=True)
    assert len(update.added) == 1
    assert "only signed documents are taken" in update.unread[0].problem.why


def test_a_list_that_goes_back_takes_nothing_and_is_told(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1", day="2026-03-01")
    look(workspace, maker)
    maker.publish("TEST-2", day="2026-02-01")
    attempt, update = look(workspace, maker, 2)
    assert update.added == ()
    assert "was seen before" in attempt.warnings[0]
    maker.list("2026-03-02T00:00:00Z")
    _, update = look(workspace, maker, 3)
    assert len(update.added) == 1, "a list that goes on is believed again"


def test_a_list_or_a_document_from_the_future_keeps_no_later_one_out(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1", day="9999-12-30")
    attempt, update = look(workspace, maker)
    assert len(update.added) == 1
    assert "has not come yet" in attempt.warnings[0]
    maker.publish("TEST-1", day="2026-03-01", version="< 1")
    maker.publish("TEST-2", day="2026-03-02")
    attempt, update = look(workspace, maker, 2)
    assert attempt.warnings == ()
    assert (len(update.added), len(update.replaced)) == (1, 1)


def test_what_one_publisher_said_another_does_not_take_back(
    workspace: Workspace, maker: Maker, tmp_path: Path, key: Tsk, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.publish("TEST-1", version="<= 9.33")
    look(workspace, maker)
    with publishing(tmp_path / "impostor") as elsewhere:
        impostor = Maker(elsewhere, key)
        impostor.publish("TEST-1", day="2026-05-01", version="< 1")
        impostor.publish("TEST-2", day="2026-05-02")
        attempt, update = look(workspace, impostor, 2)
        assert (len(update.added), update.replaced) == (1, ())
        assert "does not take back" in attempt.unread[0].problem.why
        # A source of a name that is known here counts over one that is not.
        url = elsewhere.url("provider-metadata.json")
        monkeypatch.setitem(NAMED, "known", dataclasses.replace(source_of(url), name="known"))
        _, update, _ = fetch_feeds(workspace, NAMED["known"], elsewhere.https(), 1_790_000_000 * 10**9)
        assert len(update.replaced) == 1
    maker.publish("TEST-1", day="2026-06-01", version="<= 9.33")
    _, update = look(workspace, maker, 3)
    assert update.replaced == ()
    document = csaf([("Test Maker", "Vortan 8015", "<= 9.33")], number="TEST-1")
    document["document"]["tracking"] |= {"version": "2026-07-01", "current_release_date": "2026-07-01T00:00:00Z"}
    carried = tmp_path / "carried.json"
    carried.write_text(json.dumps(document))
    by_hand, _ = update_feeds(workspace, carried, 1_790_000_000 * 10**9)
    assert len(by_hand.replaced) == 1


def test_a_publisher_that_takes_too_long_or_fills_the_disk_leaves_the_rest_for_the_next_run(
    workspace: Workspace, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        maker.publish(f"TEST-{number}")
    monkeypatch.setattr(feeds_download, "DISK_RESERVE_BYTES", 1 << 60)
    attempt, update = look(workspace, maker)
    assert (update.added, attempt.waiting) == ((), 3)
    assert "left on the disk" in attempt.warnings[0]
    monkeypatch.setattr(feeds_download, "DISK_RESERVE_BYTES", 0)
    monkeypatch.setattr(feeds_download, "RUN_SECONDS", -1.0)
    attempt, update = look(workspace, maker)
    assert update.added == ()
    assert "too long" in attempt.warnings[0]
    monkeypatch.undo()
    _, update = look(workspace, maker)
    assert len(update.added) == 3


def test_documents_that_vanish_are_told_and_kept(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1")
    maker.publish("TEST-2")
    look(workspace, maker)
    del maker.entries["TEST-1"]
    maker.list("2026-04-01T00:00:00Z")
    attempt, _ = look(workspace, maker, 2)
    assert attempt.warnings == ("Test Maker no longer lists TEST-1.json: what is held of them is kept",)
    with Feeds.open(workspace.feeds_path) as feeds:
        assert len(feeds.held()) == 2


def test_an_older_edition_at_the_same_place_never_wins(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1", day="2026-03-01")
    look(workspace, maker)
    maker.publish("TEST-1", day="2026-02-01", version="< 1")
    maker.entries["TEST-1"]["updated"] = "2026-03-05T00:00:00Z"
    maker.list("2026-03-05T00:00:00Z")
    _, update = look(workspace, maker, 2)
    assert [key.rpartition("\n")[2] for _, key in update.older] == ["test-1"]


def test_another_key_is_told(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1")
    look(workspace, maker)
    other = Tsk.generate("Test Maker <psirt@maker.test>").extract_certificate()
    maker.fingerprint = other.fingerprint
    maker.publisher.files["key.asc"] = str(other).encode()
    maker.describe()
    attempt, _ = look(workspace, maker, 2)
    assert any("another key than before" in warning for warning in attempt.warnings)


def test_a_key_with_another_fingerprint_than_named_does_not_count(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1")
    maker.fingerprint = "0" * 40
    maker.describe()
    attempt, _ = look(workspace, maker)
    assert "holds no key with the fingerprint" in attempt.warnings[0]
    with Feeds.open(workspace.feeds_path) as feeds:
        assert feeds.held()[0].signature == "unknown key"


def test_a_run_that_was_broken_off_goes_on_where_it_stopped(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1")
    maker.publish("TEST-2")
    maker.publisher.cut["TEST-2.json"] = 100
    _, update = look(workspace, maker)
    assert (len(update.added), len(update.unread)) == (1, 1)
    maker.publisher.asked.clear()
    _, update = look(workspace, maker, 2)
    assert len(update.added) == 1
    assert "TEST-1.json" not in maker.publisher.paths()


def test_a_folder_of_documents_is_read_by_its_changes_and_never_left(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1")
    content = maker.publisher.files["TEST-1.json"]
    maker.publisher.files["white/2026/a.json"] = content
    maker.publisher.files["white/changes.csv"] = (
        b'"2026/a.json","2026-01-02T00:00:00Z"\n"../../secret.json","2026-01-02T00:00:00Z"\n'
        b'"https://elsewhere.test/b.json","2026-01-02T00:00:00Z"\n'
    )
    maker.describe(distributions=[{"directory_url": maker.publisher.url("white")}])
    attempt, update = look(workspace, maker)
    assert len(update.added) == 1
    assert len([one for one in attempt.warnings if "is no path of a document" in one]) == 2
    assert not any("secret" in path for path in maker.publisher.paths())
    del maker.publisher.files["white/changes.csv"]
    maker.publisher.files["white/index.txt"] = b"2026/a.json\n2026/b.json\n"
    maker.publisher.files["white/2026/b.json"] = content.replace(b"TEST-1", b"TEST-9")
    _, update = look(workspace, maker, 2)
    assert len(update.added) == 1


def test_a_publisher_that_is_down_is_a_failure_that_changes_nothing(workspace: Workspace, maker: Maker) -> None:
    maker.publish("TEST-1")
    look(workspace, maker)
    kept = dict(maker.publisher.files)
    maker.publisher.files.clear()
    attempt, update = look(workspace, maker, 2)
    assert "answers 404" in attempt.failure
    assert attempt.succeeded_ns < attempt.at_ns
    assert update.added == ()
    maker.publisher.files.update(kept)
    attempt, update = look(workspace, maker, 3)
    assert (attempt.failure, update.unread) == ("", ())


def test_one_file_is_asked_for_by_its_edition_and_a_page_of_trouble_again(
    workspace: Workspace, publisher: Publisher
) -> None:
    source = source_of(publisher.url("kev.json"))
    assert source.layout is Layout.FILE
    catalogue = {"catalogVersion": "1", "dateReleased": "2026-01-01T00:00:00Z", "count": 0, "vulnerabilities": []}
    publisher.files["kev.json"] = b"<html>down for repair</html>"
    attempt, update, _ = fetch_feeds(workspace, source, publisher.https(), 1)
    assert len(update.unread) == 1
    assert attempt.etag == ""
    publisher.files["kev.json"] = json.dumps(catalogue).encode()
    attempt, update, _ = fetch_feeds(workspace, source, publisher.https(), 2)
    assert len(update.added) == 1
    publisher.asked.clear()
    attempt, update, _ = fetch_feeds(workspace, source, publisher.https(), 3)
    assert (attempt.failure, update.added, update.unread) == ("", (), ())
    assert publisher.asked[-1][1]["if-none-match"] == attempt.etag


def record(number: str, version: str) -> bytes:
    """A CVE record, made by hand from the schema of version 5.1."""
    return json.dumps(
        {
            "dataType": "CVE_RECORD",
            "dataVersion": "5.1",
            "cveMetadata": {"cveId": number, "state": "PUBLISHED", "dateUpdated": "2026-01-02T00:00:00Z"},
            "containers": {
                "cna": {
                    "title": "Something",
                    "affected": [
                        {
                            "vendor": "Test Maker",
                            "product": "Vortan 8015",
                            "versions": [{"version": "0", "lessThan": version, "status": "affected"}],
                        }
                    ],
                }
            },
        }
    ).encode()


def log(publisher: Publisher, *changes: tuple[str, str, str], at: str) -> None:
    """The log of the CVE List: (number, when, address or empty)."""
    items = [
        {"cveId": number, "dateUpdated": when, "githubLink": url or publisher.url(f"cves/2026/{number}.json")}
        for number, when, url in changes
    ]
    publisher.files["cves/deltaLog.json"] = json.dumps(
        [{"fetchTime": at, "new": items[:1], "updated": items[1:], "error": []}]
    ).encode()


def test_records_of_the_cve_list_are_fetched_once_and_again_when_they_change(
    workspace: Workspace, publisher: Publisher
) -> None:
    source = source_of(publisher.url("cves/deltaLog.json"))
    assert (source.layout, NAMED["cve"].layout) == (Layout.CVE_LIST, Layout.CVE_LIST)
    day, later = "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
    one, two = "CVE-2026-0001", "CVE-2026-0002"
    elsewhere = ("CVE-2026-0003", day, "https://elsewhere.test/CVE-2026-0003.json")
    outside = ("CVE-2026-0004", day, publisher.url("cves/../CVE-2026-0004.json"))
    log(publisher, (one, day, ""), (two, day, ""), elsewhere, outside, at=day)
    publisher.files[f"cves/2026/{one}.json"] = record(one, "2.0")
    publisher.files[f"cves/2026/{two}.json"] = record(two, "2.0")
    # A connection that breaks is gone on with, in the same run or the next.
    publisher.cut[f"cves/2026/{two}.json"] = 40
    attempt, update, _ = fetch_feeds(workspace, source, publisher.https(), 1)
    if update.unread:
        assert attempt.etag == ""
        attempt, more, _ = fetch_feeds(workspace, source, publisher.https(), 2)
        assert len(update.added) + len(more.added) == 2
    assert (attempt.failure, attempt.publisher, attempt.listed) == ("", "CVE Program", 2)
    assert len([told for told in attempt.warnings if "names no address of a record" in told]) == 2
    assert not any("0003" in path or "0004" in path for path in publisher.paths())
    with Feeds.open(workspace.feeds_path) as feeds:
        assert {advisory.id for advisory in feeds.advisories()} == {one, two}

    publisher.asked.clear()
    attempt, update, _ = fetch_feeds(workspace, source, publisher.https(), 3)
    assert (attempt.failure, update.added, publisher.paths()) == ("", (), ["cves/deltaLog.json"])
    assert attempt.listed == 2
    # The month goes on: the first has left the log, the second was changed; nobody is told that the first vanished.
    log(publisher, (two, later, ""), at=later)
    publisher.files[f"cves/2026/{two}.json"] = record(two, "3.0").replace(day.encode(), later.encode())
    attempt, update, _ = fetch_feeds(workspace, source, publisher.https(), 4)
    assert (len(update.replaced), attempt.warnings) == (1, ())
    assert f"cves/2026/{one}.json" not in publisher.paths()
    # Somebody shows the log of before again.
    log(publisher, (one, day, ""), at=day)
    attempt, update, _ = fetch_feeds(workspace, source, publisher.https(), 5)
    assert update.replaced == ()
    assert "was seen before" in attempt.warnings[0]


@pytest.mark.parametrize("content", [b"", b"{}", b"[", b'{"log": []}', b"[" * 200, b"<html>", b'["a", 1, {"new": 3}]'])
def test_a_log_of_the_cve_list_that_is_none_takes_nothing(
    workspace: Workspace, publisher: Publisher, content: bytes
) -> None:
    publisher.files["cves/deltaLog.json"] = content
    source = source_of(publisher.url("cves/deltaLog.json"))
    attempt, update, _ = fetch_feeds(workspace, source, publisher.https(), 1)
    assert update.added == ()
    assert attempt.failure or attempt.warnings


def test_nothing_goes_to_the_network_without_apply(
    workspace: Workspace, maker: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    maker.publish("TEST-1")
    address = maker.publisher.url("provider-metadata.json")
    asked = ["feeds", "update", address, "--workspace", str(workspace.root)]
    assert run([*asked, "kev"]) == Exit.DONE
    printed = capsys.readouterr().out
    assert f"would ask {address}" in printed
    assert NAMED["kev"].url in printed
    assert "add --apply" in printed
    assert maker.publisher.asked == []
    asked += ["--apply", "--authority", str(maker.publisher.authority), "--json"]
    assert run(asked) == Exit.FAILED
    assert "lies inside" in json.loads(capsys.readouterr().out)["sources"][0]["failure"]
    for network in LOOPBACK:
        asked += ["--network", network]
    assert run(asked) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["added"] == 1
    assert run(["feeds", "status", "--workspace", str(workspace.root)]) == Exit.DONE
    printed = capsys.readouterr().out
    assert "Test Maker" in printed
    assert "signatures: 1 good" in printed


def test_sources_are_read_from_the_settings_of_the_workspace(
    workspace: Workspace, maker: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["feeds", "update", "--workspace", str(workspace.root)]
    assert run(asked) == Exit.USAGE
    assert "no source was named" in capsys.readouterr().err
    with workspace.settings_path.open("a") as file:
        file.write('\n[feeds]\nsources = ["epss"]\n')
    assert run(asked) == Exit.DONE
    assert NAMED["epss"].url in capsys.readouterr().out


def test_a_domain_stands_for_where_csaf_describes_a_publisher() -> None:
    assert source_of("https://maker.test").url == "https://maker.test/.well-known/csaf/provider-metadata.json"
    for wrong in ("http://maker.test", "nothing", "ftp://x", "https://[", ""):
        with pytest.raises(FeedsError):
            source_of(wrong)
