"""Lists of components (SBOM): CycloneDX in JSON and XML, SPDX 2 in JSON, XML and tag-value, as one value.

A list of another version than those known is read as far as its members are known: a component is a name, a version and
identifiers in all of them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from xml.parsers import expat

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.document import DEPTH_LIMIT, TEXT_LIMIT, Field, Notes, read_json, unpacked
from asepsis.kernel.value import value

# The largest list we saw has some ten thousand.
COMPONENTS_LIMIT: Final = 200_000
COMPONENTS_DEEP: Final = 40
# Elements of XML and lines of tag-value: ten for each component. Each costs some microseconds.
ELEMENTS_LIMIT: Final = 2_000_000
LINES_LIMIT: Final = 4_000_000
# Of one package; the most that we saw is 30.
REFERENCES_LIMIT: Final = 1000
# A file has a digest or two of each kind.
DIGESTS_LIMIT: Final = 16
_DIGEST: Final = re.compile(r"[0-9a-f]{64}(?:[0-9a-f]{32}){0,2}")
_TAG: Final = re.compile(r"^([A-Za-z]+):\s?(.*)$")
_NOTHING: Final = frozenset(("NOASSERTION", "NONE", ""))


@value
class Component:
    """One part of a device or a program."""

    name: str
    version: str
    maker: str
    purls: tuple[str, ...]
    cpes: tuple[str, ...]
    ref: str
    """The list's own id of it."""
    ends: str = ""
    """When its support ends, as the list says it: a date or words."""
    level: str = ""
    """Whether it is still maintained, as the list says it."""
    digests: tuple[str, ...] = ()
    """Of its file, in small hexadecimal digits: SHA-256 and longer; what is shorter can be forged."""


NO_COMPONENT: Final = Component(name="", version="", maker="", purls=(), cpes=(), ref="")


@value
class Bill:
    """A list of components."""

    form: str
    """``cyclonedx`` or ``spdx``."""
    edition: str
    subject: str
    """What it is the list of, in its own words."""
    components: tuple[Component, ...]
    problems: tuple[Problem, ...] = ()
    product: Component = NO_COMPONENT
    """What it is the list of, as far as the list names its parts; empty texts where it does not."""
    serial: str = ""
    """``urn:uuid:...`` of a CycloneDX list, by which other documents refer to it."""
    made: str = ""
    """ISO 8601, as the list says it."""


def digests(texts: Iterable[str]) -> tuple[str, ...]:
    """Those of the texts that are digests of 256, 384 or 512 bits: two files with one of these are the same file."""
    found = (text.strip().lower() for text in texts)
    return tuple(dict.fromkeys(one for one in found if _DIGEST.fullmatch(one)))[:DIGESTS_LIMIT]


def read_sbom(content: bytes) -> Bill | Problem:
    """The list in a file, or why there is none."""
    notes = Notes()
    plain = unpacked(content)
    if isinstance(plain, Problem):
        return plain
    start = plain.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"{":
        root = read_json(plain, notes)
        if isinstance(root, Problem):
            return root
        if root.content.get("bomFormat") == "CycloneDX":
            return _cyclonedx(root, root.text("specVersion"), notes)
        if "spdxVersion" in root.content:
            return _spdx(root, notes)
    elif start == b"<":
        tree = _xml(plain)
        if isinstance(tree, Problem):
            return tree
        root = Field(tree, "", notes)
        if "packages" in tree or "spdxVersion" in tree:
            return _spdx(root, notes)
        if "components" in tree or "metadata" in tree:
            return _cyclonedx(root, "", notes)
    elif b"SPDXVersion:" in plain[:4096]:
        return _tag_value(plain.decode("utf-8", "replace"), notes)
    return Problem(where="", why="is no list of components")


def _cyclonedx(root: Field, edition: str, notes: Notes) -> Bill:
    subject = root.get("metadata").get("component")
    found: list[Component] = []
    waiting = [(item, 0) for item in root.items("components")][::-1]
    while waiting:
        item, depth = waiting.pop()
        if len(found) >= COMPONENTS_LIMIT:
            notes.add("/components", f"has more than {COMPONENTS_LIMIT} components; the first were read")
            break
        component = _component(item)
        if component.name or component.purls or component.cpes:
            found.append(component)
        else:
            notes.add(item.where, "has neither a name nor an identifier")
        if depth > COMPONENTS_DEEP:
            notes.add(item.where, f"is nested deeper than {COMPONENTS_DEEP} components")
        else:
            waiting.extend((inner, depth + 1) for inner in list(item.items("components"))[::-1])
    return Bill(
        form="cyclonedx",
        edition=edition,
        subject=f"{subject.text('name')} {subject.text('version')}".strip(),
        components=tuple(found),
        problems=tuple(notes.problems),
        product=_component(subject) if subject.is_there else NO_COMPONENT,
        serial=root.text("serialNumber"),
        made=root.get("metadata").text("timestamp"),
    )


