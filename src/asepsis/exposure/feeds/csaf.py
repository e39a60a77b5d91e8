"""CSAF 2.0, security advisories and VEX alike: OASIS Common Security Advisory Framework, ``/document`` to values.

A product tree that is too deep, or a relationship that leads in a circle, is a problem and not an endless loop;
products with an id that was given before are noted and the first holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from asepsis.exposure.advisory import Advisory, Product, Provenance, Remedy, Score, Status, Vulnerability
from asepsis.exposure.feeds.document import Field, Notes

# CSAF 2.0, 3.1.2.2 lets branches nest without end; real trees have five levels.
BRANCHES_DEEP: Final = 30
PRODUCTS_LIMIT: Final = 200_000
# A part of a part of a part: a longer chain of relationships than this is a circle.
RELATIONS_DEEP: Final = 8
STATUS_LIMIT: Final = 1_000_000

_NAMES: Final = ("product_name", "product_family", "vendor", "product_version", "product_version_range")


def is_csaf(root: Field) -> bool:
    """True for a document that says it is CSAF."""
    document = root.content.get("document")
    return isinstance(document, dict) and "csaf_version" in document


def read_csaf(root: Field, notes: Notes, provenance: Provenance) -> Advisory:
    """The advisory in a document; what does not fit the standard is among its problems."""
    document = root.get("document")
    version = document.text("csaf_version")
    if version not in ("2.0", "2.1"):
        notes.add("/document/csaf_version", f"is {version!r}; it was read as 2.0")
    tracking = document.get("tracking")
    number = tracking.text("id")
    if not number:
        notes.add("/document/tracking/id", "is missing")
    products = _products(root.get("product_tree"), notes)
    groups = _groups(root.get("product_tree"))
    known = {product.id for product in products}
    return Advisory(
        id=number,
        title=document.text("title"),
        publisher=document.get("publisher").text("name"),
        category=document.text("category"),
        revision=tracking.text("version"),
        released=tracking.text("initial_release_date"),
        updated=tracking.text("current_release_date"),
        products=products,
        vulnerabilities=tuple(_vulnerabilities(root, groups, known, notes)),
        address=_address(document),
        provenance=provenance,
        problems=tuple(notes.problems),
    )


def _address(document: Field) -> str:
    found = ""
    for reference in document.items("references"):
        if reference.text("category") == "self":
            url = reference.text("url")
            if url.startswith("https://") and not url.endswith(".json"):
                return url
            found = found or url
    return found


def _products(tree: Field, notes: Notes) -> tuple[Product, ...]:
    found: dict[str, Product] = {}
    for branch in tree.items("branches"):
        for product in _branch(branch, {}, 1, notes):
            _keep(found, product, notes)
    for full in tree.items("full_product_names"):
        _keep(found, _product(full, {}), notes)
    relations = {}
    for relation in tree.items("relationships"):
        full = relation.get("full_product_name")
        relations[full.text("product_id")] = (
            full,
            relation.text("product_reference"),
            relation.text("relates_to_product_reference"),
        )
    for number, (full, part, whole) in relations.items():
        one, other = _resolved(part, found, relations, 0), _resolved(whole, found, relations, 0)
        if one is None or other is None:
            notes.add(full.where, f"relates products that are not in the tree or lead in a circle: {number[:80]}")
            continue
        # What is installed is what has the weakness; what it is installed on is what stands in the ward.
        own = _product(full, {})
        _keep(
            found,
            Product(
                id=own.id,
                vendor=other.vendor or one.vendor,
                name=other.name or other.words,
                version=other.version,
                words=own.words or f"{one.words} as part of {other.words}",
                family=other.family,
                module=one.words,
                cpe=own.cpe,
                purls=own.purls,
                models=own.models or other.models,
                serials=own.serials or other.serials,
                skus=own.skus or other.skus,
                is_range=other.is_range,
            ),
            notes,
        )
    return tuple(found.values())


def _resolved(
    number: str, found: dict[str, Product], relations: dict[str, tuple[Field, str, str]], depth: int
) -> Product | None:
    """A product by its id, through relationships that were not read yet."""
    if number in found:
        return found[number]
    if depth >= RELATIONS_DEEP or number not in relations:
        return None
    return _resolved(relations[number][2], found, relations, depth + 1)


def _keep(found: dict[str, Product], product: Product, notes: Notes) -> None:
    if not product.id:
        notes.add("/product_tree", f"a product without an id: {product.words[:80]}")
    elif product.id in found:
        notes.add("/product_tree", f"the product id {product.id[:80]} was given before; the first holds")
    elif len(found) >= PRODUCTS_LIMIT:
        notes.add("/product_tree", f"holds more than {PRODUCTS_LIMIT} products; the first were read")
    else:
        found[product.id] = product


def _branch(branch: Field, above: dict[str, str], depth: int, notes: Notes) -> Iterator[Product]:
    if depth > BRANCHES_DEEP:
        notes.add(branch.where, f"is nested deeper than {BRANCHES_DEEP} branches")
        return
    category, name = branch.text("category"), branch.text("name")
    if category in _NAMES:
        # Some trees put a product inside a product (a module); the inner one is the product and the outer its family.
        if category == "product_name" and "product_name" in above:
            above = {**above, "product_family": above["product_name"]}
        above = {**above, category: name}
    if branch.get("product").is_there:
        yield _product(branch.get("product"), above)
    for inner in branch.items("branches"):
        yield from _branch(inner, above, depth + 1, notes)


def _product(full: Field, above: dict[str, str]) -> Product:
    helper = full.get("product_identification_helper")
    ranged = "product_version_range" in above
    purl = helper.text("purl")
    return Product(
        id=full.text("product_id"),
        vendor=above.get("vendor", "").strip(),
        name=(above.get("product_name") or above.get("product_family") or "").strip(),
        version=(above.get("product_version_range") if ranged else above.get("product_version")) or "",
        words=full.text("name"),
        family=above.get("product_family", ""),
        cpe=helper.text("cpe"),
        purls=(purl,) if purl else (),
        hashes=tuple(entry.text("value") for hashed in helper.items("hashes") for entry in hashed.items("file_hashes")),
        uris=(*helper.texts("sbom_urls"), *(one.text("uri") for one in helper.items("x_generic_uris"))),
        models=helper.texts("model_numbers"),
        serials=helper.texts("serial_numbers"),
        skus=helper.texts("skus"),
        is_range=ranged,
    )


def _groups(tree: Field) -> dict[str, tuple[str, ...]]:
    return {group.text("group_id"): group.texts("product_ids") for group in tree.items("product_groups")}


def _vulnerabilities(
    root: Field, groups: dict[str, tuple[str, ...]], known: set[str], notes: Notes
) -> Iterator[Vulnerability]:
    for place, field in enumerate(root.items("vulnerabilities")):
        number = field.text("cve") or next((entry.text("text") for entry in field.items("ids")), "")
        status: list[tuple[str, Status]] = []
        said = field.get("product_status")
        for word in Status:
            for product in said.texts(word.value):
                if product not in known:
                    notes.add(f"{said.where}/{word.value}", f"names a product that is not in the tree: {product[:80]}")
                elif len(status) < STATUS_LIMIT:
                    status.append((product, word))
        yield Vulnerability(
            id=number or f"vulnerability {place + 1}",
            title=field.text("title"),
            cwe=field.get("cwe").text("id"),
            status=tuple(status),
            scores=tuple(_scores(field)),
            remedies=tuple(_remedies(field, groups)),
            reasons=tuple(_reasons(field, groups)),
        )


def _scores(field: Field) -> Iterator[Score]:
    for entry in field.items("scores"):
        for name in ("cvss_v4", "cvss_v3", "cvss_v2"):
            score = entry.get(name)
            base = score.number("baseScore") if score.is_there else None
            if base is not None and 0 <= base <= 10:
                yield Score(
                    version=score.text("version") or name[-1],
                    vector=score.text("vectorString"),
                    base=base,
                    products=entry.texts("products"),
                )


def _remedies(field: Field, groups: dict[str, tuple[str, ...]]) -> Iterator[Remedy]:
    for entry in field.items("remediations"):
        yield Remedy(category=entry.text("category"), words=entry.text("details"), products=_targets(entry, groups))


def _reasons(field: Field, groups: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Flags (a label) and impact statements (words) that say why a product is not affected."""
    for flag in field.items("flags"):
        for product in _targets(flag, groups):
            yield product, flag.text("label")
    for threat in field.items("threats"):
        if threat.text("category") == "impact":
            for product in _targets(threat, groups):
                yield product, threat.text("details")


def _targets(entry: Field, groups: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    named = list(entry.texts("product_ids"))
    for group in entry.texts("group_ids"):
        named.extend(groups.get(group, ()))
    return tuple(named)
