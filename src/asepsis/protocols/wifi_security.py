"""What the elements of an 802.11 frame say of a network's security (IEEE 802.11-2020 9.4.2.24, Wi-Fi Alliance WPA)."""

from __future__ import annotations

from typing import Any, Final

# IEEE 802.11-2020 table 9-149.
_CIPHERS: Final = {
    1: "WEP-40",
    2: "TKIP",
    4: "CCMP-128",
    5: "WEP-104",
    8: "GCMP-128",
    9: "GCMP-256",
    10: "CCMP-256",
}
# IEEE 802.11-2020 table 9-151: the suite -> its name, and what people call it. 24 and 25 are of IEEE 802.11-2024.
_SUITES: Final = {
    1: ("802.1X", "Enterprise"),
    2: ("PSK", "Personal"),
    3: ("FT-802.1X", "Enterprise"),
    4: ("FT-PSK", "Personal"),
    5: ("802.1X-SHA256", "Enterprise"),
    6: ("PSK-SHA256", "Personal"),
    8: ("SAE", "SAE"),
    9: ("FT-SAE", "SAE"),
    11: ("802.1X-SuiteB", "Enterprise"),
    12: ("802.1X-SuiteB-192", "Enterprise-192"),
    13: ("FT-802.1X-SHA384", "Enterprise"),
    14: ("FILS-SHA256", "Enterprise"),
    15: ("FILS-SHA384", "Enterprise"),
    16: ("FT-FILS-SHA256", "Enterprise"),
    17: ("FT-FILS-SHA384", "Enterprise"),
    18: ("OWE", "OWE"),
    24: ("SAE-GDH", "SAE"),
    25: ("FT-SAE-GDH", "SAE"),
}
# A frame that lists more suites than the standard has is junk.
_SUITES_LIMIT = 16
_RSN_OUI = b"\x00\x0f\xac"
_WPA_OUI = b"\x00\x50\xf2"


def read_suites(body: bytes, oui: bytes, found: dict[str, Any]) -> None:
    """Adds what an RSN element (oui 00-0F-AC) or a WPA element (00-50-F2) says; a cut list ends where it is cut."""
    if len(body) < 6:
        return
    at = 6
    lists: list[list[int]] = []
    for _ in range(2):
        if at + 2 > len(body):
            break
        count = min(body[at] | body[at + 1] << 8, _SUITES_LIMIT)
        suites = [body[at + 2 + 4 * i : at + 6 + 4 * i] for i in range(count)]
        lists.append([suite[3] for suite in suites if len(suite) == 4 and suite[:3] == oui])
        at += 2 + 4 * count
    ciphers = {_CIPHERS.get(number, f"cipher {number}") for number in lists[0]} if lists else set[str]()
    if body[2:5] == oui and body[5] in _CIPHERS:
        found["group_cipher"] = _CIPHERS[body[5]]
    found["ciphers"] = found.get("ciphers", set()) | ciphers
    numbers = lists[1] if len(lists) > 1 else []
    found["key_management"] = found.get("key_management", set()) | {
        _SUITES[number][0] if number in _SUITES else f"suite {number}" for number in numbers
    }
    generation = "WPA" if oui == _WPA_OUI else "WPA2"
    found.setdefault("protections", set()).update(_protection(generation, number) for number in numbers)
    if oui == _RSN_OUI and at + 2 <= len(body):
        # IEEE 802.11-2020 9.4.2.24.4, bits 6 and 7.
        found["management_frames"] = "protected" if body[at] & 0x40 else "protectable" if body[at] & 0x80 else ""


def _protection(generation: str, number: int) -> str:
    kind = _SUITES[number][1] if number in _SUITES else "other"
    match kind:
        case "SAE":
            return "WPA3-Personal"
        case "OWE":
            return "OWE"
        case "Enterprise-192":
            return "WPA3-Enterprise"
        case _:
            return f"{generation}-{kind}"
