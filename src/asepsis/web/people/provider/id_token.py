"""An ID token, checked: signature, issuer, audience, nonce, times (OpenID Connect Core 1.0, 3.1.3.7).

The signature is checked although the token comes straight from the provider over TLS, where the standard lets it be:
a proxy of the hospital that opens TLS must not be able to say who somebody is. Bytes in, values out; no clock, no IO.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard

import jwt
from jwt.exceptions import PyJWTError

from asepsis.kernel.value import value

# By a key pair alone: "none" proves nothing, and HS256 could be made with the public key (RFC 8725 3.1, 3.2).
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
KINDS: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
RSA_BITS_LEAST: Final = 2048  # RFC 7518 3.3
# A token with some hundred groups has 16 KiB.
TOKEN_LIMIT: Final = 128 * 1024
KEYS_LIMIT: Final = 64
TEXT_LIMIT: Final = 255  # OpenID Connect Core 1.0, 2: "sub" has no more
GROUPS_LIMIT: Final = 2000
# Clocks of two servers differ; of more, somebody should hear.
LEEWAY_SECONDS: Final = 60
# A token is fetched in the second in which it is made; one that is older was kept by somebody.
OLDEST_SECONDS: Final = 600


@value
class Expected:
    """What a token must say to be the answer to one question of ours."""

    issuer: str
    client_id: str
    nonce: str


@value
class Claims:
    """What the provider says of somebody."""

    subject: str
    name: str
    username: str
    groups: tuple[str, ...]
    groups_left_out: bool
    """The provider knew more groups than the token holds and sent none (Entra: "overage")."""
    acr: str
    amr: tuple[str, ...]
    authenticated_at: float | None
    """When the person was last asked, in seconds since 1970; None where the provider does not say."""


@value
class Untrusted:
    """A token that is not believed; ``why`` is one word for the ledger, and none of the token's."""

    why: str
    unknown_key: bool = False
    """The key that signed it is not among those that are known: they may have been changed."""


def read(
    token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, *, now: float, groups_claim: str = "groups"
) -> Claims | Untrusted:
    """Checks a token and reads what it says.

    Args:
        token: In the compact form (RFC 7515 7.1).
        keys: The provider's public keys as JWKs (RFC 7517), of the provider's own address.
        expected: What it must say.
        now: Seconds since 1970.
        groups_claim: The claim that lists groups.
    """
    claims = _signed(token, keys)
    if isinstance(claims, Untrusted):
        return claims
    why = _wrong(claims, expected, now)
    if why:
        return Untrusted(why=why)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= TEXT_LIMIT or not subject.isprintable():
        return Untrusted(why="subject")
    elsewhere = claims.get("_claim_names")
    authenticated = claims.get("auth_time")
    return Claims(
        subject=subject,
        name=_text(claims.get("name")),
        username=_text(claims.get("preferred_username")),
        groups=_texts(claims.get(groups_claim)),
        groups_left_out=claims.get("hasgroups") is True or (isinstance(elsewhere, dict) and groups_claim in elsewhere),
        acr=_text(claims.get("acr")),
        amr=_texts(claims.get("amr")),
        authenticated_at=authenticated if _is_time(authenticated) and authenticated <= now + LEEWAY_SECONDS else None,
    )


def _signed(token: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any] | Untrusted:
    """What the token says, where one of ``keys`` signed it."""
    if len(token) > TOKEN_LIMIT or token.count(".") != 2:
        return Untrusted(why="form")
    try:
        header = jwt.get_unverified_header(token)
    except PyJWTError:  # also an extension that must be understood (RFC 7515 4.1.11): we understand none
        return Untrusted(why="form")
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        return Untrusted(why="algorithm")
    if "crit" in header:  # for a library that lets it through
        return Untrusted(why="form")
    fitting = [key for key in keys[:KEYS_LIMIT] if _fits(key, algorithm, header.get("kid"))]
    if not fitting:
        return Untrusted(why="key", unknown_key=True)
    for key in fitting:
        try:
            known = jwt.PyJWK(dict(key), algorithm=algorithm)
            if known.key_type == "RSA" and known.key.key_size < RSA_BITS_LEAST:
                continue
            payload = jwt.PyJWS().decode_complete(token, known, algorithms=[algorithm])["payload"]
            said = json.loads(payload)
        except (PyJWTError, ValueError, TypeError, KeyError, RecursionError):
            continue
        return said if isinstance(said, dict) else Untrusted(why="form")
    return Untrusted(why="signature")


def _fits(key: Mapping[str, Any], algorithm: str, kid: object) -> bool:
    """Whether a key may have signed it: of the algorithm's kind, for signatures, and the one that is named."""
    return (
        key.get("kty") == KINDS[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    )


def _wrong(claims: Mapping[str, Any], expected: Expected, now: float) -> str:
    """The first check that fails, by one word; empty where all hold (OpenID Connect Core 1.0, 3.1.3.7)."""
    if claims.get("iss") != expected.issuer:
        return "issuer"
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or expected.client_id not in named:
        return "audience"
    party = claims.get("azp")
    if (party is not None or len(named) > 1) and party != expected.client_id:
        return "party"
    ends, made, begins = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not (_is_time(ends) and _is_time(made) and _is_time(begins)):
        return "times"
    if now >= ends + LEEWAY_SECONDS:
        return "expired"
    if max(made, begins) > now + LEEWAY_SECONDS:
        return "future"
    if made < now - OLDEST_SECONDS - LEEWAY_SECONDS:
        return "old"
    # Compared as text that both sides made: its use is over after this one comparison.
    return "" if expected.nonce and claims.get("nonce") == expected.nonce else "nonce"


def _is_time(moment: object) -> TypeGuard[float]:
    return isinstance(moment, int | float) and not isinstance(moment, bool) and 0 <= moment < 2**40


def _text(said: object) -> str:
    """A text for a page or a record; what is none, or holds signs that are not printed, says nothing."""
    return said.strip()[:TEXT_LIMIT] if isinstance(said, str) and said.isprintable() else ""


def _texts(said: object) -> tuple[str, ...]:
    """A list of texts. One text alone is a list of one (ADFS sends it so); it is never taken apart at commas."""
    listed = [said] if isinstance(said, str) else said
    if not isinstance(listed, list):
        return ()
    return tuple(one for one in listed[:GROUPS_LIMIT] if isinstance(one, str) and one)
