"""Runs an approved scan: the kernel is given its rules, another process records, and the gate asks device by device."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from asepsis.exposure.scanning.plan import Plan, ScanError, Target
from asepsis.exposure.scanning.ruleset import closed, opened, ruleset
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.time import iso_from_ns
from asepsis.kernel.value import value
from asepsis.pipeline.scanning.asking import Answer, ask
from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.pipeline.scanning.gate import Gate, RefusedError
from asepsis.verify.receipt import Verdict, verify

# A process that imports the signing library starts in half a second; a minute is a machine in trouble.
START_SECONDS: Final = 60.0
TOOL_SECONDS: Final = 30.0
# Between two devices, so that a switch and a person watching can follow.
PAUSE_SECONDS: Final = 0.05


@value
class Done:
    """What a run did."""

    asked: int
    """Devices that were asked at least one question."""
    answers: tuple[dict[str, Any], ...]
    skipped: Mapping[str, str]
    """Device to the reason, of the plan's targets."""
    verdict: Verdict


class Recording:
    """The recorder, as a process that lives as long as the block."""

    def __init__(self, interface: str, plan: str, key_file: Path, receipt: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "asepsis.pipeline.scanning.recorder", interface, plan, str(key_file), str(receipt)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            raise self._failed()
        return self

    @property
    def is_listening(self) -> bool:
        """Whether it still records."""
        return self._process.poll() is None

    def skips(self, device: str, why: str) -> None:
        """Lets the receipt say that a device is not asked after all.

        Raises:
            ScanError: Nobody listens any more.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"device": device, "why": why}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._failed() from error

    def finish(self) -> None:
        """Lets it write the receipt.

        Raises:
            ScanError: It did not.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            code = self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise self._failed() from error
        if code:
            raise self._failed()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                # What was not told any more breaks with the pipe, and has been told as an error already.
                with contextlib.suppress(OSError):
                    stream.close()

    def _failed(self) -> ScanError:
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        said = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        return ScanError(
            f"nobody records what leaves: {said[-1] if said else 'the recorder ended'}",
            code="scan-recorder",
            hint="A scan without a receipt is not run. Recording needs the right to capture (CAP_NET_RAW).",
        )


def run(
    folder: ScanFolder,
    plan: Plan,
    *,
    interface: str,
    key_file: Path,
    skip: Mapping[str, str],
    refusal: Callable[[Target], str],
    until_ns: int,
    community: bytes | None = None,
    told: Callable[[int, int, str], None] = lambda *_: None,
) -> Done:
    """Runs a scan whose approval was checked, in a network namespace of its own.

    Args:
        folder: Gets progress, answers and receipt.
        plan: The approved plan.
        interface: Packets leave by this one alone.
        key_file: Signs the receipt.
        skip: Devices that may not be asked any more, with the reason.
        refusal: Asked immediately before each device: why it may not be asked at this moment; empty where it may.
        until_ns: When the approval ends.
        community: For reading by SNMP.
        told: Called with how many are done, of how many, and whose turn it is.

    Raises:
        ScanError: This is the machine's own namespace, a tool is missing, or nobody can record.
    """
    demand_own_namespace(interface)
    skipped = {**skip, **_out_of_reach(plan, interface, skip)}
    answers: list[dict[str, Any]] = []
    asked: set[str] = set()
    load(closed())
    with Recording(interface, plan.digest, key_file, folder.receipt_path) as recording:
        load(ruleset(plan, interface, left_out=tuple(skipped), routers=_routers(plan, interface, skipped)))
        for device, why in skipped.items():
            recording.skips(device, why)

        def may_go_on(target: Target) -> str:
            if target.device in skipped:
                return skipped[target.device]
            if folder.stop_path.exists():
                return "somebody stopped the scan"
            if not recording.is_listening:
                return "nobody records any more"
            return "the approval has ended" if time.time_ns() >= until_ns else ""

        gate = Gate(plan, may_go_on)
        try:
            for number, target in enumerate(plan.targets):
                folder.tell(_progress("running", number, plan, target.title))
                if target.device in skipped:
                    continue
                if not may_go_on(target):
                    why = _refused(target, refusal)
                    if why:
                        skipped[target.device] = why
                        recording.skips(target.device, why)
                        continue
                    pin(target, interface, plan.gateway_mac)
                    # Until now the kernel has let nothing through to it.
                    load(opened(plan, target))
                told(number, len(plan.targets), target.title)
                for each in target.questions:
                    at = time.time_ns()
                    answer: Answer
                    try:
                        with gate.line(target.ip, each) as line:
                            asked.add(target.device)
                            answer = ask(line, each.question, community=community)
                    except RefusedError as error:
                        answer = {"refused": error.message}
                    except OSError as error:
                        answer = {"none": error.strerror or type(error).__name__}
                    answers.append(_answered(target, str(each.question), each.port, at, answer))
                time.sleep(PAUSE_SECONDS)
        finally:
            # Also what the kernel would still send for connections that are closed.
            load(closed())
        recording.finish()
    folder.keep_answers(answers)
    receipt = folder.read(folder.receipt_path)
    assert receipt is not None
    verdict = verify(plan.content(), receipt)
    done = Done(asked=len(asked), answers=tuple(answers), skipped=skipped, verdict=verdict)
    folder.tell(
        {
            **_progress("done" if verdict.passed else "violated", len(plan.targets), plan, ""),
            "asked": done.asked,
            "skipped": dict(skipped),
            "packets": verdict.packets,
            "bytes": verdict.bytes,
            "faults": list(verdict.faults),
        }
    )
    return done


def _refused(target: Target, refusal: Callable[[Target], str]) -> str:
    try:
        return refusal(target)
    except AsepsisError as error:
        # Who cannot be checked is not asked; the next one may be.
        return f"it could not be checked: {error.message}"


def demand_own_namespace(interface: str) -> None:
    """Refuses a namespace that other programs live in: the rules would cut them off.

    Raises:
        ScanError: It is the machine's, or has other interfaces or sockets.
    """
    why = _shared_with(interface)
    if why:
        raise ScanError(
            f"a scan runs in a network namespace of its own, and {why}",
            code="scan-namespace",
            hint="ip netns exec scanner asepsis scan run ...; docs/how-to/scan-safely.md makes the namespace.",
        )


def _shared_with(interface: str) -> str:
    # Where the first process is hidden from us, as in a container, interfaces and sockets must do.
    with contextlib.suppress(OSError):
        if Path("/proc/self/ns/net").stat().st_ino == Path("/proc/1/ns/net").stat().st_ino:
            return "this is the machine's"
    lines = _tool(["ip", "-o", "link", "show", "up"], "").splitlines()
    names = {line.split()[1].rstrip(":").split("@")[0] for line in lines}
    if names - {"lo", interface}:
        return f"this one also has {', '.join(sorted(names - {'lo', interface}))}"
    if interface not in names:
        return f"this one has no interface {interface} that is up"
    sockets = [table for table in ("tcp", "tcp6", "udp", "udp6") if _has_sockets(Path(f"/proc/self/net/{table}"))]
    return f"programs have open sockets here ({', '.join(sockets)})" if sockets else ""


def _has_sockets(table: Path) -> bool:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return False  # no IPv6 on this machine
    # What a scan before has closed waits for a minute (TIME_WAIT, 06) and belongs to nobody.
    return any(line.split()[3] != "06" for line in lines)


def load(rules: str) -> None:
    """Gives rules to the kernel, in one step.

    Raises:
        ScanError: It did not take them.
    """
    _tool(["nft", "-f", "-"], rules)


def pin(target: Target, interface: str, gateway_mac: str) -> None:
    """Fixes the hardware address that packets to the target go to: nobody else gets them, and nobody is asked for it.

    Raises:
        ScanError: The kernel did not take it.
    """
    near = _is_near(target.ip, interface)
    router = "" if near else _gateway(target.ip)
    mac = target.mac if near else gateway_mac
    _tool(["ip", "neighbour", "replace", router or target.ip, "lladdr", mac, "nud", "permanent", "dev", interface], "")


def _out_of_reach(plan: Plan, interface: str, skip: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for target in plan.targets:
        if target.device in skip or _is_near(target.ip, interface):
            continue
        if not plan.gateway_mac:
            found[target.device] = "it lies behind a router, and no gateway_mac is set"
        elif not _gateway(target.ip):
            found[target.device] = "it lies behind a router, and no route leads there"
    return found


def _routers(plan: Plan, interface: str, skip: Mapping[str, str]) -> tuple[str, ...]:
    """The routers on the way to devices of other segments: they ask for our address before they pass answers on."""
    if not plan.gateway_mac:
        return ()
    far = [one.ip for one in plan.targets if one.device not in skip and not _is_near(one.ip, interface)]
    return tuple(dict.fromkeys(found for ip in far if (found := _gateway(ip))))


def _is_near(ip: str, interface: str) -> bool:
    """Whether an address lies on the interface's own segment."""
    address = ip_address(ip)
    lines = _tool(["ip", "-o", "address", "show", "dev", interface], "").splitlines()
    networks = [ip_network(words[3], strict=False) for line in lines if (words := line.split())[2] in ("inet", "inet6")]
    return any(address.version == network.version and address in network for network in networks)


def _gateway(ip: str) -> str:
    try:
        words = _tool(["ip", "-o", "route", "get", ip], "").split()
    except ScanError:
        return ""  # the network is unreachable
    return words[words.index("via") + 1] if "via" in words else ""


def _tool(argv: list[str], text: str) -> str:
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScanError(
            f"{argv[0]} cannot be run: {error}", code="scan-tool", hint="Install nftables and iproute2."
        ) from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ScanError(
            f"{argv[0]}: {said[0] if said else done.returncode}", code="scan-tool", hint="It needs CAP_NET_ADMIN."
        )
    return done.stdout


def _progress(state: str, number: int, plan: Plan, title: str) -> dict[str, Any]:
    now = iso_from_ns(time.time_ns())
    return {"state": state, "done": number, "of": len(plan.targets), "at": now, "title": title}


def _answered(target: Target, question: str, port: int, at_ns: int, answer: Answer) -> dict[str, Any]:
    return {
        "device": target.device,
        "ip": target.ip,
        "question": question,
        "port": port,
        "at": iso_from_ns(at_ns),
        "answer": answer,
    }
