"""Files over HTTPS: from a real server on loopback, and from addresses that nothing is fetched from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asepsis.pipeline.feeds_https import Edition, Failed, Fetched, Https, Same
from tests.pipeline.publisher import LOOPBACK, Publisher, publishing

MIB = 2**20


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with publishing(tmp_path_factory.mktemp("publisher")) as here:
        yield here


def test_a_file_is_fetched_and_not_again_while_it_is_the_same(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files["kev.json"] = b"{}" * 1000
    found = publisher.https().fetch(publisher.url("kev.json"), tmp_path / "kev", limit_bytes=MIB)
    assert isinstance(found, Fetched)
    assert (tmp_path / "kev").read_bytes() == publisher.files["kev.json"]
    again = publisher.https().fetch(publisher.url("kev.json"), tmp_path / "other", limit_bytes=MIB, held=found.edition)
    assert isinstance(again, Same)
    assert not (tmp_path / "other").exists()
    publisher.files["kev.json"] = b"{} "
    changed = publisher.https().fetch(publisher.url("kev.json"), tmp_path / "kev", limit_bytes=MIB, held=found.edition)
    assert isinstance(changed, Fetched)
    assert (tmp_path / "kev").read_bytes() == b"{} "


def test_a_file_that_was_cut_goes_on_where_it_stopped(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files["large"] = bytes(range(256)) * 4000
    publisher.cut["large"] = 500_000
    found = publisher.https().fetch(publisher.url("large"), tmp_path / "large", limit_bytes=2 * MIB)
    assert isinstance(found, Failed)
    assert not (tmp_path / "large").exists(), "half a file never bears the name of a whole one"
    found = publisher.https().fetch(publisher.url("large"), tmp_path / "large", limit_bytes=2 * MIB)
    assert isinstance(found, Fetched)
    assert (tmp_path / "large").read_bytes() == publisher.files["large"]
    assert publisher.asked[-1][1]["range"].startswith("bytes=")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large"]


def test_a_file_that_changed_since_it_was_cut_is_fetched_whole(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files["changed"] = b"a" * 100_000
    publisher.cut["changed"] = 60_000
    assert isinstance(publisher.https().fetch(publisher.url("changed"), tmp_path / "f", limit_bytes=MIB), Failed)
    publisher.files["changed"] = b"b" * 90_000
    assert isinstance(publisher.https().fetch(publisher.url("changed"), tmp_path / "f", limit_bytes=MIB), Fetched)
    assert (tmp_path / "f").read_bytes() == b"b" * 90_000


def test_no_more_is_read_than_the_limit_whether_the_size_is_told_or_not(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files["told"] = b"x" * (MIB + 1)
    publisher.endless.add("endless")
    for name in ("told", "endless"):
        found = publisher.https().fetch(publisher.url(name), tmp_path / name, limit_bytes=MIB)
        assert isinstance(found, Failed)
        assert "larger than 1 MiB" in found.why
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_takes_too_long_is_given_up(publisher: Publisher, tmp_path: Path) -> None:
    publisher.endless.add("slow")
    found = publisher.https(file_seconds=0.3).fetch(publisher.url("slow"), tmp_path / "slow", limit_bytes=2**50)
    assert isinstance(found, Failed)
    assert found.why == "no answer in time"
    assert not (tmp_path / "slow").exists()


def test_redirects_are_followed_a_few_times_and_each_is_checked(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files["there"] = b"x"
    publisher.moved |= {"here": "/there", "round": "/round", "plain": "http://localhost/there", "away": "https:///x"}
    assert isinstance(publisher.https().fetch(publisher.url("here"), tmp_path / "f", limit_bytes=MIB), Fetched)
    for name in ("round", "plain", "away"):
        found = publisher.https().fetch(publisher.url(name), tmp_path / "g", limit_bytes=MIB)
        assert isinstance(found, Failed), name


def test_addresses_inside_are_refused_unless_they_are_listed(publisher: Publisher, tmp_path: Path) -> None:
    before = len(publisher.asked)
    found = Https(authority=publisher.authority).fetch(publisher.url("kev.json"), tmp_path / "f", limit_bytes=MIB)
    assert isinstance(found, Failed)
    assert "lies inside" in found.why
    for host in ("10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"):
        found = Https().fetch(f"https://{host}:{publisher.port}/x", tmp_path / "f", limit_bytes=MIB)
        assert isinstance(found, Failed), host
        assert "lies inside" in found.why, host
    assert len(publisher.asked) == before


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/x",
        "gopher://localhost/x",
        "ftp://a/b",
        "https://a:b@localhost/",
        "https://[::1",
        "https:///x",
        "",
    ],
)
def test_only_plain_https_addresses_are_gone_to(url: str, tmp_path: Path) -> None:
    found = Https(allowed=LOOPBACK).fetch(url, tmp_path / "f", limit_bytes=MIB)
    assert isinstance(found, Failed)
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_of_nobody_is_refused(publisher: Publisher, tmp_path: Path) -> None:
    found = Https(allowed=LOOPBACK).fetch(publisher.url("kev.json"), tmp_path / "f", limit_bytes=MIB)
    assert isinstance(found, Failed)
    assert "certificate is not trusted" in found.why


def test_a_server_that_is_not_there_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    found = Https(allowed=LOOPBACK).fetch("https://127.0.0.1:9/x", tmp_path / "f", limit_bytes=MIB)
    assert isinstance(found, Failed)
    assert found.why
    assert found.status == 0
    assert Edition() == Edition(etag="", modified="")
