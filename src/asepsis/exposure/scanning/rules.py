"""What a hospital sets for scans: the table ``[scanning]`` of ``workspace.toml``."""

from __future__ import annotations

from asepsis.kernel.value import value


@value
class Scanning:
    """Asking devices something; off while ``interface`` is empty. Passive watching needs none of it."""

    interface: str = ""
    """The interface that scans go out by, in a network namespace of its own; Asepsis decides all that leaves there."""
    do_not_probe: tuple[str, ...] = ()
    """Networks that no scan ever touches, such as ``10.40.20.0/24``."""
    gateway_mac: str = ""
    """The hardware address of the router on that interface; without it only devices on the same segment are asked."""
    snmp_community_file: str = ""
    """The file with the community for reading by SNMP; without it only SNMPv3 is asked who it is, without a name."""
    watched_minutes: int = 15
    """Nobody is asked unless the sensor has heard the site within so many minutes: who is in use must be known."""