def _component(item: Field) -> Component:
    url, platform = item.text("purl"), item.text("cpe")
    return Component(
        name=item.text("name"),
        version=item.text("version"),
        # CycloneDX 1.6 names the manufacturer of a component beside its supplier.
        maker=(
            item.get("manufacturer").text("name")
            or item.get("supplier").text("name")
            or item.text("publisher")
            or item.text("group")
        ),
        purls=(url,) if url else (),
        cpes=(platform,) if platform else (),
        ref=item.text("bom-ref"),
        digests=digests(one.text("content") for one in item.items("hashes")),
        **_support(item),
    )


# CycloneDX has no member for them; makers name properties as FDA's guidance on premarket cybersecurity words them.
_SUPPORT: Final = {
    "end of support": "ends",
    "end of life": "ends",
    "eol": "ends",
    "eos": "ends",
    "level of support": "level",
    "support level": "level",
}


def _support(item: Field) -> dict[str, Any]:
    found: dict[str, str] = {}
    for one in item.items("properties"):
        member = _SUPPORT.get(one.text("name").lower().replace("-", " ").replace("_", " "))
        if member is not None:
            found.setdefault(member, one.text("value"))
    return found


def _spdx(root: Field, notes: Notes) -> Bill:
    found: list[Component] = []
    for item in root.items("packages"):
        if len(found) >= COMPONENTS_LIMIT:
            notes.add("/packages", f"has more than {COMPONENTS_LIMIT} packages; the first were read")
            break
        references = [(one.text("referenceType"), one.text("referenceLocator")) for one in item.items("externalRefs")]
        found.append(
            _package(
                {
                    "PackageName": item.text("name"),
                    "PackageVersion": item.text("versionInfo"),
                    "PackageSupplier": item.text("supplier"),
                    "SPDXID": item.text("SPDXID"),
                    "ValidUntilDate": item.text("validUntilDate"),
                    "PackageChecksum": " ".join(one.text("checksumValue") for one in item.items("checksums")),
                },
                references,
            )
        )
    return Bill(
        form="spdx",
        edition=root.text("spdxVersion"),
        subject=root.text("name"),
        components=tuple(found),
        problems=tuple(notes.problems),
        product=_described(
            found,
            root.texts("documentDescribes"),
            (
                (one.text("spdxElementId"), one.text("relationshipType"), one.text("relatedSpdxElement"))
                for one in root.items("relationships")
            ),
        ),
        made=root.get("creationInfo").text("created"),
    )


def _described(found: list[Component], named: Iterable[str], relations: Iterable[tuple[str, str, str]]) -> Component:
    """The package that the document is about (SPDX 2.3, 11.1: ``DESCRIBES`` of the document)."""
    wanted = set(named)
    wanted.update(other for one, kind, other in relations if kind == "DESCRIBES" and one == "SPDXRef-DOCUMENT")
    return next((one for one in found if one.ref in wanted), NO_COMPONENT)


def _package(tags: dict[str, str], references: list[tuple[str, str]]) -> Component:
    maker = re.sub(r"^(?:Organization|Person):\s*", "", tags.get("PackageSupplier", ""))
    return Component(
        name=tags.get("PackageName", ""),
        version=tags.get("PackageVersion", ""),
        maker="" if maker in _NOTHING else maker,
        purls=tuple(at for kind, at in references if kind.endswith("purl")),
        cpes=tuple(at for kind, at in references if kind.endswith(("cpe23Type", "cpe22Type"))),
        ref=tags.get("SPDXID", ""),
        # SPDX 2.3, 7.27: the end of the support of a package.
        ends=tags.get("ValidUntilDate", ""),
        # SPDX 2.3, 7.10: the package as it was downloaded.
        digests=digests(tags.get("PackageChecksum", "").split()),
    )


