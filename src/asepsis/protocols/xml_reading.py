"""XML of strangers: bytes in, a small tree out. No document types, no entities, bounded in every direction.

Expat reads, and its handlers refuse a document type declaration, so that there is nothing to expand or to fetch.
What is cut in the middle gives the part that came. See docs/decisions/0007-bodies-of-http.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from xml.parsers import expat

# A description of a large medical device has some 3,000 elements, nested 15 deep.
ELEMENTS_LIMIT = 8192
DEPTH_LIMIT = 48
# An attribute or a text that names something is shorter than this.
TEXT_LIMIT = 1024
ATTRIBUTES_LIMIT = 64
# Expat writes the namespace's name in front of each element's, so a long one multiplies.
NAMESPACE_LIMIT = 256
NAME_LIMIT = 256
# Prefixes that one document declares.
PREFIXES_LIMIT = 128

# Device descriptions come in UTF-8, and old ones in Latin-1 (Windows-1252 differs in quotation marks). Encodings that
# a document may name are many, and Python would look for a codec of that name.
_LATIN = re.compile(rb"^<\?xml[^>]{0,80}encoding=[\"'](?:iso-8859-1|latin-?1|windows-1252)[\"']", re.IGNORECASE)
_BOUND = "the document is larger than what is read"
_NOTHING: Final[Mapping[str, str]] = {}


class Element:
    """One element with what is in it."""

    __slots__ = ("attributes", "children", "name", "namespace", "text")

    def __init__(self, namespace: str, name: str, attributes: Mapping[str, str]) -> None:
        self.namespace = namespace
        self.name = name
        """Without its namespace."""
        self.attributes = attributes
        """By name without namespace; values cut at ``TEXT_LIMIT``."""
        self.text = ""
        """All text directly inside, cut at ``TEXT_LIMIT``."""
        self.children: list[Element] = []

    def child(self, *path: str) -> Element | None:
        """The first child of that name, or descendant by a path of names."""
        found: Element | None = self
        for name in path:
            for candidate in found.children if found is not None else ():
                if candidate.name == name:
                    found = candidate
                    break
            else:
                return None
        return found

    def said(self, *path: str) -> str:
        """The text of a child or descendant without blanks around it; empty where there is none."""
        found = self.child(*path)
        return "" if found is None else found.text.strip()

    def every(self, *names: str) -> Iterator[Element]:
        """All descendants of these names, in order."""
        waiting = self.children[::-1]
        while waiting:
            element = waiting.pop()
            if element.name in names:
                yield element
            waiting += element.children[::-1]


class Document(NamedTuple):
    """What came of a document."""

    root: Element | None
    prefixes: Mapping[str, str]
    """Namespace by prefix, the last declaration of each, for names that stand in texts."""
    why: str
    """Why it was not read further; empty for one that was read as far as it came."""


class _RefusedError(Exception):
    """Ends the reading from within a handler."""


class _Tree:
    """What expat calls. Holds the root and the elements that are open."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.prefixes: dict[str, str] = {}
        self._open: list[Element] = []
        self._left = ELEMENTS_LIMIT
        self._names: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: list[str]) -> None:
        self._left -= 1
        if self._left < 0 or len(self._open) >= DEPTH_LIMIT or len(attributes) > 2 * ATTRIBUTES_LIMIT:
            raise _RefusedError(_BOUND)
        parts = self._names.get(name)
        if parts is None:
            namespace, _, local = name.rpartition("}")
            if len(local) > NAME_LIMIT:
                raise _RefusedError(_BOUND)
            parts = self._names[name] = (namespace, local)
        held = _NOTHING
        if attributes:
            pairs = zip(attributes[::2], attributes[1::2], strict=True)
            held = {key.rpartition("}")[2][:NAME_LIMIT]: value[:TEXT_LIMIT] for key, value in pairs}
        element = Element(*parts, held)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        if self._open:
            element = self._open[-1]
            if len(element.text) < TEXT_LIMIT:
                element.text += text[: TEXT_LIMIT - len(element.text)]

    @staticmethod
    def document_type(*_: object) -> None:
        raise _RefusedError("a document type declaration")

    def namespace(self, prefix: str | None, uri: str | None) -> None:
        uri = uri or ""
        if len(uri) > NAMESPACE_LIMIT or len(self.prefixes) >= PREFIXES_LIMIT:
            raise _RefusedError(_BOUND)
        self.prefixes[(prefix or "")[:NAME_LIMIT]] = uri


def read_xml(data: bytes) -> Document:
    """Reads a document, or the beginning of one.

    Args:
        data: At most what a body may be (``http_body``).

    Returns:
        All that came before the end, a limit or a fault.
    """
    parser = expat.ParserCreate("iso-8859-1" if _LATIN.match(data) else "utf-8", "}")
    tree = _Tree()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartNamespaceDeclHandler = tree.namespace
    parser.StartDoctypeDeclHandler = tree.document_type
    parser.EntityDeclHandler = tree.document_type
    try:
        # Not final: a document that is cut is no error.
        parser.Parse(data, False)
    except _RefusedError as refused:
        why = str(refused)
    except (expat.ExpatError, ValueError) as error:
        why = f"not well-formed ({expat.errors.messages.get(getattr(error, 'code', 0), 'text')})"
    else:
        why = ""
    return Document(tree.root, tree.prefixes, why)
