"""Software that crossed the wire in clear: messages of HTTP in, downloads and their signature files out.

Only what an HTTP head says is known: a name that ends like software, or a media type of programs. Whether the content
bears a signature inside, no head tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from asepsis.devices.device import Device
from asepsis.exposure.message import Row, facts_of
from asepsis.exposure.weaknesses.weakness import Seen
from asepsis.kernel.value import value

# A device that polls for updates asks thousands of times; the first different paths tell it all.
TRANSFERS_LIMIT: Final = 64
_SOFTWARE: Final = re.compile(
    r"\.(?:bin|fw|img|hex|rom|swu|dfu|raucb|mender|upd|upg|update|deb|rpm|ipk|apk|msi|exe|cab|pkg|tar(?:\.(?:gz|xz|bz2))?|tgz)$"
    r"|/(?:firmware|fw|ota)/",
    re.IGNORECASE,
)
_SIGNATURE: Final = re.compile(
    r"\.(?:sig|sign|asc|p7s|minisig|cosign|intoto|jws)$|/(?:root|timestamp|snapshot|targets)\.json$", re.IGNORECASE
)
_MEDIA: Final = ("application/x-firmware", "application/vnd.android.package-archive", "application/x-msdownload")


@value
class Transfer:
    """One piece of software that was fetched or sent in clear."""

    name: str
    """The last part of the path."""
    is_signature: bool
    """It is a signature, or the metadata of a signed repository, not software."""
    is_pushed: bool
    """Somebody sent it to the device; else the device fetched it."""
    seen: Seen


def transfers(messages: Iterable[Row], device: Device) -> tuple[Transfer, ...]:
    """What of the device's HTTP looks like software.

    Args:
        messages: Messages of HTTP, as the history gives them.
        device: The prototype.
    """
    found: dict[tuple[str, bool], Transfer] = {}
    for row in messages:
        is_sender = row["source_device"] == device.id
        if row["kind"] == "response" and not is_sender:
            text = facts_of(row).get("content_type", "")
            if isinstance(text, str) and text.partition(";")[0].strip().casefold() in _MEDIA:
                _keep(found, text.partition(";")[0].strip(), row, is_signature=False, is_pushed=False)
            continue
        facts = facts_of(row)
        method, path = facts.get("method"), facts.get("path")
        if not isinstance(path, str):
            continue
        path = path.partition("?")[0]
        is_pushed = not is_sender and method in ("PUT", "POST")
        if not is_pushed and not (is_sender and method == "GET"):
            continue
        is_signature = _SIGNATURE.search(path) is not None
        if is_signature or _SOFTWARE.search(path) is not None:
            _keep(found, path.rpartition("/")[2] or path, row, is_signature=is_signature, is_pushed=is_pushed)
    return tuple(found.values())


def _keep(found: dict[tuple[str, bool], Transfer], name: str, row: Row, *, is_signature: bool, is_pushed: bool) -> None:
    key = name[:80], is_pushed
    if key in found or len(found) >= TRANSFERS_LIMIT:
        return
    found[key] = Transfer(
        name=key[0],
        is_signature=is_signature,
        is_pushed=is_pushed,
        seen=Seen(
            what=f"{key[0]} by HTTP",
            protocol=row["protocol"],
            partner=row["source_ip"] if is_pushed else row["destination_ip"],
            capture=row["capture"],
            packet=row["packet"],
            count=1,
            first_ns=row["time_ns"],
            last_ns=row["time_ns"],
        ),
    )
