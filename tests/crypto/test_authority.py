from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asepsis.crypto.authority import expires, fingerprint, issue_server, issued_by, new_authority, server_names

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_server_certificate_bears_the_names_and_is_signed_by_its_authority() -> None:
    authority = new_authority("Asepsis of ward.example", now=NOW)
    server = issue_server(authority, ["ward.example", "10.1.2.3", "::1"], now=NOW)
    assert server_names(server.certificate) == ("ward.example", "10.1.2.3", "::1")
    assert issued_by(server.certificate, authority.certificate)
    assert NOW < expires(server.certificate) <= NOW + timedelta(days=200)


def test_a_certificate_of_another_authority_of_the_same_name_is_told_apart() -> None:
    authority, other = (new_authority("Asepsis of ward.example", now=NOW) for _ in range(2))
    server = issue_server(authority, ["ward.example"], now=NOW)
    assert not issued_by(server.certificate, other.certificate)
    assert fingerprint(authority.certificate) != fingerprint(other.certificate)


def test_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="names"):
        issue_server(new_authority("A", now=NOW), [], now=NOW)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_takes_the_chain_for_the_host_name_and_for_no_other(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = new_authority("Asepsis of ward.example", now=now)
    server = issue_server(authority, ["ward.example", "127.0.0.1"], now=now)
    (tmp_path / "authority.pem").write_bytes(authority.certificate)
    (tmp_path / "server.pem").write_bytes(server.certificate)

    def verdict(*wanted: str) -> int:
        line = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "authority.pem", *wanted]
        return subprocess.run([*line, "server.pem"], cwd=tmp_path, capture_output=True, check=False).returncode

    assert verdict("-verify_hostname", "ward.example") == 0
    assert verdict("-verify_ip", "127.0.0.1") == 0
    assert verdict("-verify_hostname", "other.example") != 0
