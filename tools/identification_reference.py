"""Writes ``docs/reference/identification.md``: the rules in words, every number and table from the code and the data.

``make docs``; ``tests/test_docs.py`` fails when the page and the sources differ.
"""

from __future__ import annotations

from pathlib import Path

from asepsis.devices import confidence, fold, identity, inference, kinship, twins
from asepsis.devices.clue import Attribute
from asepsis.devices.observe import observer, say
from asepsis.devices.phrases import TELLERS
from asepsis.knowledge.table import folder
from asepsis.protocols.registry import PROTOCOLS
from tools.told import told

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "identification.md"
TEMPLATE = ROOT / "tools" / "identification.md"


def page() -> str:
    """The template with its marks ``<<name>>`` filled in."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, words in numbers().items():
        text = text.replace(f"<<{name}>>", words)
    return text


def numbers() -> dict[str, str]:
    """Every mark of the template and what stands there."""
    return {
        "STATED": f"{say.STATED:g}",
        "ANNOUNCED": f"{say.ANNOUNCED:g}",
        "REPORTED": f"{say.REPORTED:g}",
        "HINTED": f"{say.HINTED:g}",
        "SERVED": f"{say.SERVED:g}",
        "PREFIX": f"{inference._VENDOR_WEIGHT:g}",
        "PREFIX_UNKNOWN": f"{inference._UNKNOWN_WEIGHT:g}",
        "PREFIX_PLATFORM": f"{inference._VENDOR_WEIGHTS['platform']:g}",
        "PREFIX_COMPONENT": f"{inference._VENDOR_WEIGHTS['component']:g}",
        "MEDICAL": f"{inference._MEDICAL_WEIGHT:g}",
        "THRESHOLD": f"{confidence.THRESHOLD:g}",
        "RIVALRY": f"{confidence.RIVALRY:g}",
        "FIRMWARE_RIVALRY": f"{confidence.FIRMWARE_RIVALRY:g}",
        "MOST": f"{confidence.MOST:g}",
        "MANY_ADDRESSES": str(identity.MANY_ADDRESSES),
        "PROXY_ADDRESSES": str(identity.PROXY_ADDRESSES),
        "OWN_ADDRESSES": str(identity.OWN_ADDRESSES),
        "INTERFACES": str(kinship.INTERFACES_LIMIT),
        "BEARERS": str(twins.BEARERS_LIMIT),
        "VALUES": str(observer.VALUES_LIMIT),
        "CLUES": f"{observer.CLUES_LIMIT:,}",
        "EVIDENCE": str(fold.EVIDENCE_LIMIT),
        "ADDRESSES": str(fold.ADDRESSES_LIMIT),
        "NAMES": str(fold.NAMES_LIMIT),
        "witnesses": witnesses(),
        "tables": tables(),
        "tellers": tellers(),
    }


def witnesses() -> str:
    """For each attribute, which protocols can name it."""
    lines = ["| attribute | named by messages of |", "|---|---|"]
    attributes = [one.value for one in Attribute if one is not Attribute.IDENTIFIER]
    by_protocol = {protocol: told(protocol).attributes for protocol in PROTOCOLS}
    for attribute in attributes:
        named = ", ".join(f"`{protocol}`" for protocol, said in by_protocol.items() if attribute in said)
        lines.append(f"| {attribute} | {named} |")
    return "\n".join(lines)


def tables() -> str:
    """Every table and what it is, by the remark it begins with."""
    lines = ["| table | what it is |", "|---|---|"]
    for path in sorted(folder().glob("*.jsonl")):
        remarks: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                break
            remarks.append(line.removeprefix("#").strip())
        lines.append(f"| `{path.stem}` | {' '.join(remarks).replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def tellers() -> str:
    """What would tell an attribute that is not known."""
    lines = ["| attribute | would be told by |", "|---|---|"]
    for attribute, known in TELLERS.items():
        lines.append(f"| {attribute} | {'; '.join(f'{teller.text} (`{teller.protocol}`)' for teller in known)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
