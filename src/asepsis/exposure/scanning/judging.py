"""Who may be asked something, and who is left out and why. Pure: the same facts give the same answer.

The rule is a list of who may, not of who may not: what is not known to be robust is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from asepsis.devices.device import Device
from asepsis.devices.rhythm import UNKNOWN, Rhythm, Status, status_at
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.knowledge.harm import harm_of
from asepsis.knowledge.probing import Probing, probing_of
from asepsis.knowledge.vocabulary import GENERAL_CATEGORIES, category_agrees

Network = IPv4Network | IPv6Network

# Below this it is a guess what the device is, and a guess may be a pump.
LEAST_CONFIDENCE: Final = 0.8
# An address that was not seen for so long may belong to another device by now: leases of a week are common.
ADDRESS_AGE_NS: Final = 7 * 86_400 * SECOND_NS
# Whoever shows data of a patient is with a patient: a shift's half.
PATIENT_NS: Final = 4 * 3600 * SECOND_NS
_MINUTE_NS: Final = 60 * SECOND_NS


@value
class Circumstances:
    """What is known of one device at the moment of judging."""

    rhythm: Rhythm = UNKNOWN
    patient_ns: int | None = None
    """When it last sent or was sent data of a patient in clear; None for never."""
    sustains_life: bool = False
    """A person has recorded it as sustaining life."""
    watched_until_ns: int = 0
    """Until when the network of its site was watched."""


@value
class Leave:
    """Left out, with the reason in one sentence."""

    code: str
    """A stable word: ``fragile``, ``unknown``, ``subnet``, ``in-use`` ..."""
    why: str


def judge(
    device: Device,
    circumstances: Circumstances,
    *,
    now_ns: int,
    watched_ns: int,
    do_not_probe: Sequence[Network] = (),
    shared: Collection[str] = (),
) -> Probing | Leave:
    """Whether one device may be asked now.

    Args:
        device: With its evidence.
        circumstances: Of the same device.
        now_ns: The moment.
        watched_ns: How long ago the site may have been watched last.
        do_not_probe: Networks that no scan touches.
        shared: IP addresses that more than one device holds.

    Returns:
        What it can bear, or why it is left out: the gravest reason first.
    """
    fragile = _fragile(device, circumstances)
    if fragile is not None:
        return fragile
    bearing = probing_of(device.category)
    assert bearing is not None  # _fragile has left out every other
    forbidden = _forbidden(device, do_not_probe)
    if forbidden is not None:
        return forbidden
    if not device.ips or not device.macs:
        return Leave(code="no-address", why="no address and hardware address of it are both known")
    if device.twins or any(ip in shared for ip in device.ips):
        return Leave(code="ambiguous", why="its address is also held by another device")
    if now_ns - device.last_seen_ns > ADDRESS_AGE_NS:
        return Leave(code="not-seen", why="it was not seen for a week: its address may be another's by now")
    return _busy(device, circumstances, bearing, now_ns, watched_ns) or bearing


def _fragile(device: Device, circumstances: Circumstances) -> Leave | None:
    if circumstances.sustains_life:
        return Leave(code="fragile", why="a person has recorded that it sustains life")
    harm = harm_of(device.category)
    if harm is not None and harm.sustains_life:
        return Leave(code="fragile", why=f"it {harm.function}: what sustains life is never asked")
    if device.category is None or device.category == "unknown":
        return Leave(code="unknown", why="nobody knows what it is, so it may be anything")
    if probing_of(device.category) is None:
        does = "takes part in care" if harm is None else harm.function
        return Leave(code="fragile", why=f"it {does}: devices of this kind are never asked")
    if device.confidence.get("category", 0.0) < LEAST_CONFIDENCE:
        return Leave(code="unknown", why="it is not sure enough what it is")
    # A scanner's console is a workstation too: one hint of something fragile is enough.
    for reason in device.evidence:
        if reason.attribute == "category" and reason.weight > 0 and _contradicts(reason.value, device.category):
            return Leave(code="fragile", why=f"something says that it may be a {reason.value.replace('_', ' ')}")
    return None


def _contradicts(claimed: str, category: str) -> bool:
    if probing_of(claimed) is not None or category_agrees(claimed, category):
        return False
    return claimed not in GENERAL_CATEGORIES


def _forbidden(device: Device, do_not_probe: Sequence[Network]) -> Leave | None:
    for text in device.ips:
        address = ip_address(text)
        for network in do_not_probe:
            if address.version == network.version and address in network:
                return Leave(code="subnet", why=f"{network} is never touched (do_not_probe)")
    return None


def _busy(device: Device, circumstances: Circumstances, bearing: Probing, now_ns: int, watched_ns: int) -> Leave | None:
    if bearing.idle_minutes == 0:
        return None
    if now_ns - circumstances.watched_until_ns > watched_ns:
        return Leave(code="unwatched", why="its network was not watched just now, so nobody knows whether it is in use")
    patient = circumstances.patient_ns
    if patient is not None and now_ns - patient < PATIENT_NS:
        return Leave(code="in-use", why="it handled data of a patient within the last four hours")
    if now_ns - device.last_seen_ns < bearing.idle_minutes * _MINUTE_NS:
        return Leave(code="in-use", why=f"it was heard within the last {bearing.idle_minutes} minutes")
    # A device that pauses for an hour between two tasks is in use for that hour.
    usual = circumstances.rhythm
    if usual.gaps and status_at(now_ns, device.last_seen_ns, usual) is Status.ONLINE:
        return Leave(code="in-use", why="a pause like this one is usual for it while it is in use")
    return None
