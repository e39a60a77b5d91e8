"""Weaknesses of devices that nobody here made, in captures of other people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.exposure import weaknesses
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.workspace import Workspace
from tests.exposure.weaknesses.material import NOW


def kinds(tmp_path: Path, *captures: Path) -> set[str]:
    workspace = Workspace(tmp_path / "workspace").create()
    analyze(list(captures), workspace=workspace, site="real")
    with Registry.open(workspace.registry_path) as registry:
        _, found = weaknesses(workspace, registry, now_ns=NOW)
    return {one.kind.id for one in found}


def test_an_insulin_pump_and_clinical_interfaces_show_what_they_lack(
    archive: Callable[[str], Path], tmp_path: Path
) -> None:
    medical = archive("medical")
    found = kinds(tmp_path, medical / "ble" / "780g_pairing_with_mobile.pcapng", medical / "hl7-dicom" / "HL7-ORM.pcap")
    assert found == {"ble-pairing-unprotected", "patient-data-in-clear", "service-without-authentication"}


def test_old_protocols_of_other_peoples_networks_are_told(archive: Callable[[str], Path], tmp_path: Path) -> None:
    ndpi = archive("ndpi")
    names = ("telnet.pcap", "ftp.pcap", "http_auth.pcap", "smbv1.pcap", "rdp.pcap")
    found = kinds(tmp_path, *(ndpi / name for name in names))
    assert {"telnet", "anonymous-access", "smb-version-1", "credentials-in-clear"} <= found
