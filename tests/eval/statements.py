"""What published statements on vulnerabilities mean, written down by hand, and what is answered to each.

Three sources, all in one archive: the use cases of CycloneDX VEX, the examples of CSAF VEX, and two real lists of the
components of medical devices, to which records are planted. Tests ask one by one; the evaluation counts.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.feeds.reading import Document, read_document
from asepsis.exposure.feeds.sbom import Bill, Component, read_sbom
from asepsis.exposure.feeds.vex import Parts, resolved
from asepsis.exposure.finding import Exposed
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.components import ComponentMatcher
from asepsis.exposure.matching.match import Matcher
from asepsis.exposure.matching.parts import PartMatcher
from asepsis.exposure.paper import Subject
from asepsis.kernel.value import value

SHARED = Path(__file__).resolve().parents[2] / ".cache" / "shared" / "sbom_vex"

LISTS = {"narrow.sbom.json": 55, "extended.sbom.json": 65}
"""The real lists, and how many components each holds."""

CASES = {
    # (case, version of "Acme Product", CVE) to the answer that the case's page describes; no version: its own.
    ("Case-2", "", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-3", "", "CVE-2020-25649"): Exposed.CANNOT_TELL,
    ("Case-1", "", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-4", "2.2.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-4", "2.4.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    # One range is cleared, and of what is outside nothing is said.
    ("Case-4", "2.4.1", "CVE-2020-25649"): Exposed.CANNOT_TELL,
    ("Case-5", "1.5.0", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-5", "6.9.9", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-5", "7.0.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-5", "1.4.9", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "2.0.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "2.7.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "4.1.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "5.9.0", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-8", "1.9.9", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-8", "2.7.1", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-8", "3.7.9", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-8", "5.9.1", "CVE-2020-25649"): Exposed.AFFECTED,
    ("Case-10", "2.3.7", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-10", "2.5.0", "CVE-2020-25649"): None,
    ("Case-11", "", "CVE-2020-11896"): Exposed.NOT_AFFECTED,
    ("Case-11", "", "CVE-2020-11897"): Exposed.NOT_AFFECTED,
    ("Case-12", "", "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-12", "", "CVE-2020-35491"): Exposed.AFFECTED,
}

LINKED = {
    # (case, number of the list of components, CVE) to the answer for the product of that list.
    ("Case-6", 1, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-6", 2, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-6", 3, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-9", 1, "CVE-2020-11896"): Exposed.NOT_AFFECTED,
    ("Case-9", 2, "CVE-2020-11901"): Exposed.NOT_AFFECTED,
    ("Case-9", 3, "CVE-2020-11914"): Exposed.NOT_AFFECTED,
    ("Case-13", 1, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-13", 2, "CVE-2020-25649"): Exposed.NOT_AFFECTED,
    ("Case-13", 3, "CVE-2020-25649"): Exposed.AFFECTED,
}

# Case 7 speaks of all products of Acme; maker to answer.
OF_MAKER = {"Acme, Inc.": Exposed.NOT_AFFECTED, "Other": None, "": None}

CISA_CASES = {
    # (product, version) to the answer for CVE-2021-44228, as the page of case 8 says.
    ("ABC", "2.4"): Exposed.AFFECTED,
    ("ABC", "3.5"): Exposed.AFFECTED,
    ("ABC", "2.3"): Exposed.NOT_AFFECTED,
    ("ABC", "2.5"): Exposed.NOT_AFFECTED,
    ("JKL", "4.5"): Exposed.AFFECTED,
    ("JKL", "4.4"): Exposed.NOT_AFFECTED,
    ("JKL", "5.1"): Exposed.NOT_AFFECTED,
}


# The statuses of CSAF VEX (CSAF 2.0, 3.2.3.9) to the answer for a device.
_MEANS = {
    "known_affected": Exposed.AFFECTED,
    "known_not_affected": Exposed.NOT_AFFECTED,
    "fixed": Exposed.NOT_AFFECTED,
    "under_investigation": Exposed.CANNOT_TELL,
}
_RANGE = re.compile(r"vers:generic/>=([\d.]+)\|<=([\d.]+)")


@value
class Told:
    """One statement: what it means, and what was answered."""

    case: str
    expected: str
    given: str

    @property
    def is_right(self) -> bool:
        """Whether both are the same."""
        return self.expected == self.given


def component(name: str, version: str, *, url: str = "", platform: str = "", maker: str = "") -> Component:
    """A component with what a test says of it and nothing else."""
    purls, cpes = ((url,) if url else ()), ((platform,) if platform else ())
    return Component(name=name, version=version, maker=maker, purls=purls, cpes=cpes, ref="")


def advisory(document: dict[str, Any]) -> Advisory:
    """Reads a document as a feed's is read."""
    return _advisory(json.dumps(document).encode(), "document.json")


