from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asepsis.pipeline.workspace import Workspace
from asepsis.web import transport
from asepsis.web.configuration import ConfigurationError, Web

NOW = datetime.now(UTC)


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    return Workspace.resolve(tmp_path / "home").create()


def test_the_first_start_makes_an_authority_that_later_starts_keep(home: Workspace) -> None:
    first = transport.prepare(Web(names=("ward.example",)), home, now=NOW)
    assert first is not None
    before = first.certificate.read_bytes(), transport.fingerprint(first)
    again = transport.prepare(Web(names=("ward.example",)), home, now=NOW)
    assert again is not None
    assert (again.certificate.read_bytes(), transport.fingerprint(again)) == before
    assert first.key.stat().st_mode & 0o077 == 0


def test_the_server_certificate_is_renewed_before_it_ends_and_for_other_names(home: Workspace) -> None:
    web = Web(names=("ward.example",))
    first = transport.prepare(web, home, now=NOW)
    assert first is not None
    before = first.certificate.read_bytes()
    transport.prepare(web, home, now=NOW + timedelta(days=45))
    assert first.certificate.read_bytes() == before
    transport.prepare(web, home, now=NOW + timedelta(days=70))
    renewed = first.certificate.read_bytes()
    assert renewed != before
    transport.prepare(Web(names=("other.example",)), home, now=NOW + timedelta(days=70))
    assert first.certificate.read_bytes() != renewed


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "ward.example"])
def test_without_tls_nothing_but_loopback_is_served(home: Workspace, host: str) -> None:
    with pytest.raises(ConfigurationError, match="in clear"):
        transport.prepare(Web(tls="none", host=host), home, now=NOW)


def test_without_tls_loopback_is_served(home: Workspace) -> None:
    assert transport.prepare(Web(tls="none", host="127.0.0.1"), home, now=NOW) is None


def test_files_of_the_hospital_that_do_not_belong_together_are_refused(home: Workspace, tmp_path: Path) -> None:
    one = transport.prepare(Web(), home, now=NOW)
    other = transport.prepare(Web(), Workspace.resolve(tmp_path / "other").create(), now=NOW)
    assert one is not None
    assert other is not None
    good = Web(tls="files", certificate=str(one.certificate), key_file=str(one.key))
    assert transport.prepare(good, home, now=NOW) is not None
    with pytest.raises(ConfigurationError, match="certificate"):
        transport.prepare(Web(tls="files", certificate=str(one.certificate), key_file=str(other.key)), home, now=NOW)
    with pytest.raises(ConfigurationError, match="No such file"):
        transport.prepare(Web(tls="files", certificate=str(one.certificate), key_file="/nowhere"), home, now=NOW)
    one.key.chmod(0o644)
    with pytest.raises(ConfigurationError, match="read by everybody"):
        transport.prepare(good, home, now=NOW)


def test_old_versions_of_tls_are_not_spoken(home: Workspace) -> None:
    made = transport.prepare(Web(), home, now=NOW)
    assert made is not None
    assert transport.context(made).minimum_version >= ssl.TLSVersion.TLSv1_2
