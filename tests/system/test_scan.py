"""A scan asks real servers what the plan says, and nothing else leaves: proved by a network that counts for itself."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from asepsis.exposure.scanning.plan import Asked, LeftOut, Plan, Question, Target
from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.pipeline.workspace import Workspace
from asepsis.verify.receipt import verify
from lab.namespaces import Namespace

pytestmark = [pytest.mark.root, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER, PUMP, SCANNER = "10.77.0.2", "10.77.0.3", "10.77.0.9"
MACS = {SERVER: "02:00:00:00:00:02", PUMP: "02:00:00:00:00:03", SCANNER: "02:00:00:00:00:09"}
TOOLS = {"nft": "nftables", "storescp": "dcmtk", "snmpd": "snmpd", "openssl": "openssl", "ip": "iproute2"}
WAIT_SECONDS = 60.0
PACKETS = 60

SSH = """
import socket
listening = socket.create_server(("0.0.0.0", 22))
while True:
    line, _ = listening.accept()
    line.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\\r\\n")
    line.recv(100)
    line.close()
"""


class Ward:
    """A scanner, a server and an infusion pump on one switch."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.switch, self.scanner, self.server, self.pump = (
            stack.enter_context(Namespace(name)) for name in ("switch", "scanner", "server", "pump")
        )
        self.switch.run(["ip", "link", "add", "br0", "type", "bridge"])
        self.switch.run(["ip", "link", "set", "br0", "up"])
        for number, (namespace, ip) in enumerate(
            ((self.scanner, SCANNER), (self.server, SERVER), (self.pump, PUMP)), start=1
        ):
            here = f"port{number}"
            self.switch.run(["ip", "link", "add", here, "type", "veth", "peer", "name", "scan0"])
            self.switch.run(["ip", "link", "set", "scan0", "netns", str(namespace.pid)])
            self.switch.run(["ip", "link", "set", here, "master", "br0", "up"])
            namespace.run(["ip", "link", "set", "scan0", "address", MACS[ip]])
            namespace.run(["ip", "address", "add", f"{ip}/24", "dev", "scan0"])
            namespace.run(["ip", "link", "set", "scan0", "up"])
        # Nobody who is asked learns the way back by asking aloud in a test that counts what the pump gets.
        self.server.run(["ip", "neighbour", "add", SCANNER, "lladdr", MACS[SCANNER], "dev", "scan0"])
        self.pump.run(
            ["nft", "-f", "-"],
            stdin=(
                "table netdev count {\n chain in {\n  type filter hook ingress device scan0 priority 0;\n"
                f"  ether saddr {MACS[SCANNER]} ether daddr {MACS[PUMP]} counter\n }}\n}}\n"
            ),
        )
        self._serve(folder)

    def pump_got(self) -> int:
        """Packets that the scanner's interface sent to the pump's, as the pump's own kernel counts them."""
        rules = json.loads(self.pump.run(["nft", "-j", "list", "table", "netdev", "count"]).stdout)
        (counter,) = (
            part["counter"]["packets"]
            for each in rules["nftables"]
            if "rule" in each
            for part in each["rule"]["expr"]
            if "counter" in part
        )
        return int(counter)

    def _serve(self, folder: Path) -> None:
        made = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "9",
        ]
        key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
        subject = ["-subj", "/CN=archive.example"]
        subprocess.run([*made, *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        configuration = folder / "snmpd.conf"
        configuration.write_text("agentaddress udp:161\nrocommunity CANARY-community\nsysdescr Archive 7\n")
        images = folder / "images"
        images.mkdir()
        self.server.start(["storescp", "-od", str(images), "104"])
        self.server.start(["openssl", "s_server", "-accept", "443", "-key", key, "-cert", certificate, "-quiet"])
        self.server.start(["snmpd", "-f", "-Lo", "-C", "-c", str(configuration)])
        self.server.start([sys.executable, "-c", SSH])
        self._wait("tcp", {22, 104, 443})
        self._wait("udp", {161})

    def _wait(self, transport: str, wanted: set[int]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while missing := wanted - self._listening(transport):
            assert time.monotonic() < end, f"nobody serves {missing}"
            time.sleep(0.02)

    def _listening(self, transport: str) -> set[int]:
        state = {"tcp": "0A", "udp": "07"}[transport]
        found = set()
        for family in ("", "6"):
            for line in Path(f"/proc/{self.server.pid}/net/{transport}{family}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == state:
                    found.add(int(words[1].rsplit(":", 1)[1], 16))
        return found


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and {', '.join(missing or ['a network namespace'])}")
    with ExitStack() as stack:
        yield Ward(stack, tmp_path_factory.mktemp("servers"))


def plan_of(packets: int = PACKETS) -> Plan:
    questions = (
        Asked(question=Question.BANNER, port=22),
        Asked(question=Question.DICOM_ECHO, port=104),
        Asked(question=Question.TLS, port=443),
        Asked(question=Question.SNMP, port=161),
    )
    target = Target(
        device="archive",
        title="Archive",
        category="pacs",
        ip=SERVER,
        mac=MACS[SERVER],
        questions=questions,
        packets=packets,
        bytes=16384,
    )
    pump = LeftOut(
        device="pump", title="Pump 3", ips=(PUMP,), macs=(MACS[PUMP],), code="fragile", why="it gives drugs into a vein"
    )
    return Plan(site="main", made="2026-01-31T00:00:00Z", targets=(target,), left_out=(pump,))


@pytest.fixture
def scanned(ward: Ward, tmp_path: Path) -> Callable[..., tuple[dict[str, Any], ScanFolder, Plan]]:
    def scan(fault: str, plan: Plan | None = None) -> tuple[dict[str, Any], ScanFolder, Plan]:
        workspace = Workspace(tmp_path / "workspace").create()
        folder = ScanFolder(workspace, "scan0001")
        chosen = plan or plan_of()
        folder.make(chosen)
        done = ward.scanner.run(
            [sys.executable, "-m", "tests.system.scan_driver", str(workspace.root), "scan0", fault],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))},
            timeout_seconds=120,
        )
        return json.loads(done.stdout), folder, chosen

    return scan


def test_four_questions_are_answered_and_the_receipt_agrees_with_the_plan(
    ward: Ward, scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]]
) -> None:
    before = ward.pump_got()
    told, folder, plan = scanned("none")
    answers = {one["question"]: one["answer"] for one in folder.document(folder.answers_path)}
    assert answers["banner"] == {"banner": "SSH-2.0-OpenSSH_9.2p1 Debian-2"}
    assert answers["dicom-echo"]["echo"] == "success"
    assert answers["dicom-echo"]["implementation_version"].startswith("OFFIS_DCMTK")
    assert answers["tls"]["tls"] == "TLSv1.3"
    assert answers["tls"]["subject"] == "archive.example"
    assert answers["snmp"]["snmp_version"] == "3"
    receipt = folder.read(folder.receipt_path)
    assert receipt is not None
    verdict = verify(plan.content(), receipt)
    assert verdict.faults == ()
    assert 20 < verdict.packets <= PACKETS
    assert (told["faults"], told["asked"]) == ([], 1)
    assert ward.pump_got() == before


