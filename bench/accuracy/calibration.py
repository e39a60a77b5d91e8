"""Is what is said with confidence x right x of the time? On labelled captures; writes bench/CONFIDENCE.md.

Labels: the products of IoT Sentinel and LSIF by their folders, and the truth of the recorded lab hospital. Each set-up
(or day) is analysed by itself, as a hospital's first capture would be.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from asepsis.devices.agreement import agrees
from asepsis.devices.device import Device
from asepsis.devices.fold import fold
from asepsis.devices.observed import combine
from asepsis.knowledge.vendors import vendor
from asepsis.pipeline.analyze import Analysis

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = ROOT / ".cache" / "shared"
WARD = ROOT / "tests" / "recordings"
PAGE = ROOT / "bench" / "CONFIDENCE.md"
# Set-ups of one product differ little: more of them would say the same again and take minutes.
SETUPS_OF_A_DEVICE = 6
BOUNDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
ATTRIBUTES = ("category", "vendor", "model", "firmware", "serial")


@dataclass(frozen=True, slots=True)
class Truth:
    """What may be said of one device."""

    name: str
    vendors: frozenset[str]
    categories: frozenset[str]
    texts: tuple[str, ...] = ()
    """A model, firmware or serial number is right where it stands in one of these, or one of these in it."""


def _truth(name: str, makers: str, category: str, *texts: str) -> Truth:
    return Truth(name, frozenset(makers.split("|")), frozenset(category.split("|")), texts)


# The products as Miettinen et al. (IEEE ICDCS 2017, table II) and Charyyev and Gunes (IoT-J 2021) name them.
PRODUCTS = (
    _truth("Aria", "Fitbit", "scale", "Aria"),
    _truth("D-LinkCam", "D-Link", "camera", "DCS-935L", "DCH-935L"),
    _truth("D-LinkDayCam", "D-Link", "camera", "DCS-930L"),
    _truth("D-LinkDoorSensor", "D-Link", "smart_home"),
    _truth("D-LinkHomeHub", "D-Link", "smart_home", "DCH-G020"),
    _truth("D-LinkSensor", "D-Link", "smart_home", "DCH-S150"),
    _truth("D-LinkSiren", "D-Link", "smart_home", "DCH-S220"),
    _truth("D-LinkSwitch", "D-Link", "smart_home", "DSP-W215"),
    _truth("D-LinkWaterSensor", "D-Link", "smart_home", "DCH-S160"),
    _truth("EdimaxCam1", "Edimax", "camera", "IC-3115"),
    _truth("EdimaxCam2", "Edimax", "camera", "IC-3115"),
    _truth("EdimaxPlug1101W", "Edimax", "smart_home", "SP-1101W", "SP1101W"),
    _truth("EdimaxPlug2101W", "Edimax", "smart_home", "SP-2101W", "SP2101W"),
    _truth("EdnetCam1", "Ednet", "camera"),
    _truth("EdnetCam2", "Ednet", "camera"),
    _truth("EdnetGateway", "Ednet", "smart_home"),
    _truth("HomeMaticPlug", "eQ-3", "smart_home", "HmIP"),
    _truth("HueBridge", "Philips|Signify", "smart_home", "Hue", "BSB002", "929000226503"),
    _truth("HueSwitch", "Philips|Signify", "smart_home", "Hue", "BSB002", "929000226503"),
    _truth("Lightify", "Osram", "smart_home", "Lightify"),
    _truth("MAXGateway", "eQ-3", "smart_home", "MAX!"),
    _truth("SmarterCoffee", "Smarter", "smart_home", "Coffee"),
    _truth("TP-LinkPlugHS100", "TP-Link", "smart_home", "HS100"),
    _truth("TP-LinkPlugHS110", "TP-Link", "smart_home", "HS110"),
    _truth("WeMoInsightSwitch", "Belkin", "smart_home", "Insight", "WeMo"),
    _truth("WeMoInsightSwitch2", "Belkin", "smart_home", "Insight", "WeMo"),
    _truth("WeMoLink", "Belkin", "smart_home", "Bridge", "Link", "WeMo"),
    _truth("WeMoSwitch", "Belkin", "smart_home", "Socket", "WeMo"),
    _truth("WeMoSwitch2", "Belkin", "smart_home", "Socket", "WeMo"),
    _truth("Withings", "Withings", "scale", "WS-30", "Scale"),
    _truth("iKettle2", "Smarter", "smart_home", "iKettle"),
    _truth("Chime_Doorbell", "Ring|Amazon", "smart_home", "Chime"),
    _truth("Goumia_Coffemaker", "Gourmia", "smart_home"),
    _truth("Ring_Doorbell", "Ring|Amazon", "camera", "Doorbell"),
    _truth("Tenvis_Cam", "Tenvis", "camera"),
    _truth("Wemo_SmartPlug", "Belkin", "smart_home", "Socket", "WeMo"),
    _truth("tp-link_LightBulb", "TP-Link", "smart_home", "LB"),
    _truth("tp-link_SmartPlug", "TP-Link", "smart_home", "HS1"),
)
# What programs of the lab say by default or by the lab's set-up, in fields that its truth does not list.
LAB_TEXTS = {"gw": ("LAB-GW-0001", "Debian router"), "nas1": ("LabStation",)}
# One machine plays both in the recorded lab.
# It also brokers MQTT, which makes it a server, in a ward where it passes nothing on.
ALSO_TRUE = {"radiology_information_system": "modality_worklist", "interface_engine": "server"}


@dataclass(slots=True)
class Reliability:
    """What was said of one attribute, by how sure it was."""

    said: list[tuple[float, bool, str]] = field(default_factory=list)
    """Confidence, whether it was right, and the device."""
    silent: int = 0
    """How often nothing was said."""


def captures_of(truth: Truth) -> Iterator[tuple[Path, str]]:
    """The captures of a product, and its hardware address in each."""
    for archive in ("iot_sentinel", "lsif"):
        folder = SHARED / archive / truth.name
        note = folder / "_iotdevice-mac.txt"
        if note.is_file():
            mac = note.read_text().strip().lower()
            for path in sorted(folder.glob("*.pcap"))[:SETUPS_OF_A_DEVICE]:
                yield path, mac


def labelled() -> Iterator[tuple[Truth, str, Path]]:
    """A device's truth, its hardware address, and one capture of it."""
    for truth in PRODUCTS:
        for path, mac in captures_of(truth):
            yield truth, mac, path


