"""From when until when a certificate is valid (RFC 5280 4.1.2.5): DER in, two times out; what is damaged gives none.

All else that a certificate says is read by ``crypto``; this much is wanted in every message that shows one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from asepsis.protocols.ber import INTEGER, SEQUENCE, element, expect
from asepsis.protocols.fields import MalformedError

# The same certificate is shown in every connection; a hospital's network has a few thousand of some 2 KiB.
REMEMBERED_CERTIFICATES = 2048

_VERSION: Final = 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18


@lru_cache(maxsize=REMEMBERED_CERTIFICATES)
def validity_of(der: bytes) -> tuple[str, str] | None:
    """The first and the last moment at which it is valid, in ISO 8601, UTC; None where that cannot be read."""
    try:
        at, end = expect(der, 0, len(der), SEQUENCE, "Certificate")
        at, end = expect(der, at, end, SEQUENCE, "tbsCertificate")
        tag, _, after = element(der, at, end)
        if tag == _VERSION:
            at = after
        _, at = expect(der, at, end, INTEGER, "serialNumber")
        _, at = expect(der, at, end, SEQUENCE, "signature")
        _, at = expect(der, at, end, SEQUENCE, "issuer")
        at, end = expect(der, at, end, SEQUENCE, "validity")
        not_before, at = _time(der, at, end)
        not_after, _ = _time(der, at, end)
    except (MalformedError, ValueError, IndexError):
        return None
    return not_before, not_after


def _time(der: bytes, at: int, end: int) -> tuple[str, int]:
    tag, start, stop = element(der, at, end)
    text = der[start:stop].decode("ascii")
    if tag == _UTC_TIME and len(text) == 13:
        # RFC 5280 4.1.2.5.1: years of two digits from 50 on are of the twentieth century.
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("neither UTCTime nor GeneralizedTime")
    if len(text) != 15 or not text[:14].isdecimal() or text[14] != "Z":
        raise ValueError("not in the form that RFC 5280 demands")
    moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return moment.isoformat().replace("+00:00", "Z"), stop