def test_the_kernel_holds_back_what_the_gate_did_not(
    ward: Ward, scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]]
) -> None:
    before = ward.pump_got()
    told, _, _ = scanned("rogue")
    assert told["faults"] == []
    assert told["packets"] <= PACKETS
    assert ward.pump_got() == before


def test_the_gate_keeps_to_the_plan_where_the_kernel_has_no_rules(
    ward: Ward, scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]]
) -> None:
    ward.scanner.run(["nft", "flush", "ruleset"])
    before = ward.pump_got()
    told, folder, _ = scanned("no-rules")
    answers = {one["question"]: one["answer"] for one in folder.document(folder.answers_path)}
    assert answers["dicom-echo"]["echo"] == "success"
    assert not [fault for fault in told["faults"] if PUMP in fault or "budget" in fault]
    assert ward.pump_got() == before


def test_the_receipt_tells_when_both_are_gone(
    ward: Ward, scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]]
) -> None:
    ward.scanner.run(["nft", "flush", "ruleset"])
    ward.scanner.run(["ip", "neighbour", "replace", PUMP, "lladdr", MACS[PUMP], "dev", "scan0"])
    before = ward.pump_got()
    told, _, _ = scanned("both")
    assert ward.pump_got() > before
    said = " ".join(told["faults"])
    assert "went to Pump 3, which is left out: it gives drugs into a vein" in said
    assert f"{SERVER} by udp port 9, which the plan does not name" in said
    assert f"its budget is {PACKETS}" in said


def test_a_device_with_another_hardware_address_gets_nothing(
    ward: Ward, scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]]
) -> None:
    plan = plan_of()
    moved = dataclasses.replace(plan, targets=(dataclasses.replace(plan.targets[0], mac="02:00:00:00:00:77"),))
    told, folder, _ = scanned("none", moved)
    answers = [one["answer"] for one in folder.document(folder.answers_path)]
    assert all("none" in answer or "refused" in answer for answer in answers)
    assert told["faults"] == []


def test_a_small_budget_ends_the_questions(
    scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]],
) -> None:
    told, folder, _ = scanned("none", plan_of(packets=14))
    answers = [one["answer"] for one in folder.document(folder.answers_path)]
    assert any(answer.get("refused") == "the device's budget of packets is used up" for answer in answers)
    assert told["faults"] == []
    assert told["packets"] <= 14


def test_the_machines_own_namespace_is_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace").create()
    ScanFolder(workspace, "scan0001").make(plan_of())
    done = subprocess.run(
        [sys.executable, "-m", "tests.system.scan_driver", str(workspace.root), "lo", "none"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))},
        check=False,
    )
    assert done.returncode
    assert "a scan runs in a network namespace of its own" in done.stderr
