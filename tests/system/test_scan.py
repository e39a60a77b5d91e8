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
from asepsis.pipeline.registry import Registry
from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.pipeline.workspace import Workspace
from asepsis.verify.receipt import verify
from lab.namespaces import Namespace
from tests.pipeline.scanning.traffic import mac

pytestmark = [pytest.mark.root, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER, PUMP, SCANNER = "10.77.0.2", "10.77.0.3", "10.77.0.9"
SERVER_6, SCANNER_6 = "fd77::2", "fd77::9"
# Behind a router: another segment, and another router for each version of IP would be no other case.
ROUTER, ROUTER_6, FAR, FAR_6 = "10.77.0.254", "fd77::fe", "10.78.0.2", "fd78::2"
MACS = {ip: mac(ip) for ip in (SERVER, PUMP, SCANNER, ROUTER)} | {FAR: "00:1b:21:00:01:02"}
TOOLS = {"nft": "nftables", "storescp": "dcmtk", "snmpd": "snmpd", "openssl": "openssl", "ip": "iproute2"}
WAIT_SECONDS = 60.0
# A run takes some seconds; on a machine ten times slower it is still whole.
RUN_SECONDS = 600
PACKETS = 60

SSH = """
import socket
listening = socket.create_server(("::", 22), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    line, _ = listening.accept()
    line.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\\r\\n")
    line.recv(100)
    line.close()
"""


def link_local(namespace: Namespace) -> str:
    """The link-local address of a namespace's interface (RFC 4291 2.5.6)."""
    line = namespace.run(["ip", "-6", "-o", "address", "show", "dev", "scan0", "scope", "link"]).stdout
    return str(line).split()[3].split("/")[0]


class Ward:
    """A scanner, a server and an infusion pump on one switch."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.switch, self.scanner, self.server, self.pump, self.router, self.far = (
            stack.enter_context(Namespace(name)) for name in ("switch", "scanner", "server", "pump", "router", "far")
        )
        self.switch.run(["ip", "link", "add", "br0", "type", "bridge"])
        self.switch.run(["ip", "link", "set", "br0", "up"])
        for number, (namespace, ip) in enumerate(
            ((self.scanner, SCANNER), (self.server, SERVER), (self.pump, PUMP), (self.router, ROUTER)), start=1
        ):
            here = f"port{number}"
            self.switch.run(["ip", "link", "add", here, "type", "veth", "peer", "name", "scan0"])
            self.switch.run(["ip", "link", "set", "scan0", "netns", str(namespace.pid)])
            self.switch.run(["ip", "link", "set", here, "master", "br0", "up"])
            namespace.run(["ip", "link", "set", "scan0", "address", MACS[ip]])
            namespace.run(["ip", "address", "add", f"{ip}/24", "dev", "scan0"])
            namespace.run(["ip", "link", "set", "scan0", "up"])
        for namespace, six in ((self.scanner, SCANNER_6), (self.server, SERVER_6), (self.router, ROUTER_6)):
            # Without duplicate address detection, an address counts at once (RFC 4862 5.4).
            namespace.run(["ip", "address", "add", f"{six}/64", "dev", "scan0", "nodad"])
        self._lies_far()
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

    def _lies_far(self) -> None:
        """A server on a segment of its own, behind the router."""
        self.router.run(["ip", "link", "add", "far0", "type", "veth", "peer", "name", "eth0"])
        self.router.run(["ip", "link", "set", "eth0", "netns", str(self.far.pid)])
        self.far.run(["ip", "link", "set", "eth0", "address", MACS[FAR]])
        ends = (
            (self.router, "far0", "10.78.0.1/24", "fd78::1/64"),
            (self.far, "eth0", f"{FAR}/24", f"{FAR_6}/64"),
        )
        for namespace, interface, four, six in ends:
            namespace.run(["ip", "link", "set", interface, "up"])
            namespace.run(["ip", "address", "add", four, "dev", interface])
            namespace.run(["ip", "address", "add", six, "dev", interface, "nodad"])
        self.router.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
        self.far.run(["ip", "route", "add", "default", "via", "10.78.0.1"])
        self.far.run(["ip", "route", "add", "default", "via", "fd78::1"])
        self.scanner.run(["ip", "route", "add", "default", "via", ROUTER])
        # As a router's advertisement would say it (RFC 4861 4.2): by its link-local address.
        self.scanner.run(["ip", "route", "add", "default", "via", link_local(self.router), "dev", "scan0"])

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
        self.far.start([sys.executable, "-c", SSH])
        self._wait(self.server, "tcp", {22, 104, 443})
        self._wait(self.server, "udp", {161})
        self._wait(self.far, "tcp", {22})

    def _wait(self, served: Namespace, transport: str, wanted: set[int]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while missing := wanted - self._listening(served, transport):
            assert time.monotonic() < end, f"nobody serves {missing}"
            time.sleep(0.02)

    def _listening(self, served: Namespace, transport: str) -> set[int]:
        state = {"tcp": "0A", "udp": "07"}[transport]
        found = set()
        for family in ("", "6"):
            for line in Path(f"/proc/{served.pid}/net/{transport}{family}").read_text().splitlines()[1:]:
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


def banner_plan(ip: str, hardware: str, *, gateway_mac: str = "") -> Plan:
    target = Target(
        device="server",
        title="Server",
        category="server",
        ip=ip,
        mac=hardware,
        questions=(Asked(question=Question.BANNER, port=22),),
        packets=PACKETS,
        bytes=16384,
    )
    return dataclasses.replace(plan_of(), targets=(target,), gateway_mac=gateway_mac)


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
            timeout_seconds=RUN_SECONDS,
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


@pytest.mark.parametrize(
    ("ip", "hardware", "gateway_mac"),
    [
        pytest.param(SERVER_6, MACS[SERVER], "", id="by-ipv6"),
        pytest.param(FAR, MACS[FAR], MACS[ROUTER], id="behind-a-router"),
        pytest.param(FAR_6, MACS[FAR], MACS[ROUTER], id="behind-a-router-by-ipv6"),
    ],
)
def test_a_device_answers_by_ipv6_and_from_behind_a_router(
    ward: Ward,
    scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]],
    ip: str,
    hardware: str,
    gateway_mac: str,
) -> None:
    # Whoever knew the scanner's address from before would not have to ask for it.
    for namespace in (ward.router, ward.server):
        namespace.run(["ip", "neighbour", "flush", "all"])
    before = ward.pump_got()
    told, folder, _ = scanned("none", banner_plan(ip, hardware, gateway_mac=gateway_mac))
    assert [one["answer"] for one in folder.document(folder.answers_path)] == [
        {"banner": "SSH-2.0-OpenSSH_9.2p1 Debian-2"}
    ]
    assert told["faults"] == []
    assert ward.pump_got() == before


def test_a_device_behind_a_router_is_not_asked_where_no_router_is_named(
    scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]],
) -> None:
    told, folder, plan = scanned("none", banner_plan(FAR, MACS[FAR]))
    assert (told["asked"], told["packets"], folder.document(folder.answers_path)) == (0, 0, [])
    receipt = folder.read(folder.receipt_path)
    assert receipt is not None
    assert verify(plan.content(), receipt).skipped == (
        f"Server ({FAR}): it lies behind a router, and no gateway_mac is set",
    )


def test_a_device_that_is_refused_at_the_last_moment_gets_nothing_and_the_receipt_says_why(
    scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]],
) -> None:
    told, folder, plan = scanned("refused")
    assert (told["asked"], told["packets"]) == (0, 0)
    receipt = folder.read(folder.receipt_path)
    assert receipt is not None
    verdict = verify(plan.content(), receipt)
    assert (verdict.faults, verdict.skipped) == ((), (f"Archive ({SERVER}): somebody needs it just now",))


def test_the_receipt_tells_of_packets_to_a_device_that_was_refused(
    ward: Ward, scanned: Callable[..., tuple[dict[str, Any], ScanFolder, Plan]]
) -> None:
    ward.scanner.run(["nft", "flush", "ruleset"])
    ward.scanner.run(["ip", "neighbour", "replace", SERVER, "lladdr", MACS[SERVER], "dev", "scan0"])
    told, _, _ = scanned("refused and rogue")
    assert any("was not to be asked: somebody needs it just now" in fault for fault in told["faults"])


def test_an_approved_scan_runs_by_its_verb_and_reads_again_what_people_record_meanwhile(
    ward: Ward, tmp_path: Path
) -> None:
    paths = {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    own = {name: text for name, text in os.environ.items() if not name.startswith(("ASEPSIS_", "DJANGO_"))} | paths
    hospital = [sys.executable, "-m", "tests.system.scan_hospital"]
    made = subprocess.run(
        [*hospital, "approve", str(tmp_path)], cwd=ROOT, env=own, capture_output=True, text=True, check=True
    )
    device = json.loads(made.stdout)["device"]
    root = tmp_path / "workspace"
    verb = [sys.executable, "-m", "asepsis.cli", "scan", "run", "scan0001", "--json", "--workspace", str(root)]
    checked = json.loads(ward.scanner.run(verb, env=own, timeout_seconds=RUN_SECONDS).stdout)
    assert (checked["ready"], checked["skipped"]) == ([device], {})
    before = ward.pump_got()
    told = json.loads(ward.scanner.run([*verb, "--apply"], env=own, timeout_seconds=RUN_SECONDS).stdout)
    assert [one["answer"] for one in told["answers"]] == [{"banner": "SSH-2.0-OpenSSH_9.2p1 Debian-2"}]
    assert (told["receipt"]["passed"], told["receipt"]["devices"], told["receipt"]["faults"]) == (True, 1, [])
    folder = ScanFolder(Workspace(root), "scan0001")
    receipt = folder.read(folder.receipt_path)
    assert receipt is not None
    assert verify(folder.plan().content(), receipt).passed
    with Registry.open(Workspace(root).registry_path) as registry:
        assert "scan scan0001" in {record.path for _, record in registry.captures()}
    late = ward.scanner.run([*hospital, "record", str(tmp_path)], env=own, timeout_seconds=RUN_SECONDS)
    assert json.loads(late.stdout) == {
        "asked": 0,
        "packets": 0,
        "skipped": [f"server {SERVER} ({SERVER}): a person has recorded that it sustains life"],
    }
    assert ward.pump_got() == before


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