def found_in(paths: list[Path], *, calibrate: bool = True) -> dict[str, Device]:
    """Devices by hardware address."""
    analysis = Analysis(workspace=None, site="calibration")
    analysis.run([str(path) for path in paths])
    if not analysis._observed:
        return {}
    return {
        mac: device for device in fold(combine(analysis._observed), calibrate=calibrate).devices for mac in device.macs
    }


def lab() -> Iterator[tuple[Truth, Device]]:
    """The hosts of the recorded lab hospital."""
    hosts = json.loads((WARD / "truth.json").read_text(encoding="utf-8"))["hosts"]
    found = found_in(sorted(WARD.glob("*.pcap*")))
    for host in {entry["mac"]: entry for entry in hosts}.values():
        maker = vendor(host.get("mac_prefix_of") or "")
        texts = (*(str(one["value"]) for one in host["announces"]), *LAB_TEXTS.get(host["name"], ()))
        categories = {host["plays"], ALSO_TRUE.get(host["plays"], host["plays"])}
        makers = {maker.name} if maker is not None else set()
        if host["mac"] in found:
            yield Truth(host["name"], frozenset(makers), frozenset(categories), texts), found[host["mac"]]


def is_right(attribute: str, said: str, truth: Truth) -> bool | None:
    """None where the label does not tell."""
    if attribute == "category":
        return any(agrees("category", said, category) for category in truth.categories)
    if attribute == "vendor":
        return said in truth.vendors if truth.vendors else None
    if not truth.texts:
        return None
    if attribute != "model" and truth in PRODUCTS:
        return None  # the labels of products name no versions and no serial numbers
    return any(text.casefold() in said.casefold() or said.casefold() in text.casefold() for text in truth.texts)


def measure() -> dict[str, Reliability]:
    """Every attribute of every labelled device."""
    table: dict[str, Reliability] = defaultdict(Reliability)
    pairs = list(lab())
    for truth, mac, path in labelled():
        device = found_in([path]).get(mac)
        if device is not None:
            pairs.append((truth, device))
    for truth, device in pairs:
        for attribute in ATTRIBUTES:
            said = getattr(device, attribute)
            if said is None:
                table[attribute].silent += 1
                continue
            right = is_right(attribute, said, truth)
            if right is not None:
                table[attribute].said.append((device.confidence[attribute], right, f"{truth.name}: {said}"))
    return table


def page(table: dict[str, Reliability]) -> str:
    """The page, with every kind of wrong answer."""
    lines = [HEAD]
    for attribute in ATTRIBUTES:
        one = table.get(attribute, Reliability())
        lines += [
            f"## {attribute}",
            "",
            "| confidence | answers | devices | mean confidence | right |",
            "|---|---|---|---|---|",
        ]
        for low, high in pairwise(BOUNDS):
            here = [said for said in one.said if low <= said[0] < high]
            if here:
                mean = sum(said[0] for said in here) / len(here)
                right = sum(said[1] for said in here)
                devices = len({said[2].split(":")[0] for said in here})
                share = f"{right / len(here):.2f} ({right} of {len(here)})"
                lines.append(f"| {low:.1f} to {min(high, 0.99):.2f} | {len(here)} | {devices} | {mean:.2f} | {share} |")
        lines.append("")
        lines.append(f"Nothing was said {one.silent} times.")
        wrong = sorted({f"{said[2]} ({said[0]:.2f})" for said in one.said if not said[1]})
        if wrong:
            lines += ["", f"Wrong: {'; '.join(wrong)}."]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


HEAD = """\
# Is what is said with confidence x right x of the time?

Written by `make eval` (`python -m bench.accuracy.calibration`): the products of IoT Sentinel and LSIF, each set-up or
day analysed by itself, and the hosts of the recorded lab hospital. A wider word that is true (`smart_home` for a
camera) counts as right; of a model, that the product's name stands in it. There are no labelled captures of many
medical devices at hand: for those the weights rest on the reasons in
[identification](../docs/reference/identification.md).

The confidence of a value that nothing speaks against is the share of such values that were right on one half of the
labels ([confidence](../docs/explanation/confidence.md)); a share above it is as it should be, a share below it is not.
"""


def below(table: dict[str, Reliability]) -> list[str]:
    """Ranges in which answers were less often right than said, beyond what chance explains (two standard errors)."""
    short = []
    for attribute, one in table.items():
        for low, high in pairwise(BOUNDS):
            here = [said for said in one.said if low <= said[0] < high]
            if len(here) < 10:
                continue
            mean = sum(said[0] for said in here) / len(here)
            share = sum(said[1] for said in here) / len(here)
            if share + 2 * (share * (1 - share) / len(here)) ** 0.5 < mean:
                short.append(f"{attribute} {low:.1f}: {share:.2f} right, {mean:.2f} said")
    return short


def main() -> int:
    """Writes the page; 1 where answers were less often right than said."""
    table = measure()
    PAGE.write_text(page(table), encoding="utf-8")
    short = below(table)
    for line in short:
        sys.stderr.write(f"less often right than said: {line}\n")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
