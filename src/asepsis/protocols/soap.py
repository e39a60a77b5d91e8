"""XML bodies of HTTP: which protocol an XML document is of, told by its beginning, and SOAP envelopes opened.

In: a body's bytes. Out: messages of ``wsd``, ``sdc``, ``upnp`` or ``fhir``; nothing for other people's XML, which is
not parsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from asepsis.protocols.http_body import REMEMBERED_BODIES, REMEMBERED_LENGTH_BYTES
from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.xml_reading import Document, read_xml

# The namespaces that tell a document stand at its root, or in the header of its envelope.
TOLD_WITHIN_BYTES = 3072

# WS-Discovery 1.0 and 1.1, DPWS 1.0 and 1.1, WS-MetadataExchange, WS-Transfer; UPnP; FHIR; SDC.
_NAMESPACES: Final = (
    *(b"schemas-upnp-org:device-1-", b"hl7.org/fhir", b"/11073-", b"/discovery", b"/devprof", b"/ns/dpws"),
    *(b"/ws/2004/09/mex", b"/ws/2004/09/transfer"),
)
# Measurements are reported several times a second: their action is enough, and their values are not ours to keep.
_REPORT: Final = re.compile(
    rb"Action(?:\s[^<>]{0,256})?>\s{0,32}[^<>\s]{0,64}11073-20701[^<>\s]{0,64}/([A-Za-z]{4,40}(?:Report|Stream))\s{0,8}</"
)


def read_asked(data: bytes) -> Sequence[Result]:
    """Reads the body of a request."""
    return _read(data, answer=False)


def read_answer(data: bytes) -> Sequence[Result]:
    """Reads the body of a response."""
    return _read(data, answer=True)


def _read(data: bytes, *, answer: bool) -> Sequence[Result]:
    beginning = data[:TOLD_WITHIN_BYTES]
    if b"/11073-20701" in beginning and (report := _REPORT.search(beginning)):
        from asepsis.protocols.sdc import report_of

        return report_of(report[1])
    if not any(name in beginning for name in _NAMESPACES):
        return ()
    if len(data) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(data, answer)
    return _document(data, answer)


def _document(data: bytes, answer: bool) -> Sequence[Result]:  # a key of the memory below
    document = read_xml(data)
    root = document.root
    if root is None:
        return (Malformed(protocol="wsd", where="XML document", why=document.why),) if document.why else ()
    if root.name == "Envelope":
        return _envelope(document)
    if root.name == "root" and root.namespace.startswith("urn:schemas-upnp-org:device-1-"):
        from asepsis.protocols.upnp import read_description

        return read_description(document)
    if root.namespace == "http://hl7.org/fhir":
        from asepsis.protocols.fhir import read_document

        return read_document(root, answer=answer)
    return ()


_remembered = lru_cache(maxsize=REMEMBERED_BODIES)(_document)


def open_envelope(data: bytes) -> tuple[Result, ...]:
    """Reads a SOAP envelope (SOAP 1.2 part 1, 5; SOAP 1.1, 4) with a message of discovery, DPWS or SDC inside."""
    return _envelope(read_xml(data))


def _envelope(document: Document) -> tuple[Result, ...]:
    root = document.root
    if root is None or root.name != "Envelope":
        why = document.why or ("no envelope" if root is not None else "it ends before its first element")
        return (Malformed(protocol="wsd", where="Envelope", why=why),)
    action = root.said("Header", "Action")
    body = root.child("Body")
    content = body.children[0] if body is not None and body.children else None
    if (
        "11073" in action
        or (content is not None and "11073" in content.namespace)
        or (content is not None and action.endswith("/eventing/Subscribe") and "11073" in content.said("Filter"))
    ):
        from asepsis.protocols.sdc import read_exchange

        return read_exchange(action, content)
    from asepsis.protocols.wsd import read_exchange as read_discovery

    found = read_discovery(action, content, document.prefixes)
    if not found and document.why:
        return (Malformed(protocol="wsd", where="Envelope", why=document.why),)
    return found
