"""Which device a person means: by id, by the beginning of an id, by an address, or by a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from asepsis.kernel.errors import AsepsisError

if TYPE_CHECKING:
    from asepsis.pipeline.workspace import Workspace

Document = dict[str, Any]

SHORTEST_ID_START: Final = 3
"""Fewer signs fit too many devices to be meant as an id."""

NAMED_CANDIDATES: Final = 5
"""More than so many do not help anybody to choose."""


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
            ids = ", ".join(f"{document['id']} ({document['site']})" for document in candidates[:NAMED_CANDIDATES])
            raise AsepsisError(
                f"{len(candidates)} devices are called {wanted}",
                code="device-ambiguous",
                hint=f"Name one by its id: {ids}",
            )
    raise AsepsisError(
        f"no device is called {wanted}",
        code="device-unknown",
        hint="An id, an address or a name will do; they are listed by: asepsis devices",
    )


def _has(document: Document, wanted: str) -> bool:
    """Whether an address or a name of the device is ``wanted``; case does not matter in either."""
    text = wanted.casefold()
    addresses = document["addresses"]
    return any(text == own.casefold() for own in (*addresses["ip"], *addresses["mac"], *document["names"]))
