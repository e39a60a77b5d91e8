"""One document of any publisher: bytes to a value, by what it says it is and not by its file's name."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

from asepsis.exposure.advisory import Advisory, Problem, Provenance
from asepsis.exposure.feeds.csaf import is_csaf, read_csaf
from asepsis.exposure.feeds.cve import is_cve, read_cve
from asepsis.exposure.feeds.document import Field, Notes, read_json, unpacked
from asepsis.exposure.feeds.exploitation import (
    ExploitedCatalogue,
    LikelihoodTable,
    is_epss,
    is_kev,
    read_epss,
    read_kev,
)
from asepsis.exposure.feeds.fda import (
    ProductClasses,
    Recalls,
    is_classes,
    is_classification,
    is_recalls,
    read_classes,
    read_classification,
    read_recalls,
)
from asepsis.exposure.feeds.vex import (
    Parts,
    is_cyclonedx,
    is_openvex,
    read_cyclonedx_vex,
    read_openvex,
    read_parts,
)
from asepsis.kernel.value import value

NOT_READ: Final = "is none of the documents that are read: CSAF, OpenVEX, CycloneDX, CVE, KEV, EPSS, the FDA's"


class Kind(StrEnum):
    """What a document is."""

    CSAF = "csaf"
    OPENVEX = "openvex"
    CYCLONEDX_VEX = "cyclonedx-vex"
    CYCLONEDX_BOM = "cyclonedx-bom"
    """A list of components, kept for the documents that point into it."""
    CVE = "cve"
    KEV = "kev"
    EPSS = "epss"
    FDA_CLASSES = "fda-classes"
    FDA_RECALLS = "fda-recalls"


Content = Advisory | ExploitedCatalogue | LikelihoodTable | ProductClasses | Recalls | Parts


@value
class Document:
    """A document that was read."""

    kind: Kind
    key: str
    """The same for every edition of one document."""
    updated: str
    """ISO 8601, as the document says it; empty where it does not."""
    revision: str
    provenance: Provenance
    content: Content
    original: bytes
    """The bytes that it was read from, unpacked."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What in it could not be read."""
        return self.content.problems


def read_document(content: bytes, path: str, signature: str = "") -> Document | Problem:
    """The document in a file, or why there is none.

    Args:
        content: The bytes of the file, packed by gzip or zip or not.
        path: Where it came from; it is only kept.
        signature: What its signature is worth; it is only kept.
    """
    notes = Notes()
    provenance = Provenance(path=path, sha256=hashlib.sha256(content).hexdigest(), signature=signature)
    plain = unpacked(content)
    if isinstance(plain, Problem):
        return plain
    if is_epss(plain):
        scores = read_epss(plain, notes)
        if isinstance(scores, Problem):
            return scores
        return _table(Kind.EPSS, scores, scores.released, scores.model, provenance, plain)
    if is_classes(plain):
        classes = read_classes(plain, notes)
        return classes if isinstance(classes, Problem) else _table(Kind.FDA_CLASSES, classes, "", "", provenance, plain)
    if not plain.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return Problem(where="", why=NOT_READ)
    root = read_json(plain, notes)
    if isinstance(root, Problem):
        return root
    return _json(root, notes, provenance, plain)


def _json(root: Field, notes: Notes, provenance: Provenance, plain: bytes) -> Document | Problem:
    if is_csaf(root):
        return _advisory(Kind.CSAF, read_csaf(root, notes, provenance), plain)
    if is_kev(root):
        catalogue = read_kev(root, notes)
        return _table(Kind.KEV, catalogue, catalogue.released, catalogue.version, provenance, plain)
    if is_cve(root):
        return _advisory(Kind.CVE, read_cve(root, notes, provenance), plain)
    if is_openvex(root):
        return _advisory(Kind.OPENVEX, read_openvex(root, notes, provenance), plain)
    if is_cyclonedx(root):
        if "vulnerabilities" not in root.content:
            return _parts(read_parts(root, notes), provenance, plain)
        return _advisory(Kind.CYCLONEDX_VEX, read_cyclonedx_vex(root, notes, provenance), plain)
    if is_recalls(root):
        recalls = read_recalls(root, notes)
        return _table(Kind.FDA_RECALLS, recalls, recalls.updated, "", provenance, plain)
    if is_classification(root):
        said = root.get("meta").text("last_updated")
        return _table(Kind.FDA_CLASSES, read_classification(root, notes), said, "", provenance, plain)
    return Problem(where="", why=NOT_READ)


def _advisory(kind: Kind, advisory: Advisory, plain: bytes) -> Document | Problem:
    if not advisory.id:
        return Problem(where="", why="bears no number by which it could be told from others")
    return Document(
        kind=kind,
        key=f"{kind}\n{advisory.key}",
        updated=advisory.updated,
        revision=advisory.revision,
        provenance=advisory.provenance,
        content=advisory,
        original=plain,
    )


def _parts(parts: Parts, provenance: Provenance, plain: bytes) -> Document | Problem:
    if not parts.serial:
        why = "is a list of components that nothing can point at, for want of a serialNumber: asepsis import sbom"
        return Problem(where="", why=why)
    return Document(
        kind=Kind.CYCLONEDX_BOM,
        key=f"{Kind.CYCLONEDX_BOM}\n{parts.serial}",
        updated=parts.updated,
        revision=parts.revision,
        provenance=provenance,
        content=parts,
        original=plain,
    )


def _table(kind: Kind, content: Content, updated: str, revision: str, provenance: Provenance, plain: bytes) -> Document:
    # Recalls come in files of many names; of the other tables there is one.
    key = f"{kind}\n{provenance.path}" if kind is Kind.FDA_RECALLS else str(kind)
    return Document(
        kind=kind,
        key=key,
        updated=updated,
        revision=revision,
        provenance=provenance,
        content=content,
        original=plain,
    )
