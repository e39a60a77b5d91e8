"""DICOMweb (DICOM PS3.18): who searches, fetches and stores images over HTTP.

In: a request's method, path and media types, and the status of the answer. Out: ``Dicomweb``. UIDs, search values and
pixels are never kept.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of
from asepsis.protocols.http_body import REMEMBERED_PATHS
from asepsis.protocols.http_family import on_http
from asepsis.protocols.masking import printable

# PS3.18 8.2, 10, 11: targets of the studies service and of the worklist service, after any base.
_UID = r"[0-9][0-9.]{0,127}"
_TARGET: Final = re.compile(
    rf"/(?P<level>studies|series|instances)(?:/(?P<study>{_UID}))?"
    rf"(?:/(?P<second>series|instances)(?:/(?P<series>{_UID}))?)?"
    rf"(?:/(?P<third>instances)(?:/(?P<instance>{_UID}))?)?"
    r"(?:/(?P<part>metadata|rendered|thumbnail|frames|bulkdata|pixeldata)(?:/[0-9A-Za-z.,/_-]{0,512})?)?/?$"
)
_WORKITEMS: Final = re.compile(rf"/workitems(?:/(?P<workitem>{_UID}))?(?:/[a-z/]{{0,64}}[0-9A-Za-z.]{{0,128}})?/?$")
# PS3.18 8.7.3 lists the media types; the rest of the field (boundaries, transfer syntaxes) differs and says little.
_MEDIA: Final = re.compile(rb"(?:application|image|video|text|multipart)/[a-z0-9.+-]{1,40}", re.IGNORECASE)


@value
class Dicomweb:
    """One transaction, or the answer to it."""

    PROTOCOL: ClassVar[str] = "dicomweb"
    kind: str
    """``QIDO-RS``, ``WADO-RS``, ``STOW-RS``, ``UPS-RS``, ``WADO-URI``."""
    from_server: bool
    level: str = ""
    """What is asked for or sent: ``studies``, ``series``, ``instances``, ``metadata``, ``rendered``, ``frames`` ..."""
    media: tuple[str, ...] = ()
    """Media types that are accepted, sent, or answered."""
    authorization: str = ""
    """The scheme of the credentials, which travelled in clear."""
    status: int = 0
    server: str = ""

    @property
    def sender_is_server(self) -> bool | None:
        """By the message of HTTP that it is."""
        return self.from_server

    def facts(self) -> dict[str, Any]:
        """All that is said, but the kind. Images and their searches are of patients."""
        return _facts(self) | {"patient_data": True}


_facts: Final = facts_of(Dicomweb, without=("kind", "from_server"))


@lru_cache(maxsize=REMEMBERED_PATHS)
def read_transaction(
    method: str, path: bytes, accept: bytes, content_type: bytes, authorization: str
) -> Dicomweb | None:
    """What a request asks for, None where it is none of PS3.18's.

    Args:
        method: As HTTP has it.
        path: As it came, without the query.
        accept: What the client takes; may be empty.
        content_type: Of the request's body; may be empty.
        authorization: The scheme of its credentials, empty without.
    """
    text = path.decode("utf-8", "replace")
    kind, level = _studies(method, text, accept + b" " + content_type)
    if not kind:
        return None
    return Dicomweb(
        kind=kind,
        from_server=False,
        level=level,
        media=_media((content_type + b" " + accept) if method == "POST" else accept),
        authorization=authorization,
    )


def _studies(method: str, path: str, types: bytes) -> tuple[str, str]:
    if method == "GET" and path.rpartition("/")[2].lower() in ("wado", "wado-uri", "wadouri"):
        return "WADO-URI", ""
    if _WORKITEMS.search(path):
        return "UPS-RS", "workitems"
    found = _TARGET.search(path)
    if found is None:
        return "", ""
    level = found["part"] or found["third"] or found["second"] or found["level"]
    if method == "POST":
        # A store names at most the study (PS3.18 10.5.1).
        stores = found["level"] == "studies" and found["second"] is None and found["part"] is None
        return ("STOW-RS", "instances") if stores and b"dicom" in types.lower() else ("", "")
    if method != "GET":
        return "", ""
    # A path that ends with a UID, or with a part of what the UID names, fetches; one that ends with a level searches.
    one = found["instance"] if found["third"] else found["series"] if found["second"] else found["study"]
    if one or found["part"]:
        return ("WADO-RS", level) if found["study"] else ("", "")
    # "/series" alone is a word that others use too.
    if found["study"] or b"dicom" in types.lower() or "dicom" in path.lower():
        return "QIDO-RS", level
    return "", ""


def _media(field: bytes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(printable(one.lower()) for one in _MEDIA.findall(field)[:8]))


@lru_cache(maxsize=256)
def read_outcome(kind: str, status: int, content_type: bytes, server: str) -> Dicomweb:
    """The answer to a transaction."""
    return Dicomweb(kind=kind, from_server=True, status=status, media=_media(content_type), server=server)


DISSECTOR: Final = on_http("dicomweb")
