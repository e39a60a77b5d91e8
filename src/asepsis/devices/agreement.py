"""Which values of an attribute say the same thing, one perhaps in wider words, and which cannot both be true."""

from __future__ import annotations

from functools import lru_cache

from asepsis.devices.clue import Attribute
from asepsis.knowledge.vendors import COMPONENT, PLATFORM, vendor
from asepsis.knowledge.vocabulary import GENERAL_CATEGORIES, WIDER, category_agrees

# Systems that are Linux inside; evidence for Linux supports them.
_LINUX = (
    "ubuntu",
    "debian",
    "centos",
    "red hat",
    "raspberry pi os",
    "android",
    "chrome os",
    "openwrt",
    "fedora",
    "suse",
)
_UNIX = ("linux", *_LINUX, "freebsd", "netbsd", "openbsd", "macos", "solaris")
_EMBEDDED = "embedded system"


@lru_cache(maxsize=1 << 14)
def agrees(attribute: str, wide: str, exact: str) -> bool:
    """True when evidence for ``wide`` supports ``exact``: the same value, or the same in wider words."""
    if wide == exact:
        return True
    match attribute:
        case Attribute.CATEGORY:
            return category_agrees(wide, exact)
        case Attribute.OS:
            return _os_agrees(wide, exact)
        case Attribute.MODEL | Attribute.UDI:  # the device identifier alone, and with the production identifiers
            return wide.casefold() in exact.casefold()
        case Attribute.ROLE | Attribute.NAME:
            return False
        case _:
            return wide.casefold() == exact.casefold()


@lru_cache(maxsize=1 << 14)
def contradicts(attribute: str, one: str, other: str) -> bool:
    """True when both cannot be true of one device. Devices have many names and roles, so those never contradict."""
    if attribute in (Attribute.ROLE, Attribute.NAME):
        return False
    if is_general(attribute, one) or is_general(attribute, other):
        return False
    if attribute == Attribute.UDI and _agency(one) != _agency(other):
        return False  # a device may bear a UDI of each agency (DICOM PS3.3 C.7.5.1: one item a jurisdiction)
    return not agrees(attribute, one, other) and not agrees(attribute, other, one)


@lru_cache(maxsize=1 << 12)
def is_general(attribute: str, value: str) -> bool:
    """True for a value that says little and gives way to any other: a chip's maker, an ordinary computer."""
    match attribute:
        case Attribute.CATEGORY:
            return value in GENERAL_CATEGORIES
        case Attribute.VENDOR:
            maker = vendor(value)
            return maker is not None and maker.kind in (COMPONENT, PLATFORM)
        case Attribute.OS:
            return value.startswith(_EMBEDDED)
        case _:
            return False


_WIDER = {category.value: tuple(word.value for word in words) for category, words in WIDER.items()}


def wider(attribute: str, value: str) -> tuple[str, ...]:
    """Wider words that the value implies and that may hold where it does not."""
    return _WIDER.get(value, ()) if attribute == Attribute.CATEGORY else ()


def _agency(udi: str) -> str:
    """By the sign with which a carrier begins: HIBCC's ``+``, ICCBBA's ``=``, else GS1."""
    return udi[0] if udi[:1] in ("+", "=") else ""


def forget() -> None:
    """Forgets what was remembered of answers that hang on the tables of makers."""
    for remembered in (agrees, contradicts, is_general):
        remembered.cache_clear()


def _os_agrees(wide: str, exact: str) -> bool:
    wides, exacts = _alternatives(wide), _alternatives(exact)
    return all(any(_os_covers(one, other) for one in wides) for other in exacts)


@lru_cache(maxsize=1 << 10)
def _alternatives(os: str) -> tuple[str, ...]:
    """``Windows 7 or Server 2008 R2`` -> ``windows 7``, ``windows server 2008 r2``."""
    first, *others = os.casefold().split(" or ")
    family = first.split(" ", 1)[0]
    return (first, *(f"{family} {other}" for other in others))


def _os_covers(wide: str, exact: str) -> bool:
    if exact == wide or exact.startswith(f"{wide} "):
        return True
    if wide == "linux":
        return exact.startswith(_LINUX)
    return wide == "unix with samba" and exact.startswith(_UNIX)
