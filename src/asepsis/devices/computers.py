"""Ordinary computers, by what they serve and who made them: servers and workstations.

In: the clues of one device. Out: clues with general words, which give way to any exact one. A service alone does not
make a server: scanners and pumps answer SSH and web requests too, and a household's router gives addresses and names.
"""

from __future__ import annotations

from collections.abc import Iterable

from asepsis.devices.clue import Attribute, Clue
from asepsis.knowledge.vocabulary import Category, Role

# What a house has one or a few machines for. Two of them on one machine that forwards nothing: a server.
_INFRASTRUCTURE = (Role.DHCP_SERVER, Role.DNS_SERVER, Role.NTP_SERVER, Role.DIRECTORY_SERVER)
# Others connect to it in order to reach each other or their letters: that needs a server of its own.
_CENTRAL = (Role.MQTT_BROKER, Role.MAIL_SERVER)
# Makers of nothing but virtual network cards (vendors.jsonl). Who runs a service on a virtual machine runs a server;
# virtual desktops answer remote desktop and file sharing, which are not among these.
_VIRTUAL = frozenset(("VMware", "Xen"))
_SERVICES = (*_INFRASTRUCTURE, *_CENTRAL, Role.DATABASE_SERVER, Role.WEB_SERVER, Role.HL7_RECEIVER, Role.DICOM_SERVER)
# Makers whose network cards nearly all sit in computers, most of them at desks. Their printers and switches answer.
_COMPUTERS = frozenset(("Dell", "HP", "Lenovo", "Acer"))
_ASKS = frozenset((Role.CLIENT.value, Role.NETWORK_MANAGER.value))
# A port that answers is no proof of what answers; these weights come from content (``observe.traffic``).
_SURE = 0.5


def computer(clues: Iterable[Clue], makers: Iterable[str], *, forwards: bool) -> list[Clue]:
    """What a device's services and makers say of it.

    Args:
        clues: What is known of it.
        makers: Who made its network cards, by their registered prefixes.
        forwards: It passes on packets of others.
    """
    roles: dict[str, list[Clue]] = {}
    for clue in clues:
        if clue.attribute == Attribute.ROLE:
            roles.setdefault(clue.value, []).append(clue)
    if forwards or Role.ROUTER in roles:
        return []
    makers = frozenset(makers)
    served = {role: _surest(said) for role, said in roles.items() if max(clue.weight for clue in said) >= _SURE}
    infrastructure = [served[role] for role in _INFRASTRUCTURE if role in served]
    if len(infrastructure) > 1:
        return [_is(Category.SERVER, 0.5, infrastructure[0])]
    if makers & _VIRTUAL:
        for role in _SERVICES:
            if role in served:
                return [_is(Category.SERVER, 0.5, served[role])]
        login = [clue for clue in roles.get(Role.REMOTE_LOGIN_SERVER, ()) if clue.protocol == "ssh"]
        return [_is(Category.SERVER, 0.5, login[0])] if login else []
    for role in _CENTRAL:
        if role in served:
            return [_is(Category.SERVER, 0.45, served[role])]
    asks = [clue for clue in roles.get(Role.CLIENT, ()) if clue.protocol == "tcp"]
    if asks and makers & _COMPUTERS and _ASKS.issuperset(roles):
        return [_is(Category.WORKSTATION, 0.45, asks[0])]
    return []


def _surest(clues: list[Clue]) -> Clue:
    return min(clues, key=lambda clue: (-clue.weight, clue.first_ns, clue.capture, clue.packet, clue.protocol))


def _is(category: Category, weight: float, shown_by: Clue) -> Clue:
    return shown_by._replace(attribute=Attribute.CATEGORY, value=category, weight=weight, protocol="inference")
