"""Detached OpenPGP signatures (RFC 9580, RFC 4880): a document, its signature and the keys that are trusted for it.

The only importer of ``pysequoia``. Nothing is looked up in a key ring of the system or on a key server: who calls says
which keys count, and so which publisher may have signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from pysequoia import Cert, Sig, verify

# A publisher's key with the signatures of all its friends; the largest that we know of has some 200 kB.
KEY_LIMIT_BYTES: Final = 4 * 2**20
# A detached signature of one key has some 900 bytes in armour.
SIGNATURE_LIMIT_BYTES: Final = 64 * 1024
# Keys of one publisher: an old one, the present one and the next.
KEYS_LIMIT: Final = 100


class SignatureState(StrEnum):
    """What a signature is worth."""

    GOOD = "good"
    BAD = "bad"
    """The signature is of another content: the document or the signature was altered."""
    UNKNOWN_KEY = "unknown key"
    """It may be right; the key that made it is none of those that are trusted."""
    EXPIRED_KEY = "expired key"
    REVOKED_KEY = "revoked key"
    UNREADABLE = "unreadable"
    """What stands there is no signature."""

    @property
    def forbids(self) -> bool:
        """Whether a document with such a signature is refused: somebody altered it, or the key is in wrong hands."""
        return self in (SignatureState.BAD, SignatureState.REVOKED_KEY, SignatureState.UNREADABLE)


class Keyring:
    """The keys that are trusted for one publisher. It is not changed once it is made."""

    def __init__(self, certificates: Iterable[Cert] = ()) -> None:
        self._certificates: dict[str, Cert] = {}
        for certificate in certificates:
            known = self._certificates.get(certificate.fingerprint)
            # Two copies of one key: what either of them says, a revocation above all, holds.
            merged = certificate if known is None else known.merge(certificate)
            self._certificates[certificate.fingerprint] = merged

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The keys, in hexadecimal digits, in order."""
        return tuple(sorted(self._certificates))

    def joined(self, other: Keyring) -> Keyring:
        """The keys of both."""
        return Keyring((*self._certificates.values(), *other._certificates.values()))

    def only(self, fingerprints: Iterable[str]) -> Keyring:
        """Those of the keys that are named, whatever the case and spaces of the names."""
        wanted = {plain_fingerprint(one) for one in fingerprints}
        return Keyring(one for one in self._certificates.values() if one.fingerprint in wanted)

    def check(self, content: bytes, signature: bytes, now: datetime) -> SignatureState:
        """What a detached signature over ``content`` is worth at the moment ``now``.

        A key that has expired by now gives "expired key", whenever the signature says that it was made: the moment in
        a signature is only the word of who made it.
        """
        if len(signature) > SIGNATURE_LIMIT_BYTES:
            return SignatureState.UNREADABLE
        try:
            read = Sig.from_bytes(signature)
        except Exception:
            # The library raises RuntimeError for all that it does not understand, and ValueError for some.
            return SignatureState.UNREADABLE
        signers: list[str] = []

        def certificates(_: list[str]) -> list[Cert]:
            return list(self._certificates.values())

        try:
            found = verify(bytes=content, store=certificates, signature=read)
            signers = [one.certificate for one in found.valid_sigs]
        except Exception:
            return self._why_not(read, now)
        states = [self._state_of(fingerprint, now) for fingerprint in signers]
        return min(states, key=_WORTH.index, default=SignatureState.BAD)

    def _why_not(self, signature: Sig, now: datetime) -> SignatureState:
        """Why no key of ours verifies it: it is another's, or one of ours that counts no longer, or it is wrong."""
        issuer = (signature.issuer_fingerprint or "").lower()
        number = (signature.issuer_key_id or issuer[-16:]).lower()
        for fingerprint, certificate in self._certificates.items():
            if number and number in _numbers(certificate):
                state = self._state_of(fingerprint, now)
                return SignatureState.BAD if state is SignatureState.GOOD else state
        return SignatureState.UNKNOWN_KEY

    def _state_of(self, fingerprint: str, now: datetime) -> SignatureState:
        certificate = self._certificates.get(fingerprint)
        if certificate is None:
            return SignatureState.UNKNOWN_KEY
        if certificate.is_revoked:
            return SignatureState.REVOKED_KEY
        ends = certificate.expiration
        if ends is not None and (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) <= now:
            return SignatureState.EXPIRED_KEY
        return SignatureState.GOOD


# Of several signatures the one that is worth most counts: a publisher who changes keys signs with both.
_WORTH: Final = tuple(SignatureState)


def read_keys(content: bytes) -> Keyring:
    """The keys in a file, armoured or binary; none where it holds none or is no such file."""
    if len(content) > KEY_LIMIT_BYTES:
        return Keyring()
    try:
        return Keyring(Cert.split_bytes(content)[:KEYS_LIMIT])
    except Exception:
        # The library raises RuntimeError for all that it does not understand.
        return Keyring()


def plain_fingerprint(text: str) -> str:
    """A fingerprint as the library writes it: small hexadecimal digits without spaces."""
    return "".join(sign for sign in text.lower() if sign in "0123456789abcdef")


def _numbers(certificate: Cert) -> frozenset[str]:
    """The key numbers (last 16 digits of the fingerprint) of a key and its subkeys."""
    from pysequoia.packet import PacketPile

    found = {certificate.fingerprint[-16:]}
    for packet in PacketPile.from_bytes(bytes(certificate)):
        number = getattr(packet, "key_id", None) or (getattr(packet, "fingerprint", None) or "")[-16:]
        if number:
            found.add(str(number).lower())
    return frozenset(found)
