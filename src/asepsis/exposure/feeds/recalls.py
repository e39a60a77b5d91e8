"""Recalls of the FDA as advisories: what was recalled, from whom, and which units, in the recall's own words.

A recall names a product by a sentence and its units by lots and serial numbers, which a network seldom shows: whether
it holds of a device can then be told only at its label, and the answer says so. Recalls that the FDA has terminated are
left out: it has found that every unit was corrected or removed (21 CFR 7.55).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from asepsis.exposure.advisory import Advisory, Product, Provenance, Remedy, Status, Vulnerability
from asepsis.exposure.feeds.fda import Recall
from asepsis.exposure.udi import is_identifier

CATEGORY: Final = "fda_recall"
PUBLISHER: Final = "FDA"
UNITS: Final = "the lots, serial numbers or dates that the recall lists, held against the label of the device: "
"""Begins the words of a recall that is not about all units of its product; what the recall says stands behind it."""
# One recall lists the catalogue numbers of a whole line at most; further ones are seldom different devices.
MODELS_LIMIT: Final = 60
_TEXT_LIMIT: Final = 8_000
_NAME_LIMIT: Final = 120
# In these the units do not matter: every one is meant.
_EVERY: Final = re.compile(
    r"^\W*(?:all|every)\b[^.;:]{0,60}\b(?:units?|lots?|serial\s*(?:numbers?|nos?\.?)|devices?|codes?|products?|systems?"
    r"|versions?)\b[^0-9]{0,80}$|^\W*all\W*$",
    re.I,
)
_SOFTWARE: Final = re.compile(
    r"\b(?:software|firmware|sw)\s*(?:version|ver\.?|revision|release|v\b|rev\.?)?s?\s*(?:numbers?)?\s*:?\s*"
    r"((?:v\.?\s?)?[0-9][^;\n]{0,120})",
    re.I,
)
_LABELLED: Final = re.compile(
    r"(?:^|[\n;])\s*(brand name|product name|model/catalog number|model number|catalog number)\s*:\s*([^\n;]{1,300})",
    re.I,
)
_CODE: Final = r"[A-Za-z]{0,6}[-/]?[0-9][A-Za-z0-9.\-/]{0,24}"
_MODELS: Final = re.compile(
    r"\b(?:models?|catalog(?:ue)?|ref(?:erence)?|part|item|product)(?:\s*/\s*\w+)?\s*(?:numbers?|nos?\.?|codes?|#s?)?\s*[:#]?\s*"
    rf"(\(?{_CODE}\)?(?:\s*(?:,|;|\band\b|\bor\b|&|/)\s*(?:and\s+)?{_CODE})*)",
    re.I,
)
_ONE_CODE: Final = re.compile(_CODE)
_END: Final = re.compile(
    r"[,;:\n(]|\.\s|\b(?:product usage|model|catalog|ref\b|part number|is an?\b|used\b|intended)\b", re.I
)
_DI: Final = re.compile(r"(?<![0-9])[0-9]{14}(?![0-9])")
_CLASSES: Final = {"Class I": "I", "Class II": "II", "Class III": "III"}


def advisories_of(recalls: Iterable[Recall]) -> Iterator[Advisory]:
    """Each recall that is under way, as an advisory of one matter; the first of several with one number holds."""
    seen: set[str] = set()
    for recall in recalls:
        if recall.id in seen or recall.status.casefold().startswith("terminated"):
            continue
        seen.add(recall.id)
        products = tuple(_products(recall))
        if products and recall.maker:
            yield _advisory(recall, products)


def _advisory(recall: Recall, products: tuple[Product, ...]) -> Advisory:
    reason = " ".join(recall.reason.split())
    grade = _CLASSES.get(recall.classification.strip(), "")
    named = f"FDA recall class {grade}" if grade else "FDA recall"
    return Advisory(
        id=recall.id,
        title=f"{named}: {reason}"[:300],
        publisher=PUBLISHER,
        category=CATEGORY,
        revision="",
        released=recall.begun,
        updated=recall.begun,
        products=products,
        vulnerabilities=(
            Vulnerability(
                id=recall.id,
                title=reason[:300],
                cwe="",
                status=tuple((product.id, Status.AFFECTED) for product in products),
                remedies=(Remedy(category="mitigation", words=_ADVICE, products=()),),
                recall_class=grade,
                product_code=recall.product_code.strip().upper(),
            ),
        ),
        address="https://www.accessdata.fda.gov/scripts/ires/index.cfm",
        provenance=Provenance(path="", sha256=""),
    )


_ADVICE: Final = "Follow the letter of the maker; ask it where there was none."


def _lines(text: str) -> str:
    """The text without empty lines and with one space where there are more.

    The forms above let space stand at many places: a thousand spaces in a row could be parted among them in a billion
    ways, and every one would be tried.
    """
    return "\n".join(filter(None, (" ".join(line.split()) for line in text[:_TEXT_LIMIT].splitlines())))


def _products(recall: Recall) -> Iterator[Product]:
    text = _lines(recall.product)
    names = list(dict.fromkeys(_names(text)))
    every = " ".join(f"{text} {recall.codes}".split())
    version, is_range = _units(recall)
    identifiers = tuple(dict.fromkeys(filter(is_identifier, _DI.findall(every[:_TEXT_LIMIT]))))
    for place, name in enumerate(names[:MODELS_LIMIT]):
        yield Product(
            id=f"{recall.id} {place}",
            vendor=recall.maker,
            name=name,
            version=version,
            words=f"{' '.join(text.split())[:600]}. Why it is recalled: {' '.join(recall.reason.split())[:600]}",
            udis=identifiers,
            is_range=is_range,
        )


def _names(text: str) -> Iterator[str]:
    labelled = {label.lower(): words.strip() for label, words in reversed(_LABELLED.findall(text))}
    head = labelled.get("brand name") or labelled.get("product name") or _END.split(text.strip(), maxsplit=1)[0]
    head = " ".join(head.split())[:_NAME_LIMIT].strip(" -")
    said = " ".join(words for label, words in labelled.items() if "number" in label)
    found = [*_ONE_CODE.findall(said), *(code for some in _MODELS.findall(text) for code in _ONE_CODE.findall(some))]
    codes = [code.strip(".-/") for code in found if sum(sign.isdigit() for sign in code) >= 2]
    for code in dict.fromkeys(codes):
        # A number of fourteen digits is the UDI-DI, and no model.
        if not _DI.fullmatch(code):
            yield head if code.casefold() in head.casefold() else f"{head} {code}".strip()
    if not codes and any(sign.isalpha() for sign in head):
        yield head


def _units(recall: Recall) -> tuple[str, bool]:
    codes = " ".join(recall.codes.split())[:_TEXT_LIMIT]
    software = _SOFTWARE.search(f"{_lines(recall.codes)}\n{_lines(recall.product)}")
    if software is not None:
        return software[1].strip(" ."), False
    if not codes or _EVERY.match(codes):
        return "vers:all/*", True
    return f"{UNITS}{codes}", False
