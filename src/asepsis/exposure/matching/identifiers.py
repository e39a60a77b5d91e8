"""Package URLs and CPE names, read leniently: an identifier is one more name, and no proof."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from asepsis.kernel.value import value

LONGEST: Final = 1000
_SPLIT: Final = re.compile(r"(?<!\\):")


@value
class PackageUrl:
    """``pkg:type/namespace/name@version?qualifiers#subpath`` (the purl specification, 1.0)."""

    type: str
    namespace: str
    name: str
    version: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the package without its version."""
        return self.type, self.namespace, self.name


@value
class PlatformName:
    """A CPE 2.3 formatted string or a 2.2 URI (NIST IR 7695)."""

    part: str
    vendor: str
    product: str
    version: str
    """Empty where the name means any version."""


# Types whose names ignore case (purl specification, "Known purl types").
_FOLDED: Final = frozenset(("github", "bitbucket", "pypi", "deb", "apk", "composer", "hex", "gitlab"))


@lru_cache(maxsize=65536)
def purl(text: str) -> PackageUrl | None:
    """A package URL, None where the text is none."""
    if not text.startswith("pkg:") or len(text) > LONGEST:
        return None
    rest = text[4:].lstrip("/").partition("#")[0].partition("?")[0]
    path, _, version = rest.rpartition("@") if "@" in rest.rpartition("/")[2] else (rest, "", "")
    pieces = [piece for piece in path.split("/") if piece]
    if len(pieces) < 2:
        return None
    kind, *space, name = pieces[0], *(unquote(piece) for piece in pieces[1:])
    kind = kind.lower()
    namespace = "/".join(space)
    if kind in _FOLDED:
        name, namespace = name.lower(), namespace.lower()
    if kind == "pypi":
        name = name.replace("_", "-")
    return PackageUrl(type=kind, namespace=namespace, name=name, version=unquote(version))


@lru_cache(maxsize=65536)
def cpe(text: str) -> PlatformName | None:
    """A CPE name, None where the text is none."""
    if len(text) > LONGEST:
        return None
    if text.startswith("cpe:2.3:"):
        parts = _SPLIT.split(text)[2:]
    elif text.startswith("cpe:/"):
        parts = [unquote(piece) for piece in text[5:].split(":")]
    else:
        return None
    parts += [""] * (4 - len(parts))
    part, vendor, product, version = (re.sub(r"\\(.)", r"\1", piece) for piece in parts[:4])
    if not product:
        return None
    return PlatformName(
        part=part, vendor=vendor.lower(), product=product.lower(), version="" if version in ("*", "-") else version
    )
