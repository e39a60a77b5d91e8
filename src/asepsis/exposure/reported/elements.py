"""XML of strangers, element by element: no entities, no endless depth, and one host at a time in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final
from xml.parsers import expat

from asepsis.exposure.reported.report import ReportError

DEPTH_LIMIT: Final = 32
"""Reports nest some eight deep."""
ELEMENTS_LIMIT: Final = 200_000
"""Of one host; the worst that Nessus writes has some 10,000."""
ATTRIBUTE_LIMIT: Final = 4_000
TEXT_LIMIT: Final = 4_000


class Element:
    """One element with what stands in it."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""

    def get(self, name: str) -> str:
        """An attribute; empty where there is none."""
        return self.attributes.get(name, "")[:ATTRIBUTE_LIMIT]

    def all(self, tag: str) -> list[Element]:
        """The children of one name."""
        return [child for child in self.children if child.tag == tag]

    def first(self, tag: str) -> Element:
        """The first child of a name; an empty element where there is none."""
        return next((child for child in self.children if child.tag == tag), _NOTHING)


_NOTHING: Final = Element("", {})


def read(content: bytes, *, root: str, whole: Collection[str], take: Callable[[Element], None]) -> tuple[Element, str]:
    """Reads a document and hands over the elements of some names, each once it is complete; nothing else is kept.

    Args:
        content: The file.
        root: How its outermost element must be called.
        whole: Names of elements that are handed over with all that stands in them.
        take: Gets them.

    Returns:
        The outermost element, without what stands in it, and what is wrong with the rest; empty for nothing.

    Raises:
        ReportError: It is no such document, or declares entities.
    """
    reading = _Reading(root, whole, take)
    parser = expat.ParserCreate()
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.data
    # Nmap's own files name a document type; none of them declares an entity in it.
    parser.EntityDeclHandler = reading.refuse
    parser.ExternalEntityRefHandler = reading.refuse
    wrong = ""
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        wrong = f"the file ends or breaks at line {error.lineno}: {expat.ErrorString(error.code)}"
    if reading.root is None:
        raise ReportError(f"it is no XML of a report: {wrong or 'it is empty'}", code="report-unreadable")
    return reading.root, wrong


class _Reading:
    def __init__(self, root: str, whole: Collection[str], take: Callable[[Element], None]) -> None:
        self._wanted = root
        self._whole = whole
        self._take = take
        self.root: Element | None = None
        self._depth = 0
        self._stack: list[Element] = []
        self._elements = 0

    def refuse(self, *_: object) -> int:
        raise ReportError("it declares entities", code="report-unreadable", hint="No scanner writes any.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise ReportError("it is nested without end", code="report-unreadable")
        element = Element(tag, attributes)
        if self.root is None:
            if tag != self._wanted:
                raise ReportError(f"it begins with <{tag[:40]}>, not <{self._wanted}>", code="report-unreadable")
            self.root = element
        elif self._stack or tag in self._whole:
            self._elements += 1
            if self._elements > ELEMENTS_LIMIT:
                raise ReportError("one host has more parts than any scanner writes", code="report-unreadable")
            if self._stack:
                self._stack[-1].children.append(element)
            self._stack.append(element)

    def data(self, text: str) -> None:
        if self._stack and len(self._stack[-1].text) < TEXT_LIMIT:
            self._stack[-1].text += text

    def end(self, _tag: str) -> None:
        self._depth -= 1
        if self._stack:
            element = self._stack.pop()
            if not self._stack:
                self._elements = 0
                self._take(element)
