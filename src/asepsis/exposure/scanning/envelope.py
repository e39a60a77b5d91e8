"""Signed statements about scans: approvals and receipts in envelopes of DSSE 1.0.2.

What is signed is the type and the bytes of the statement, so that one kind never passes for another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any, Final

from asepsis.crypto.signing import SigningKey, verify
from asepsis.exposure.scanning.plan import ScanError

RECEIPT: Final = "application/vnd.asepsis.scan-receipt+json"
APPROVAL: Final = "application/vnd.asepsis.scan-approval+json"
# A receipt of the largest scan names some 15,000 packets in 200 bytes each.
ENVELOPE_LIMIT_BYTES: Final = 32 << 20


def seal(kind: str, statement: dict[str, Any], key: SigningKey) -> bytes:
    """The envelope of a statement."""
    body = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    return json.dumps(
        {
            "payloadType": kind,
            "payload": base64.b64encode(body).decode(),
            "signatures": [
                {"keyid": key_id(key.public_bytes), "sig": base64.b64encode(key.sign(_signed(kind, body))).decode()}
            ],
        },
        indent=1,
    ).encode()


def unseal(kind: str, envelope: bytes, public_bytes: bytes) -> dict[str, Any]:
    """The statement of an envelope whose signature is right.

    Raises:
        ScanError: It is no such envelope, or another key signed it.
    """
    if len(envelope) > ENVELOPE_LIMIT_BYTES:
        raise _refused("it is too large")
    try:
        document = json.loads(envelope)
        body = base64.b64decode(document["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in document["signatures"][:8]]
        if document["payloadType"] != kind:
            raise _refused("it states something else")
        if not any(verify(public_bytes, signature, _signed(kind, body)) for signature in signatures):
            raise _refused("its signature is wrong")
        statement = json.loads(body)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise _refused(f"it is damaged ({type(error).__name__})") from error
    if not isinstance(statement, dict):
        raise _refused("it states nothing")
    return statement


def key_id(public_bytes: bytes) -> str:
    """The public key itself, hexadecimal: 64 digits."""
    return public_bytes.hex()


def digest(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _signed(kind: str, body: bytes) -> bytes:
    # DSSE: PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)


def _refused(why: str) -> ScanError:
    return ScanError(f"this statement about a scan does not count: {why}", code="scan-statement")