def answer_to_case(folder: Path, case: str, version: str, cve: str) -> Exposed | None:
    """The answer for "Acme Product" by one of the published use cases of CycloneDX."""
    path = _use_cases(folder) / case / "vex.json"
    shown = version or json.loads(path.read_bytes())["metadata"]["component"]["version"]
    return _answers(_advisory(path.read_bytes(), path.name), component("Acme Product", shown)).get(cve)


def answer_to_linked(folder: Path, case: str, number: int, cve: str) -> Exposed | None:
    """The answer for the product of one of the lists that a use case points into."""
    return _answers(linked(_use_cases(folder) / case), component(f"Acme Product {number}", "1.0")).get(cve)


def answer_of_maker(folder: Path, maker: str) -> Exposed | None:
    """The answer of use case 7 for any product of a maker."""
    path = _use_cases(folder) / "Case-7" / "vex.json"
    of = dataclasses.replace(component("Anything", "7"), maker=maker)
    return _answers(_advisory(path.read_bytes(), path.name), of).get("CVE-2020-25649")


def answer_to_cisa(folder: Path, product: str, version: str) -> Exposed | None:
    """The answer by CISA's case of several products, versions and states."""
    place = folder / "cyclonedx_bom-examples" / "VEX" / "CISA-Use-Cases" / "Case-8"
    return _answers(linked(place), component(product, version)).get("CVE-2021-44228")


def linked(folder: Path) -> Advisory:
    """The one statement of a folder, with the products that it points to in the folder's lists."""
    found = [read_document(path.read_bytes(), path.name) for path in sorted(folder.glob("*.json"))]
    contents = [one.content for one in found if isinstance(one, Document)]
    lists = [one for one in contents if isinstance(one, Parts)]
    (only,) = resolved([one for one in contents if isinstance(one, Advisory)], lists)
    return only


def cyclonedx(folder: Path) -> Iterator[Told]:
    """All use cases of CycloneDX."""
    for (case, version, cve), answer in CASES.items():
        yield _told(f"{case} {version} {cve}", answer, answer_to_case(folder, case, version, cve))
    for (case, number, cve), answer in LINKED.items():
        yield _told(f"{case} {number} {cve}", answer, answer_to_linked(folder, case, number, cve))
    for maker, answer in OF_MAKER.items():
        yield _told(f"Case-7 {maker}", answer, answer_of_maker(folder, maker))
    for (product, version), answer in CISA_CASES.items():
        yield _told(f"CISA Case-8 {product} {version}", answer, answer_to_cisa(folder, product, version))


def csaf(folder: Path) -> Iterator[Told]:
    """Every status of every product of the CSAF VEX examples, and every one that was read and is not there."""
    for path in sorted((folder / "oasis_csaf_vex").glob("*.json")):
        given: dict[tuple[str, str], set[str]] = {}
        for one in _advisory(path.read_bytes(), path.name).vulnerabilities:
            for number, read in one.status:
                given.setdefault((one.id, number), set()).add(read.value)
        meant: dict[tuple[str, str], set[str]] = {}
        for said in json.loads(path.read_bytes())["vulnerabilities"]:
            for status, numbers in said["product_status"].items():
                for number in numbers:
                    meant.setdefault((said["cve"], number), set()).add(status)
        for key in sorted({*meant, *given}):
            for status in sorted(meant.get(key, set()) | given.get(key, set())):
                case = " ".join((path.stem, *key, status))
                expected, told = status in meant.get(key, ()), status in given.get(key, ())
                yield Told(case=case, expected=status * expected, given=status * told)


