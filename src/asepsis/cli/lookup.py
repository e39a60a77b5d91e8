"""Which device a person means: by id, by the beginning of an id, by an address, or by a name."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from asepsis.devices.telling import ordered_addresses
from asepsis.kernel.errors import AsepsisError

if TYPE_CHECKING:
    from asepsis.pipeline.workspace import Workspace

Document = dict[str, Any]

SHORTEST_ID_START: Final = 3
"""Fewer signs fit too many devices to be meant as an id."""

NAMED_CANDIDATES: Final = 5
"""More than so many do not help anybody to choose."""

NEAR_NAMES: Final = 3
"""Names that are offered where the one that was written is nobody's."""


def device_documents(workspace: Workspace, *, site: str | None) -> list[Document]:
    """The devices of a workspace, or of one site in it, as ``asepsis devices --json`` prints them."""
    from asepsis.pipeline.registry import Registry

    with Registry.open(workspace.registry_path) as registry:
        return [device.document() for device in registry.devices(site)]


def find_device(documents: Sequence[Document], wanted: str) -> Document:
    """The one device that ``wanted`` names.

    Args:
        documents: The devices to choose from, as ``asepsis devices --json`` prints them.
        wanted: An id or its beginning, an IP or hardware address, or a name.

    Raises:
        AsepsisError: No device fits (``device-unknown``), or more than one (``device-ambiguous``).
    """
    for candidates in (
        [document for document in documents if document["id"] == wanted],
        [document for document in documents if _has(document, wanted)],
        [
            document
            for document in documents
            if len(wanted) >= SHORTEST_ID_START and str(document["id"]).startswith(wanted)
        ],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            ids = ", ".join(map(_described, candidates[:NAMED_CANDIDATES]))
            more = len(candidates) - NAMED_CANDIDATES
            raise AsepsisError(
                f"{len(candidates)} devices are called {wanted}",
                code="device-ambiguous",
                hint=f"Name one by its id: {ids}{f' and {more:,} more' if more > 0 else ''}",
            )
    near = _near(documents, wanted) if wanted else []
    raise AsepsisError(
        f"no device is called {wanted}",
        code="device-unknown",
        hint=(f"Did you mean {', '.join(near)}? " if near else "")
        + "An id, an address or a name will do; they are listed by: asepsis devices",
    )


def _described(document: Document) -> str:
    """An id and what tells it from its namesakes: what it is, where it is, and at which site."""
    addresses = ordered_addresses(document["addresses"]["ip"]) or document["addresses"]["mac"]
    what = [document["category"] or "unknown", *addresses[:1], document["site"]]
    return f"{document['id']} ({', '.join(what)})"


def _near(documents: Sequence[Document], wanted: str) -> list[str]:
    """Names that are nearly the one that was written: first those that begin with it, then those that resemble it."""
    text = wanted.casefold()
    names = {name.casefold(): name for document in documents for name in document["names"]}
    begun = sorted(
        (name for folded, name in names.items() if folded.startswith(text)), key=lambda name: (len(name), name)
    )
    resembling = [names[folded] for folded in get_close_matches(text, names, n=NEAR_NAMES)]
    return list(dict.fromkeys([*begun, *resembling]))[:NEAR_NAMES]


def _has(document: Document, wanted: str) -> bool:
    """Whether an address or a name of the device is ``wanted``; case does not matter in either."""
    text = wanted.casefold()
    addresses = document["addresses"]
    return any(text == own.casefold() for own in (*addresses["ip"], *addresses["mac"], *document["names"]))
