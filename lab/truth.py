"""The labels: what every host is, plays and announces, and where the recording shows it.

An announcement counts only when an independent reader (tshark) finds it in a frame that the host sent; one that is
not found fails the recording. So the truth file says nothing that the packets do not.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.hosts import BY_NAME
from lab.imaging import WORKLIST_PORT
from lab.results import DEVICE_PORT, HL7_PORT
from lab.ward import Ward

_BETWEEN = "\x1f"
"""ASCII's unit separator: no announced text holds it."""
_DECODE = (
    *("-d", f"tcp.port=={HL7_PORT},hl7"),
    *("-d", f"tcp.port=={DEVICE_PORT},hl7"),
    *("-d", "tcp.port==2576,hl7"),  # the hospital's systems behind its engine
    *("-d", "tcp.port==6664,hl7"),  # programs of infusion pumps
    *("-d", f"tcp.port=={WORKLIST_PORT},dicom"),
    # Without the tree of tags, tshark gives no field for what stands in a data set.
    *("-o", "dicom.tag_tree:TRUE"),
)
PAYLOAD = "payload"
_IN_HEX = frozenset({"snmp.value.octets"})
"""Fields that tshark prints as hexadecimal digits although they hold text."""


def announcements(
    announced: Sequence[Mapping[str, str]], host_of: Mapping[str, str], capture: Path
) -> dict[str, list[dict[str, Any]]]:
    """Looks every announcement up in the capture.

    Args:
        announced: ``host``, ``field`` and ``value`` of each; the field is a display field of tshark, or ``payload`` for
            text that stands in what TCP or UDP carries and that tshark has no field for.
        host_of: The host of each hardware address.
        capture: A file that tshark reads.

    Returns:
        For each host, ``{"field", "value", "frames", "first_frame"}``, in the order of the fields.

    Raises:
        RuntimeError: One was not found; all that were not are named.
    """
    wanted = {(a["host"], a["field"], a["value"]) for a in announced}
    carried = {(host, text.encode().hex()): (host, PAYLOAD, text) for host, field, text in wanted if field == PAYLOAD}
    fields = sorted({field for _, field, _ in wanted} - {PAYLOAD})
    frames: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], int] = {}
    for row in _read(capture, ["frame.number", "eth.src", "tcp.payload", "udp.payload", *fields]):
        host = host_of.get(row[1].split(_BETWEEN)[0])
        for key in [key for (name, digits), key in carried.items() if name == host and digits in row[2] + " " + row[3]]:
            frames[key] += 1
            first.setdefault(key, int(row[0]))
        for field, cell in zip(fields, row[4:], strict=True):
            texts = set(cell.split(_BETWEEN))
            if field in _IN_HEX:
                texts = {_text(digits) for digits in texts}
            for text in texts:
                # DICOM pads values to even length (PS3.5 6.2); a reader may show the padding.
                key = (host or "", field, text.strip("\0 "))
                if key in wanted:
                    frames[key] += 1
                    first.setdefault(key, int(row[0]))
    lost = sorted(wanted - set(frames))
    if lost:
        raise RuntimeError("announced but not in the recording: " + "; ".join(" ".join(key) for key in lost))
    answer: dict[str, list[dict[str, Any]]] = {name: [] for name in host_of.values()}
    for key in sorted(wanted):
        host_name, field, text = key
        entry = {"field": field, "value": text, "frames": frames[key], "first_frame": first[key]}
        answer[host_name].append(entry)
    return answer


def protocols(capture: Path) -> dict[str, int]:
    """Frames by the innermost protocol that tshark names."""
    rows = _read(capture, ["_ws.col.Protocol"])
    return dict(sorted(Counter(row[0] for row in rows).items()))


def hosts(ward: Ward, said: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One entry a host: the part it plays, its addresses as the kernel had them, and what it announced."""
    entries = []
    for name in ward.hosts:
        plan = BY_NAME[name]
        entries.append(
            {
                "name": name,
                "plays": plan.plays,
                "story": plan.story,
                "mac": plan.mac,
                "mac_prefix_of": plan.prefix_of or None,
                "address_by": "static" if plan.address[0].isdigit() else plan.address,
                **ward.addresses(name),
                "is": "a network namespace with Debian's programs on the recording machine's Linux kernel",
                "programs": sorted({_program(deed.argv) for deed in ward.diary if deed.host == name} - {"mv"}),
                "announces": said[name],
            }
        )
    return entries


def _program(argv: list[str]) -> str:
    """The name of what was run: of the script, where an interpreter runs one."""
    named = argv[1] if Path(argv[0]).name == "python" else argv[0]
    return Path(named).name


def _text(digits: str) -> str:
    try:
        return bytes.fromhex(digits).decode(errors="replace")
    except ValueError:  # "<MISSING>", what tshark prints for an empty value
        return ""


def _read(capture: Path, fields: list[str]) -> list[list[str]]:
    argv = ["tshark", "-n", "-r", str(capture), *_DECODE, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]
    argv += ["-E", f"aggregator={_BETWEEN}"]
    for field in fields:
        argv += ["-e", field]
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"tshark: {done.stderr.strip()}")
    return [line.split("\t") for line in done.stdout.splitlines()]
