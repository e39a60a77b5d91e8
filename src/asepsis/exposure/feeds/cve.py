"""CVE records, version 5: what the CNA and the enrichers say of one vulnerability, as an advisory.

https://github.com/CVEProject/cve-schema, version 5.1: ``containers/cna`` and ``containers/adp``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from asepsis.exposure.advisory import Advisory, Product, Provenance, Score, Status, Vulnerability
from asepsis.exposure.feeds.document import Field, Notes

_STATUS: Final = {
    "affected": Status.AFFECTED,
    "unaffected": Status.NOT_AFFECTED,
    "unknown": Status.UNDER_INVESTIGATION,
}
# Words by which a record says that it knows no maker or product.
_NOBODY: Final = frozenset(("n/a", "unspecified", "unknown", ""))


def is_cve(root: Field) -> bool:
    """True for a CVE record."""
    return bool(root.content.get("dataType") == "CVE_RECORD")


def read_cve(root: Field, notes: Notes, provenance: Provenance) -> Advisory:
    """The record as an advisory of one vulnerability."""
    head = root.get("cveMetadata")
    number = head.text("cveId")
    if not number:
        notes.add("/cveMetadata/cveId", "is missing")
    products: list[Product] = []
    status: list[tuple[str, Status]] = []
    scores: list[Score] = []
    cna = root.get("containers").get("cna")
    for container in (cna, *root.get("containers").items("adp")):
        for affected in container.items("affected"):
            for product, said in _affected(affected):
                products.append(product)
                status.append((product.id, said))
        scores.extend(_scores(container))
    if head.text("state") == "REJECTED":
        status = []
    return Advisory(
        id=number,
        title=cna.text("title") or number,
        publisher=head.text("assignerShortName"),
        category="cve",
        revision="",
        released=head.text("datePublished"),
        updated=head.text("dateUpdated"),
        products=tuple(products),
        vulnerabilities=(
            Vulnerability(
                id=number, title=cna.text("title"), cwe=_weakness(cna), status=tuple(status), scores=tuple(scores)
            ),
        ),
        address=f"https://www.cve.org/CVERecord?id={number}",
        provenance=provenance,
        problems=tuple(notes.problems),
    )


def _weakness(cna: Field) -> str:
    for problem in cna.items("problemTypes"):
        for description in problem.items("descriptions"):
            if description.text("cweId"):
                return description.text("cweId")
    return ""


def _affected(field: Field) -> Iterator[tuple[Product, Status]]:
    vendor, name = field.text("vendor"), field.text("product")
    if vendor.casefold() in _NOBODY or name.casefold() in _NOBODY:
        return
    default = _STATUS.get(field.text("defaultStatus"), Status.UNDER_INVESTIGATION)
    cpes = field.texts("cpes")
    listed = False
    for place, entry in enumerate(field.items("versions")):
        words = _range(entry)
        if not words:
            continue
        listed = True
        said = _STATUS.get(entry.text("status"), Status.UNDER_INVESTIGATION)
        yield _product(field, vendor, name, words, f"{field.where}/{place}", cpes), said
    if default is Status.AFFECTED or (not listed and default is not Status.UNDER_INVESTIGATION):
        yield _product(field, vendor, name, "vers:all/*", f"{field.where}/default", cpes), default


def _product(field: Field, vendor: str, name: str, words: str, number: str, cpes: tuple[str, ...]) -> Product:
    url = field.text("packageURL")
    return Product(
        id=number,
        vendor=vendor,
        name=name,
        version=words,
        words=f"{name}: {words}",
        cpe=cpes[0] if cpes else "",
        purls=(url,) if url else (),
        is_range=words[:1] in "<>*",
    )


def _range(entry: Field) -> str:
    """``version`` alone is one version; with ``lessThan`` or ``lessThanOrEqual`` it begins a range."""
    begin, below, until = entry.text("version"), entry.text("lessThan"), entry.text("lessThanOrEqual")
    if not below and not until:
        return "vers:all/*" if begin.casefold() in (*_NOBODY, "*", "all") else begin
    end = f"< {below}" if below else f"<= {until}"
    if (below or until) == "*":
        return f">= {begin}"
    # "0" and "unspecified" stand for the first version there was.
    return end if begin.casefold() in ("0", *_NOBODY, "*") else f">= {begin} | {end}"


def _scores(container: Field) -> Iterator[Score]:
    for metric in container.items("metrics"):
        for name in ("cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"):
            score = metric.get(name)
            base = score.number("baseScore") if score.is_there else None
            if base is not None and 0 <= base <= 10:
                yield Score(
                    version=score.text("version") or name[5:].replace("_", "."),
                    vector=score.text("vectorString"),
                    base=base,
                    products=(),
                )