def _tag_value(text: str, notes: Notes) -> Bill:
    """SPDX 2.3, annex on tag-value: a package begins with its name and ends where the next begins."""
    head: dict[str, str] = {}
    found: list[Component] = []
    tags: dict[str, str] = {}
    references: list[tuple[str, str]] = []
    relations: list[tuple[str, str, str]] = []
    within = False
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if number > LINES_LIMIT:
            notes.add(f"line {number}", f"there are more than {LINES_LIMIT} lines; the first were read")
            break
        # What stands between <text> and </text> is somebody's words, whatever they look like (SPDX 2.3, 6.1).
        if within:
            within = "</text>" not in line
            continue
        within = "<text>" in line and "</text>" not in line.rpartition("<text>")[2]
        match = _TAG.match(line)
        if match is None:
            continue
        tag, said = match[1], match[2].strip()
        if tag == "PackageName":
            if tags and len(found) < COMPONENTS_LIMIT:
                found.append(_package(tags, references))
            tags, references = {tag: said}, []
        elif tag == "ExternalRef" and tags:
            pieces = said.split(None, 2)
            if len(references) >= REFERENCES_LIMIT:
                notes.add("ExternalRef", f"a package has more than {REFERENCES_LIMIT}; the first were read")
            elif len(pieces) == 3:
                references.append((pieces[1], pieces[2]))
            else:
                notes.add("ExternalRef", f"has fewer than three parts: {said[:80]}")
        elif tag == "Relationship":
            words = said.split()
            if len(words) == 3 and len(relations) < COMPONENTS_LIMIT:
                relations.append((words[0], words[1], words[2]))
        elif tag in ("FileName", "SnippetSPDXID"):
            # A file's tags are not the package's.
            if tags and len(found) < COMPONENTS_LIMIT:
                found.append(_package(tags, references))
            tags, references = {}, []
        elif tag == "PackageChecksum" and tags:
            tags[tag] = f"{tags.get(tag, '')} {said}"[:TEXT_LIMIT]
        elif tags:
            tags.setdefault(tag, said)
        else:
            head.setdefault(tag, said)
    if tags and len(found) < COMPONENTS_LIMIT:
        found.append(_package(tags, references))
    return Bill(
        form="spdx",
        edition=head.get("SPDXVersion", ""),
        subject=head.get("DocumentName", ""),
        components=tuple(found),
        problems=tuple(notes.problems),
        product=_described(found, (), relations),
        made=head.get("Created", ""),
    )


class _RefusedError(Exception):
    """The reader of XML stops: what comes is no list of components."""


# Elements that stand several times, or whose children are a list.
_LISTS: Final = frozenset(
    (
        *("components", "packages", "externalRefs", "properties", "relationships", "documentDescribes"),
        *("hashes", "checksums"),
    )
)
# Attributes that the JSON forms have as members.
_ATTRIBUTES: Final = ("bom-ref", "serialNumber", "name")


def _xml(content: bytes) -> dict[str, Any] | Problem:
    """The elements as the JSON forms have them; a document type is refused, so that no entity can be declared."""
    parser = expat.ParserCreate(namespace_separator=" ")
    stack: list[dict[str, Any]] = [{}]
    texts: list[list[str]] = [[]]

    def refuse(*_: object) -> None:
        raise _RefusedError("declares a document type")

    elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements
        elements += 1
        if elements > ELEMENTS_LIMIT:
            raise _RefusedError(f"has more than {ELEMENTS_LIMIT} elements")
        if len(stack) > DEPTH_LIMIT:
            raise _RefusedError(f"is nested deeper than {DEPTH_LIMIT} levels")
        stack.append({attribute: attributes[attribute] for attribute in _ATTRIBUTES if attributes.get(attribute)})
        texts.append([])

    def data(text: str) -> None:
        texts[-1].append(text)

    def end(name: str) -> None:
        name = name.rpartition(" ")[2]
        members, text = stack.pop(), "".join(texts.pop()).strip()
        above = stack[-1]
        if name in _LISTS:
            listed = members.get("", [])
            # In SPDX's XML each package is an element of the list's own name.
            above.setdefault(name, []).extend(listed or ([members or text] if members or text else []))
        elif name == "property":
            above.setdefault("", []).append({"value": text, **members})
        elif name == "hash":
            above.setdefault("", []).append({"content": text})
        elif name in ("component", "reference") and len(stack) > 1:
            above.setdefault("", []).append(members)
            above.setdefault(name, members)
        else:
            above.setdefault(name, members or text)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, _RefusedError, ValueError) as error:
        return Problem(where="", why=f"is no XML that is read here: {error}"[:300])
    (root,) = stack[0].values() if len(stack[0]) == 1 else ({},)
    return root if isinstance(root, dict) else {}


def names(bill: Bill) -> Iterator[str]:
    """Every component as a person would name it."""
    for component in bill.components:
        yield f"{component.name} {component.version}".strip()
