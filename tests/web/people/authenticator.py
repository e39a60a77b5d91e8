"""A security key in software, made by the standard (WebAuthn level 3, 6.1 and 6.5), with faults on demand."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.utils import websafe_decode, websafe_encode

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 1, 4, 8, 16, 64


class SoftwareKey:
    """One credential; ``count`` is its signature counter."""

    def __init__(self, *, host: str = "testserver", synced: bool = False) -> None:
        self.host = host
        self.origin = f"https://{host}" if host != "localhost" else "http://localhost"
        self.synced = synced
        self.count = 0
        self.handle = b""
        self.credential_id = secrets.token_bytes(32)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def copy(self) -> SoftwareKey:
        """A clone, which goes on counting for itself."""
        twin = SoftwareKey(host=self.host, synced=self.synced)
        twin.__dict__.update(self.__dict__)
        return twin

    def create(self, options: dict[str, Any], *, verified: bool = True, origin: str = "") -> dict[str, Any]:
        """The answer to options of creation."""
        public = options["publicKey"]
        self.handle = websafe_decode(public["user"]["id"])
        numbers = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor.encode(cose)
        said = self._said(verified, ATTESTED) + attested
        response = {
            "clientDataJSON": self._client("webauthn.create", public["challenge"], origin),
            "attestationObject": websafe_encode(cbor.encode({"fmt": "none", "attStmt": {}, "authData": said})),
        }
        return self._answer(response)

    def get(self, options: dict[str, Any], *, verified: bool = True, origin: str = "") -> dict[str, Any]:
        """The answer to options of a request."""
        self.count += 0 if self.synced else 1
        said = self._said(verified, 0)
        client = self._client("webauthn.get", options["publicKey"]["challenge"], origin)
        signed = self._key.sign(said + hashlib.sha256(websafe_decode(client)).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": client,
            "authenticatorData": websafe_encode(said),
            "signature": websafe_encode(signed),
            "userHandle": websafe_encode(self.handle),
        }
        return self._answer(response)

    def _said(self, verified: bool, more: int) -> bytes:
        flags = PRESENT | more | (VERIFIED if verified else 0) | (ELIGIBLE | BACKED_UP if self.synced else 0)
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, challenge: str, origin: str) -> str:
        data = {"type": kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": False}
        return websafe_encode(json.dumps(data).encode())

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        name = websafe_encode(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
