"""VEX that is not CSAF: OpenVEX 0.2 and CycloneDX vulnerabilities, as advisories."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from asepsis.exposure.advisory import Advisory, Problem, Product, Provenance, Remedy, Score, Status, Vulnerability
from asepsis.exposure.feeds.document import Field, Notes
from asepsis.exposure.matching.identifiers import cpe, purl
from asepsis.exposure.matching.range_text import read_range
from asepsis.exposure.matching.ranges import Part
from asepsis.kernel.value import value

# OpenVEX 0.2.0, "Status Labels".
_OPENVEX: Final = {
    "not_affected": Status.NOT_AFFECTED,
    "affected": Status.AFFECTED,
    "fixed": Status.FIXED,
    "under_investigation": Status.UNDER_INVESTIGATION,
}
# CycloneDX 1.4, vulnerability analysis state.
_ANALYSIS: Final = {
    "exploitable": Status.AFFECTED,
    "in_triage": Status.UNDER_INVESTIGATION,
    "false_positive": Status.NOT_AFFECTED,
    "not_affected": Status.NOT_AFFECTED,
    "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED,
}
# CycloneDX 1.4, status of one version in ``affects``.
_VERSION: Final = {
    "affected": Status.AFFECTED,
    "unaffected": Status.NOT_AFFECTED,
    "unknown": Status.UNDER_INVESTIGATION,
}
COMPONENTS_DEEP: Final = 40


def is_openvex(root: Field) -> bool:
    """True for an OpenVEX document."""
    context = root.content.get("@context")
    return isinstance(context, str) and "openvex.dev" in context


def read_openvex(root: Field, notes: Notes, provenance: Provenance) -> Advisory:
    """The statements of an OpenVEX document."""
    products: dict[str, Product] = {}
    vulnerabilities: list[Vulnerability] = []
    for statement in root.items("statements"):
        named = statement.get("vulnerability")
        # 0.0.x documents name the vulnerability by a text.
        number = named.text() if isinstance(named.content, str) else named.text("name") or named.text("@id")
        said = _OPENVEX.get(statement.text("status"))
        if said is None or not number:
            notes.add(statement.where, "has no vulnerability or no known status")
            continue
        status = []
        for item in statement.items("products"):
            for product in _openvex_products(item):
                products.setdefault(product.id, product)
                status.append((product.id, said))
        why = statement.text("justification") or statement.text("impact_statement")
        action = statement.text("action_statement")
        vulnerabilities.append(
            Vulnerability(
                id=number,
                title="",
                cwe="",
                status=tuple(status),
                remedies=(Remedy(category="mitigation", words=action, products=()),) if action else (),
                reasons=tuple((product, why) for product, _ in status) if why else (),
            )
        )
    number = root.text("@id")
    if not number:
        notes.add("/@id", "is missing")
    return Advisory(
        id=number,
        title=number,
        publisher=root.text("author"),
        category="openvex",
        revision=str(int(root.number("version") or 0)),
        released=root.text("timestamp"),
        updated=root.text("last_updated") or root.text("timestamp"),
        products=tuple(products.values()),
        vulnerabilities=tuple(vulnerabilities),
        provenance=provenance,
        problems=tuple(notes.problems),
    )


def _openvex_products(item: Field) -> Iterator[Product]:
    """A product, and the parts of it that the statement is about."""
    if isinstance(item.content, str):
        yield _by_identifier(item.text(), ())
        return
    number = item.text("@id") or item.get("identifiers").text("purl")
    inner = [part.text("@id") or part.get("identifiers").text("purl") for part in item.items("subcomponents")]
    for part in inner or [""]:
        identifiers = item.get("identifiers")
        purls = tuple(text for text in (identifiers.text("purl"), part) if text.startswith("pkg:"))
        found = _by_identifier(number, purls, module=part)
        yield found


def _by_identifier(number: str, purls: tuple[str, ...], module: str = "") -> Product:
    of = purl(number)
    named = cpe(number)
    return Product(
        id=f"{number} {module}".strip(),
        vendor=named.vendor if named else (of.namespace if of else ""),
        name=named.product if named else (of.name if of else number),
        version=(named.version if named else (of.version if of else "")),
        words=f"{number} {module}".strip(),
        module=module,
        cpe=number if named else "",
        purls=((number,) if of else ()) + purls,
    )


def is_cyclonedx(root: Field) -> bool:
    """True for a CycloneDX document."""
    return bool(root.content.get("bomFormat") == "CycloneDX")


def read_cyclonedx_vex(root: Field, notes: Notes, provenance: Provenance) -> Advisory:
    """The vulnerabilities of a CycloneDX document; their products are its components, or those of another document.

    A product of another document is named by a link (BOM-Link, ``urn:cdx:serial/version#ref``); ``resolved`` gives it
    its name where that document is at hand.
    """
    components = {item.text("bom-ref"): item for item in _components(root, notes)}
    products: dict[str, Product] = {}
    vulnerabilities: list[Vulnerability] = []
    harmed = _harmed(root)
    subject = root.get("metadata").get("component")
    for item in root.items("vulnerabilities"):
        status: list[tuple[str, Status]] = []
        analysis = item.get("analysis")
        general = _ANALYSIS.get(analysis.text("state"))
        if not item.get("affects").is_there:
            for product, said in _whole(root, subject, general):
                products.setdefault(product.id, product)
                status.append((product.id, said))
        for affected in item.items("affects"):
            told = list(_affects(affected, components, general))
            if (item.text("id"), affected.text("ref")) not in harmed:
                told += _others(told)
            for product, said in told:
                products.setdefault(product.id, product)
                status.append((product.id, said))
        why = analysis.text("justification") or analysis.text("detail")
        advice = item.text("recommendation") or item.text("workaround")
        vulnerabilities.append(
            Vulnerability(
                id=item.text("id"),
                title=item.text("description")[:200],
                cwe="",
                status=tuple(status),
                scores=tuple(_ratings(item)),
                remedies=(Remedy(category="mitigation", words=advice, products=()),) if advice else (),
                reasons=tuple((product, why) for product, _ in status) if why else (),
            )
        )
    number = root.text("serialNumber") or f"{subject.text('name')} {subject.text('version')}".strip()
    stamp = root.get("metadata").text("timestamp")
    return Advisory(
        id=number or provenance.path,
        title=subject.text("name"),
        publisher=subject.get("supplier").text("name") or subject.text("publisher") or subject.text("author"),
        category="cyclonedx_vex",
        revision=str(int(root.number("version") or 0)),
        released=stamp,
        updated=stamp,
        products=tuple(products.values()),
        vulnerabilities=tuple(vulnerabilities),
        provenance=provenance,
        problems=tuple(notes.problems),
    )


def _harmed(root: Field) -> frozenset[tuple[str, str]]:
    """(vulnerability, ref) of products of which the document calls some version affected."""
    return frozenset(
        (item.text("id"), affected.text("ref"))
        for item in root.items("vulnerabilities")
        if _ANALYSIS.get(item.get("analysis").text("state")) is Status.AFFECTED
        or any(one.text("status") == "affected" for two in item.items("affects") for one in two.items("versions"))
        for affected in item.items("affects")
    )


def _whole(root: Field, subject: Field, general: Status | None) -> Iterator[tuple[Product, Status]]:
    """What a vulnerability without ``affects`` is about: the document's subject, or else all products of its maker."""
    if general is None:
        return
    metadata = root.get("metadata")
    vendor = metadata.get("supplier").text("name") or metadata.get("manufacture").text("name")
    name, own = subject.text("name"), subject.text("version")
    if name:
        words = f"{name} {own}".strip()
        yield Product(id=words, vendor=vendor, name=name, version=own, words=words), general
    elif vendor:
        words = f"every product of {vendor}"
        yield Product(id=words, vendor=vendor, name="", version="vers:all/*", words=words, is_range=True), general


def _others(told: list[tuple[Product, Status]]) -> list[tuple[Product, Status]]:
    """The versions that are left between and around ranges that are cleared.

    Who clears one range says nothing of the rest, so that it cannot be told. Who clears several that stand apart has
    looked at all versions, and left out those that have the weakness (the CycloneDX project's case 8).
    """
    ranges = [product for product, _ in told if product.is_range]
    if not ranges or any(said is not Status.NOT_AFFECTED for _, said in told):
        return []
    one = told[0][0]
    name = one.name or one.words
    said = Status.AFFECTED if len(ranges) > 1 else Status.UNDER_INVESTIGATION
    return [
        (
            Product(
                id=f"{one.id.partition(' ')[0]} {rest}",
                vendor=one.vendor,
                name=name,
                version=rest,
                words=f"{name}: {rest.partition('/')[2]}, which is left out of what is cleared",
                cpe=one.cpe,
                purls=one.purls,
                is_range=True,
            ),
            said,
        )
        for rest in _rest([product.version for product, _ in told])
    ]


def _rest(cleared: list[str]) -> list[str]:
    """The ranges between and around those that are cleared, in the form of ``vers``; none where one was not read."""
    parts: list[Part] = []
    for words in cleared:
        found = read_range(words)
        if not found.parts:
            return []
        parts.extend(found.parts)
    gaps: list[str] = []
    above = ""
    for part in sorted(parts, key=lambda part: ("", ()) if part.low is None else part.low.at.order):
        if part.low is not None:
            below = f"{'<' if part.low.closed else '<='}{part.low.at.text}"
            gaps.append("vers:generic/" + "|".join(one for one in (above, below) if one))
        if part.high is None:
            return gaps
        above = f"{'>' if part.high.closed else '>='}{part.high.at.text}"
    return [*gaps, f"vers:generic/{above}"]


@value
class Parts:
    """A CycloneDX list that other documents may point into."""

    serial: str
    """The UUID, small letters; empty where the list has none."""
    updated: str
    revision: str
    named: dict[str, Product]
    """By the list's own reference (``bom-ref``): what a product is."""
    problems: tuple[Problem, ...] = ()


def read_parts(root: Field, notes: Notes) -> Parts:
    """What the components of a list are, for documents that point at them."""
    metadata = root.get("metadata")
    supplier = metadata.get("supplier").text("name") or metadata.get("manufacture").text("name")
    named: dict[str, Product] = {}
    for item in _components(root, notes):
        ref, name, own, url = item.text("bom-ref"), item.text("name"), item.text("version"), item.text("purl")
        vendor = item.get("supplier").text("name") or item.text("publisher") or supplier or item.text("group")
        if ref and name:
            words = f"{name} {own}".strip()
            named.setdefault(
                ref,
                Product(
                    id=ref,
                    vendor=vendor,
                    name=name,
                    version=own,
                    words=words,
                    cpe=item.text("cpe"),
                    purls=(url,) if url else (),
                ),
            )
    return Parts(
        serial=root.text("serialNumber").lower().removeprefix("urn:uuid:"),
        updated=metadata.text("timestamp"),
        revision=str(int(root.number("version") or 0)),
        named=named,
        problems=tuple(notes.problems),
    )


def points_elsewhere(advisory: Advisory) -> bool:
    """Whether a product of it stands in another document, so that what is meant hangs on that document too."""
    return any(product.id.startswith(_LINK) for product in advisory.products)


def resolved(advisories: Iterable[Advisory], lists: Iterable[Parts]) -> Iterator[Advisory]:
    """Advisories with the names, makers and identifiers of the products that they point at in other documents."""
    by_serial = {one.serial: one for one in lists if one.serial}
    for advisory in advisories:
        if by_serial and points_elsewhere(advisory):
            products = tuple(_followed(product, by_serial) for product in advisory.products)
            yield dataclasses.replace(advisory, products=products)
        else:
            yield advisory


# CycloneDX, "BOM-Link".
_LINK: Final = "urn:cdx:"


def _followed(product: Product, lists: dict[str, Parts]) -> Product:
    link, _, words = product.id.partition(" ")
    serial, _, ref = link.removeprefix(_LINK).partition("#")
    found = lists.get(serial.partition("/")[0].lower())
    meant = None if found is None else found.named.get(unquote(ref))
    if meant is None or not link.startswith(_LINK):
        return product
    version = product.version or meant.version
    return dataclasses.replace(
        product,
        vendor=meant.vendor,
        name=meant.name,
        version=version,
        words=f"{meant.name} {words or version}".strip(),
        cpe=meant.cpe,
        purls=meant.purls,
    )


def _components(root: Field, notes: Notes) -> Iterator[Field]:
    waiting = [(root.get("metadata").get("component"), 0), *((item, 0) for item in root.items("components"))]
    while waiting:
        item, depth = waiting.pop()
        if item.is_there:
            yield item
        if depth > COMPONENTS_DEEP:
            notes.add(item.where, f"is nested deeper than {COMPONENTS_DEEP} components")
        elif item.is_there:
            waiting.extend((inner, depth + 1) for inner in item.items("components"))


def _affects(affected: Field, components: dict[str, Field], general: Status | None) -> Iterator[tuple[Product, Status]]:
    ref = affected.text("ref")
    component = components.get(ref) or components.get(ref.rpartition("#")[2])
    name = component.text("name") if component is not None else ref.rpartition("#")[2]
    vendor = ""
    url = platform = own = ""
    if component is not None:
        vendor = component.get("supplier").text("name") or component.text("publisher") or component.text("group")
        url, platform, own = component.text("purl"), component.text("cpe"), component.text("version")
    versions = list(affected.items("versions"))
    for entry in versions or [affected]:
        words = entry.text("range") or entry.text("version") if versions else own
        said = _VERSION.get(entry.text("status")) if versions else None
        # An analysis of the whole says what a version's "affected" leaves open, and never the other way round.
        if said is None or (said is Status.AFFECTED and general is Status.FIXED):
            said = general or Status.AFFECTED
        yield (
            Product(
                id=f"{ref} {words}".strip(),
                vendor=vendor,
                name=name,
                version=words,
                words=f"{name} {words}".strip(),
                cpe=platform,
                purls=(url,) if url else (),
                is_range=words.startswith("vers:"),
            ),
            said,
        )


def _ratings(item: Field) -> Iterator[Score]:
    for rating in item.items("ratings"):
        base, method = rating.number("score"), rating.text("method")
        if base is not None and 0 <= base <= 10 and method.startswith("CVSS"):
            digits = method.removeprefix("CVSSv")
            version = {"2": "2.0", "3": "3.0", "31": "3.1", "4": "4.0"}.get(digits, digits)
            yield Score(version=version, vector=rating.text("vector"), base=base, products=())