def csaf_devices(folder: Path) -> Iterator[Told]:
    """Devices of the products of the CSAF VEX examples: at the named version, or at both ends of the named range."""
    for path in sorted((folder / "oasis_csaf_vex").glob("*.json")):
        raw = json.loads(path.read_bytes())
        products = dict(_products(raw["product_tree"].get("branches", ()), {}))
        matcher = Matcher([_advisory(path.read_bytes(), path.name)])
        for said in raw["vulnerabilities"]:
            for status, numbers in said["product_status"].items():
                for number in numbers if status in _MEANS else ():
                    of = products[number]
                    model = of.get("product_name") or of["product_family"]
                    ranged = _RANGE.fullmatch(of.get("product_version_range", ""))
                    for version in ranged.groups() if ranged else (of.get("product_version", "1.0"),):
                        asked = Identity(vendor=of["vendor"], model=model, version=version)
                        given = {one.answer for one in matcher.verdicts(asked) if said["cve"] in one.vulnerabilities}
                        answer = " and ".join(sorted(given)) or "nothing"
                        case = f"{path.stem} {said['cve']} {model} {version}"
                        yield Told(case=case, expected=str(_MEANS[status]), given=answer)


def planted_records(bill: Bill) -> tuple[list[Advisory], dict[str, Exposed | None]]:
    """CVE records on every part by its name, package URL and CPE, each ending at its version and just before it.

    Returns:
        The records, and the answer to each by its number.
    """
    advisories: list[Advisory] = []
    expected: dict[str, Exposed | None] = {}
    for part in bill.components:
        if not part.version:
            continue
        ways: list[dict[str, Any]] = [{"vendor": part.maker or "x", "product": part.name}]
        ways += [
            {"vendor": "x", "product": f"x{len(expected)}", "packageURL": url.partition("@")[0]} for url in part.purls
        ]
        ways += [{"vendor": "x", "product": f"x{len(expected)}", "cpes": [text]} for text in part.cpes]
        for way in ways:
            for bound, answer in (("lessThanOrEqual", Exposed.AFFECTED), ("lessThan", None)):
                one = _record(len(advisories), bound, part.version, **way)
                advisories.append(one)
                expected[one.vulnerabilities[0].id] = answer
    return advisories, expected


def real_list(folder: Path, name: str) -> Iterator[Told]:
    """The parts of a real list against the records that are planted to them."""
    bill = read_sbom((folder / name).read_bytes())
    assert isinstance(bill, Bill)
    advisories, expected = planted_records(bill)
    told = PartMatcher(advisories).verdicts(Subject(maker="Acme", model="Device", version=""), bill)
    given = {number: one.verdict.answer for one in told for number in one.verdict.vulnerabilities}
    for number, answer in expected.items():
        yield _told(f"{name} {number}", answer, given.get(number))


def _products(branches: list[dict[str, Any]], above: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every product of a CSAF product tree (CSAF 2.0, 3.1.2): its id, and the names on the way to it by category."""
    for branch in branches:
        here = {**above, branch["category"]: branch["name"]}
        if "product" in branch:
            yield branch["product"]["product_id"], here
        yield from _products(branch.get("branches", []), here)


def _record(number: int, bound: str, version: str, **names: Any) -> Advisory:
    said = {"version": "0", bound: version, "status": "affected"}
    return advisory(
        {
            "dataType": "CVE_RECORD",
            "cveMetadata": {"cveId": f"CVE-2026-{number:05}", "assignerShortName": "mitre"},
            "containers": {"cna": {"affected": [{**names, "versions": [said]}]}},
        }
    )


def _use_cases(folder: Path) -> Path:
    return folder / "cyclonedx_bom-examples" / "VEX" / "Use-Cases"


def _advisory(content: bytes, name: str) -> Advisory:
    found = read_document(content, name)
    assert isinstance(found, Document)
    assert isinstance(found.content, Advisory)
    return found.content


def _answers(said: Advisory, of: Component) -> dict[str, Exposed]:
    return {one.vulnerability: one.answer for one in ComponentMatcher([said]).verdicts(of)}


def _told(case: str, expected: Exposed | None, given: Exposed | None) -> Told:
    return Told(case=case, expected=str(expected or "nothing"), given=str(given or "nothing"))
