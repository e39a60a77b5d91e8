"""Reads a paper from a file or from bytes: a disclosure form or a list of components, with the product it speaks of."""

from __future__ import annotations

import hashlib
from pathlib import Path

from asepsis.exposure.feeds.document import DOCUMENT_LIMIT_BYTES
from asepsis.exposure.feeds.sbom import Bill, read_sbom
from asepsis.exposure.mds2 import Form, Mds2Error, read_form
from asepsis.exposure.mds2.reading import FORM_LIMIT_BYTES
from asepsis.exposure.paper import PaperKind, Subject
from asepsis.kernel.value import value
from asepsis.pipeline.papers_error import PapersError

# A name that a maker gives is shorter; what is longer is cut.
TEXT_LIMIT = 200


@value
class Read:
    """A paper that was read."""

    kind: PaperKind
    name: str
    """Of its file, for people."""
    sha256: str
    subject: Subject
    edition: str
    """``HN 1-2019``, ``cyclonedx 1.6``, ``spdx SPDX-2.3``."""
    made: str
    """The date that the paper gives itself, as it stands there."""
    items: int
    """Questions or components."""
    problems: tuple[tuple[str, str], ...]
    """(where, why) of what could not be read."""
    content: bytes
    what: Form | Bill


def read_file(kind: PaperKind, path: Path) -> Read:
    """Reads a paper of the kind that the user says.

    Raises:
        PapersError: The file cannot be read, or is no list of components.
        Mds2Error: It is no form.
    """
    limit = FORM_LIMIT_BYTES if kind is PaperKind.MDS2 else DOCUMENT_LIMIT_BYTES
    try:
        with path.open("rb") as file:
            # One byte beyond the limit is enough to know that it is too large.
            content = file.read(limit + 1)
    except OSError as error:
        raise PapersError(f"cannot read {path}: {error.strerror or error}", code="paper-unreadable") from error
    return read_paper(kind, str(path), content)


def read_paper(kind: PaperKind | None, name: str, content: bytes) -> Read:
    """Reads a paper from bytes.

    Args:
        kind: What it is; None when its bytes are to tell.
        name: Of the file, for words about it.
        content: Its bytes.

    Raises:
        PapersError: It is no list of components.
        Mds2Error: It is no form.
    """
    if kind is PaperKind.SBOM or (kind is None and _looks_like_list(content)):
        return _list(name, content)
    return _form(name, content)


def _looks_like_list(content: bytes) -> bool:
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:1] in (b"{", b"<") or start.startswith((b"SPDXVersion:", b"\x1f\x8b"))


def _form(name: str, content: bytes) -> Read:
    form = read_form(name, content)
    return Read(
        kind=PaperKind.MDS2,
        name=Path(name).name[:TEXT_LIMIT],
        sha256=hashlib.sha256(content).hexdigest(),
        subject=subject(form.manufacturer, form.model, form.version),
        edition=str(form.edition),
        made=form.released[:TEXT_LIMIT],
        items=len(form.answers),
        problems=tuple((one.where, one.why) for one in form.problems),
        content=content,
        what=form,
    )


def _list(name: str, content: bytes) -> Read:
    bill = read_sbom(content)
    if not isinstance(bill, Bill):
        raise PapersError(
            f"{name}: {bill.where} {bill.why}".replace(":  ", ": "),
            code="paper-no-list",
            hint="CycloneDX (JSON, XML) and SPDX 2 (JSON, XML, tag-value) are read.",
        )
    if not bill.components:
        raise PapersError(f"{name}: names no component", code="paper-no-list")
    product = bill.product
    return Read(
        kind=PaperKind.SBOM,
        name=Path(name).name[:TEXT_LIMIT],
        sha256=hashlib.sha256(content).hexdigest(),
        subject=subject(product.maker, product.name or bill.subject, product.version),
        edition=f"{bill.form} {bill.edition}".strip()[:TEXT_LIMIT],
        made=bill.made[:TEXT_LIMIT],
        items=len(bill.components),
        problems=tuple((one.where, one.why) for one in bill.problems),
        content=content,
        what=bill,
    )


def subject(maker: str, model: str, version: str) -> Subject:
    """A product from texts of strangers, each cut where it is too long for a name."""
    return Subject(maker=_name(maker), model=_name(model), version=_name(version))


def _name(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:TEXT_LIMIT]


__all__ = ["Mds2Error", "PapersError", "Read", "read_file", "read_paper", "subject"]
