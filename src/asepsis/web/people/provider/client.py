"""What is asked of the provider: its description, its keys, and a token for a code.

Every answer is bounded in time and size, no redirect is followed, and only https is spoken, but to this machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from django.core.cache import cache

from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.value import value
from asepsis.web.configuration import Oidc, secret

TIMEOUT_SECONDS: Final = 10.0
# A description has 5 KiB, a token with many groups 30 KiB.
ANSWER_LIMIT_BYTES: Final = 512 * 1024
KEPT_SECONDS: Final = 3600
# Keys are fetched again for a key that is not known, but not for every forged token.
KEYS_AGAIN_SECONDS: Final = 60
WELL_KNOWN: Final = "/.well-known/openid-configuration"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class ProviderError(AsepsisError):
    """The provider cannot be asked, or its answer is not one."""


@value
class Description:
    """What the provider says of itself (OpenID Connect Discovery 1.0, 3)."""

    authorization: str
    token: str
    keys: str
    names_itself: bool
    """It puts its issuer beside every code (RFC 9207)."""
    basic: bool
    """It takes the client's secret in a header alone."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take a secret, or our trust, elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def describe(settings: Oidc) -> Description:
    """The provider's description; kept for an hour.

    Raises:
        ProviderError: It cannot be had, is of another issuer, or names addresses that are not safe.
    """
    name = _kept_as("description", settings.issuer)
    found = cache.get(name)
    if not isinstance(found, dict):
        found = _ask(settings, settings.issuer.rstrip("/") + WELL_KNOWN)
        # OpenID Connect Discovery 1.0, 4.3: letter by letter, so that one issuer cannot speak for another.
        if found.get("issuer") != settings.issuer:
            raise _error("the provider describes another issuer than [oidc] issuer", "oidc-issuer")
        cache.set(name, found, KEPT_SECONDS)
    ways = found.get("token_endpoint_auth_methods_supported")
    return Description(
        authorization=_address(found, "authorization_endpoint"),
        token=_address(found, "token_endpoint"),
        keys=_address(found, "jwks_uri"),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        # Discovery 1.0, 3: where nothing is said, it is a header.
        basic=not (isinstance(ways, list) and "client_secret_post" in ways),
    )


def keys(settings: Oidc, description: Description, *, again: bool = False) -> list[Mapping[str, Any]]:
    """The provider's public keys; kept for an hour, fetched ``again`` once a minute at most.

    Raises:
        ProviderError: They cannot be had.
    """
    name = _kept_as("keys", settings.issuer)
    found = cache.get(name)
    if again and not cache.add(_kept_as("keys asked for", settings.issuer), True, KEYS_AGAIN_SECONDS):
        again = False
    if again or not isinstance(found, list):
        listed = _ask(settings, description.keys).get("keys")
        if not isinstance(listed, list):
            raise _error("the provider's keys are not a list of keys", "oidc-answer")
        found = [key for key in listed if isinstance(key, dict)]
        cache.set(name, found, KEPT_SECONDS)
    return found


def redeem(settings: Oidc, description: Description, *, code: str, verifier: str, back: str) -> str:
    """The ID token for a code (OpenID Connect Core 1.0, 3.1.3; RFC 7636 4.5).

    Raises:
        ProviderError: There is none.
    """
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    password = secret(settings.client_secret_file, what="the client secret") if settings.client_secret_file else ""
    if password and description.basic:
        # RFC 6749 2.3.1: each half is spelled as in a form before they are joined.
        both = f"{quote_plus(settings.client_id)}:{quote_plus(password)}"
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode('ascii')}"
    else:
        asked["client_id"] = settings.client_id
        if password:
            asked["client_secret"] = password
    token = _ask(settings, description.token, urlencode(asked).encode("ascii"), headers).get("id_token")
    if not isinstance(token, str):
        raise _error("the provider gave no ID token", "oidc-answer")
    return token


def is_safe(address: str) -> bool:
    """Whether an address may be asked: https, or this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def _address(found: Mapping[str, Any], name: str) -> str:
    address = found.get(name)
    if not isinstance(address, str) or not address.isprintable() or not is_safe(address) or "#" in address:
        raise _error(f"the provider's {name} is not an https address", "oidc-address")
    return address


def _ask(
    settings: Oidc, address: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """One question, one JSON object."""
    if not is_safe(address):
        raise _error("only https addresses are asked", "oidc-address")
    context = ssl.create_default_context(cafile=settings.authority_file or None)
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context), _NoRedirects()]
    if urlsplit(address).hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    asked = urllib.request.Request(address, body, {"Accept": "application/json", **(headers or {})})  # noqa: S310  # checked
    try:
        with opener.open(asked, timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read(ANSWER_LIMIT_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise _error(f"the provider answered {error.code}", "oidc-answer") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _error(f"the provider cannot be asked: {type(error).__name__}", "oidc-unreachable") from error
    if len(text) > ANSWER_LIMIT_BYTES:
        raise _error("the provider's answer is too long", "oidc-answer")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _error("the provider's answer is no JSON", "oidc-answer") from error
    if not isinstance(found, dict):
        raise _error("the provider's answer is no object", "oidc-answer")
    return found


def _kept_as(what: str, issuer: str) -> str:
    return f"oidc-{hashlib.sha256(f'{what} {issuer}'.encode()).hexdigest()}"


def _error(message: str, code: str) -> ProviderError:
    return ProviderError(message, code=code, hint="docs/how-to/sign-in-by-your-provider.md")
