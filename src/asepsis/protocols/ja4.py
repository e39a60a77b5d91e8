"""JA4, the fingerprint of a TLS client: the offers of a ClientHello in, ``t13d1516h2_8daaf6152771_e5627efa2ab1`` out.

After FoxIO's published definition of JA4 (BSD 3-Clause, free of patent claims by its authors' word). Its sisters
(JA4S, JA4H, JA4X, JA4SSH ...) are under a licence that forbids selling them and are not computed anywhere here.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from struct import unpack
from typing import Final

# RFC 8701: values that clients offer to keep servers tolerant; they say nothing and are left out everywhere.
GREASE: Final = frozenset(0x0A0A + 0x1010 * step for step in range(16))

# 23,165 hellos of a mixed capture had 492 different offers; a hello's key and fingerprint take about 1 KiB.
REMEMBERED_OFFERS = 4096
# Offers of more cipher suites, algorithms or extensions than any client has are read, and not remembered: 4,096 of
# these limits are under 20 MiB.
REMEMBERED_LIST_BYTES = 512
REMEMBERED_EXTENSIONS = 64

_SERVER_NAME = 0x0000
_ALPN = 0x0010
_NOTHING = "000000000000"
_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}


def numbers(data: bytes) -> tuple[int, ...]:
    """A list of two-byte numbers, without GREASE; an odd byte at the end is left out."""
    count = len(data) // 2
    return tuple(number for number in unpack(f">{count}H", data[: 2 * count]) if number not in GREASE)


def ja4(version: int, ciphers: bytes, extensions: tuple[int, ...], algorithms: bytes, alpn: bytes) -> str:
    """The fingerprint of a ClientHello over TCP.

    Args:
        version: The highest version offered (``supported_versions``, else the hello's own), GREASE left out.
        ciphers: The list of cipher suites as it came, two bytes each.
        extensions: The types of all extensions in the order they came.
        algorithms: The list of ``signature_algorithms`` as it came, empty without the extension.
        alpn: The first protocol of ALPN, empty without the extension.
    """
    count, hash_b = (_known_ciphers if len(ciphers) <= REMEMBERED_LIST_BYTES else _ciphers)(ciphers)
    kinds = [kind for kind in extensions if kind not in GREASE]
    a = (
        f"t{_VERSIONS.get(version, '00')}{'d' if _SERVER_NAME in kinds else 'i'}{min(count, 99):02d}"
        f"{min(len(kinds), 99):02d}{_ends(alpn)}"
    )
    # Browsers shuffle their extensions from one hello to the next, so what is remembered is keyed by the sorted list.
    rest = tuple(sorted(kind for kind in kinds if kind not in (_SERVER_NAME, _ALPN)))
    is_usual = len(rest) <= REMEMBERED_EXTENSIONS and len(algorithms) <= REMEMBERED_LIST_BYTES
    return f"{a}_{hash_b}_{(_known_extensions if is_usual else _extensions)(rest, algorithms)}"


def _ciphers(ciphers: bytes) -> tuple[int, str]:
    suites = numbers(ciphers)
    return len(suites), _hash(_listed(sorted(suites))) if suites else _NOTHING


def _extensions(kinds: tuple[int, ...], algorithms: bytes) -> str:
    if not kinds:
        return _NOTHING
    offered = numbers(algorithms)
    return _hash(_listed(kinds) + ("_" + _listed(offered) if offered else ""))


_known_ciphers = lru_cache(maxsize=REMEMBERED_OFFERS)(_ciphers)
_known_extensions = lru_cache(maxsize=REMEMBERED_OFFERS)(_extensions)


def _listed(values: list[int] | tuple[int, ...]) -> str:
    return ",".join([f"{number:04x}" for number in values])


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def _ends(alpn: bytes) -> str:
    # The first and last sign; of a value that begins or ends with no ASCII letter or digit, the first and last
    # hexadecimal digit.
    if not alpn:
        return "00"
    ends = bytes((alpn[0], alpn[-1]))
    return ends.decode() if ends.isalnum() else alpn[:1].hex()[0] + alpn[-1:].hex()[1]
