"""What was answered in a scan becomes evidence of what the device is, and what says nothing becomes none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asepsis.exposure.scanning.plan import Asked, Plan, Question, Target
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.pipeline.scanning.learning import learn, messages_of
from asepsis.pipeline.workspace import Workspace
from asepsis.protocols.ssh import SshIdentification
from tests.pipeline.scanning.traffic import PUMP, SERVER, mac, seen_just_now


def plan_of(device: str) -> Plan:
    target = Target(
        device=device,
        title="Server",
        category="server",
        ip=SERVER,
        mac=mac(SERVER),
        questions=(Asked(question=Question.SNMP, port=161),),
        packets=60,
        bytes=16384,
    )
    return Plan(site="north", made="2026-01-31T00:00:00Z", targets=(target,), left_out=())


def answered(device: str, question: str, port: int, **answer: str) -> dict[str, Any]:
    """One answer as a run keeps it."""
    at = "2026-01-31T00:00:00Z"
    return {"device": device, "ip": SERVER, "question": question, "port": port, "at": at, "answer": answer}


def test_answers_become_evidence_that_names_the_scan_and_the_answer(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace").create()
    known = seen_just_now(workspace, tmp_path)
    server, pump = known[SERVER], known[PUMP]
    folder = ScanFolder(workspace, "scan0001")
    plan = plan_of(server)
    folder.make(plan)
    folder.keep_answers(
        [
            answered(server, "dicom-echo", 104, association="accepted", implementation_version="OFFIS_DCMTK_367"),
            answered(server, "snmp", 161, snmp_description="LaserJet 4250", snmp_name="archive7"),
            # Somebody's record that is not of this plan says nothing of the pump.
            answered(pump, "snmp", 161, snmp_name="CANARY"),
        ]
    )
    digest = learn(workspace, folder, plan)
    with Registry.open(workspace.registry_path) as registry:
        found = registry.device(server)
        other = registry.device(pump)
        records = {record.digest: record.path for _, record in registry.captures("north")}
    assert found is not None
    assert other is not None
    assert records[digest] == "scan scan0001"
    said = {(one.attribute, one.value, one.packet) for one in found.evidence if one.capture == digest}
    assert ("name", "archive7", 2) in said
    assert ("model", "LaserJet", 2) in said
    assert ("role", "dicom_server", 1) in said
    assert "archive7" in found.names
    assert not [one for one in other.evidence if one.capture == digest]
    assert "CANARY" not in repr((found, other))
    # A second time changes nothing.
    assert learn(workspace, folder, plan) == digest
    with Registry.open(workspace.registry_path) as registry:
        again = registry.device(server)
    assert again == found


def test_a_banner_is_what_it_says_and_what_says_nothing_is_no_message() -> None:
    (ssh,) = messages_of(Question.BANNER, 22, {"banner": "SSH-2.0-OpenSSH_9.2p1 Debian-2"})
    assert isinstance(ssh, SshIdentification)
    assert (ssh.software, ssh.comments) == ("OpenSSH_9.2p1", "Debian-2")
    (ftp,) = messages_of(Question.BANNER, 21, {"banner": "220 Printer ready"})
    assert ftp.facts() == {"banner": "Printer ready"}
    for question, port, answer in (
        (Question.BANNER, 22, {"banner": ""}),
        (Question.BANNER, 22, {"banner": "SSH-"}),
        (Question.BANNER, 8000, {"banner": "LaserJet 4250"}),
        (Question.BANNER, 21, {"refused": "somebody stopped the scan"}),
        (Question.SNMP, 161, {"snmp_version": "3", "snmp_engine": "80"}),
        (Question.DICOM_ECHO, 104, {"association": "rejected", "reason": "7"}),
        (Question.TLS, 443, {"tls": "TLSv1.3", "subject": "archive.example"}),
    ):
        assert list(messages_of(question, port, answer)) == []


def test_nobody_who_answered_leaves_the_registry_as_it_is(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace").create()
    folder = ScanFolder(workspace, "scan0001")
    folder.make(plan_of("server"))
    assert learn(workspace, folder, plan_of("server")) == ""
    assert not workspace.registry_path.exists()
