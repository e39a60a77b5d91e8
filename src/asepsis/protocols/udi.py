"""Unique device identifiers: the text of a UDI carrier -> who issued it, which product, which unit.

The formats are those that the FDA lists for its three issuing agencies ("UDI formats by FDA-accredited issuing
agency", version 1.3, 2017). Anything else is no UDI; devices also send plain names where a UDI belongs.
"""

from __future__ import annotations

from typing import Any

from asepsis.kernel.value import value

# The longest carrier of the three agencies is under 150 signs.
UDI_LIMIT = 256


@value
class Udi:
    """A UDI, taken apart. Dates are ``YYYY-MM-DD`` or ``YYYY-MM``; what is not said is empty.

    The donation number that an ICCBBA carrier may hold leads to a person and is not kept.
    """

    issuer: str
    """``GS1``, ``HIBCC`` or ``ICCBBA``."""
    device_identifier: str
    serial: str = ""
    lot: str = ""
    manufactured: str = ""
    expires: str = ""
    software: str = ""

    def facts(self) -> dict[str, str]:
        """The parts that are there."""
        facts: dict[str, Any] = {
            "issuer": self.issuer,
            "device_identifier": self.device_identifier,
            "serial": self.serial,
            "lot": self.lot,
            "manufactured": self.manufactured,
            "expires": self.expires,
            "software": self.software,
        }
        return {name: fact for name, fact in facts.items() if fact}


def read_udi(text: str) -> Udi | None:
    """Reads a UDI carrier, human readable or as a reader gives it.

    Args:
        text: The carrier's text; GS1 fields of variable length may be ended by the sign GS (1DH).

    Returns:
        The UDI, or None where the text follows none of the formats.
    """
    if not 6 <= len(text) <= UDI_LIMIT:
        return None
    if text.startswith("(01)"):
        return _gs1_readable(text)
    if text[0] == "]":  # symbology identifier of GS1-128, GS1 DataMatrix, GS1 DataBar, GS1 QR code
        return _gs1(text[3:]) if text[:3] in {"]C1", "]d2", "]e0", "]Q3"} else None
    if text.startswith("01"):
        return _gs1(text)
    if text[0] == "+":
        return _hibcc(text)
    return _iccbba(text) if text.startswith("=/") else None


# GS1 General Specifications, application identifiers that a UDI uses, and the lengths of all that have a fixed one.
_GS1_NAMES = {"10": "lot", "11": "manufactured", "17": "expires", "21": "serial", "8012": "software"}
_GS1_LENGTHS = {"00": 18, "01": 14, "02": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2}


def _gs1_readable(text: str) -> Udi | None:
    """``(01)51022222233336(11)141231(17)150707(10)A213B1(21)1234``."""
    parts: dict[str, str] = {}
    for field in text[1:].split("("):
        identifier, bracket, found = field.partition(")")
        if bracket and identifier.isdecimal():
            parts.setdefault(identifier, found.strip())
    return _gs1_udi(parts)


def _gs1(text: str) -> Udi | None:
    """The element string without brackets: ``0151022222233336`` and so on."""
    parts: dict[str, str] = {}
    pos = 0
    while pos < len(text):
        identifier = text[pos : pos + 2]
        if identifier == "80":
            identifier = text[pos : pos + 4]
        pos += len(identifier)
        length = _GS1_LENGTHS.get(identifier)
        if length is None:
            end = text.find("\x1d", pos)
            end = len(text) if end < 0 else end
            parts.setdefault(identifier, text[pos:end])
            pos = end + 1
        else:
            parts.setdefault(identifier, text[pos : pos + length])
            pos += length
            if text[pos : pos + 1] == "\x1d":
                pos += 1
    return _gs1_udi(parts)


def _gs1_udi(parts: dict[str, str]) -> Udi | None:
    product = parts.get("01", "")
    if not (len(product) == 14 and product.isascii() and product.isdecimal() and _gs1_check(product)):
        return None
    named = {name: parts[identifier] for identifier, name in _GS1_NAMES.items() if identifier in parts}
    for date in ("manufactured", "expires"):
        if date in named:
            named[date] = _date(named[date][0:2], named[date][2:4], named[date][4:6])
    return Udi(issuer="GS1", device_identifier=product, **named)


def _gs1_check(digits: str) -> bool:
    """The check digit of a GTIN: weights 3 and 1 from the left over 14 digits (GS1 General Specifications 7.9)."""
    return sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(digits)) % 10 == 0


_HIBCC_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
# ANSI/HIBC 2.6: date flag after $$ or $$+ -> where year, month and day stand, and the length; J is the day of the year.
_HIBCC_DATES = {"2": "MMDDYY", "3": "YYMMDD", "4": "YYMMDDHH", "5": "YYJJJ", "6": "YYJJJHH", "7": ""}


def _hibcc(text: str) -> Udi | None:
    """``+H123PARTNO1234567890120/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202C``."""
    if text[-1] == _hibcc_check(text[:-1]):
        text = text[:-1]
    product, *fields = text[1:].split("/")
    # A labeler code of a letter and three signs, a product code, a unit of measure (ANSI/HIBC 2.6, 2.1).
    if not (6 <= len(product) <= 23 and product.isascii() and product[0].isalpha() and product.isalnum()):
        return None
    parts: dict[str, str] = {}
    for field in fields:
        if field.startswith("$$"):
            _hibcc_dated(field[2:], parts)
        elif field.startswith("$"):
            serial = field.startswith("$+")
            parts["serial" if serial else "lot"] = field[2 if serial else 1 :]
        elif field.startswith("14D"):
            parts["expires"] = _date(field[5:7], field[7:9], field[9:11], century=field[3:5])
        elif field.startswith("16D"):
            parts["manufactured"] = _date(field[5:7], field[7:9], field[9:11], century=field[3:5])
        elif field.startswith("S"):
            parts["serial"] = field[1:]
    return Udi(issuer="HIBCC", device_identifier=product, **parts)


def _hibcc_dated(field: str, parts: dict[str, str]) -> None:
    """What follows ``$$``: a sign for a serial number, a quantity, an expiry date by its flag, then lot or serial."""
    what = "lot"
    if field.startswith("+"):
        what, field = "serial", field[1:]
    if field[:1] == "8":
        field = field[3:]
    elif field[:1] == "9":
        field = field[6:]
    form = _HIBCC_DATES.get(field[:1])
    if form is None:
        form = "MMYY"
    else:
        field = field[1:]
    date, rest = field[: len(form)], field[len(form) :]
    if form:
        at = {sign: form.find(sign) for sign in "YMDJ"}
        year = date[at["Y"] : at["Y"] + 2]
        if at["J"] >= 0:
            parts["expires"] = _day_of_year(year, date[at["J"] : at["J"] + 3])
        else:
            day = date[at["D"] : at["D"] + 2] if at["D"] >= 0 else "00"
            parts["expires"] = _date(year, date[at["M"] : at["M"] + 2], day)
    if rest:
        parts[what] = rest


def _hibcc_check(text: str) -> str:
    """The check sign: the sum of the signs' places, modulo 43 (ANSI/HIBC 2.6, appendix B)."""
    places = [_HIBCC_SIGNS.find(sign) for sign in text]
    return "" if -1 in places else _HIBCC_SIGNS[sum(places) % 43]


def _iccbba(text: str) -> Udi | None:
    """``=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123`` (ISBT 128)."""
    product = text[2:18]
    if not (len(product) == 16 and product.isascii() and product.isalnum()):
        return None
    parts: dict[str, str] = {}
    rest = text[18:]
    while rest:
        sign = rest[:2]
        if sign == "=,":
            parts["serial"], rest = rest[2:8], rest[8:]
        elif sign in {"=>", "=}"}:  # a year of three digits, then the day of the year
            parts["expires" if sign == "=>" else "manufactured"] = _day_of_year(rest[3:5], rest[5:8])
            rest = rest[8:]
        elif rest.startswith("&,1"):
            parts["lot"], rest = rest[3:21], rest[21:]
        elif rest[0] == "=":  # donation identification number: it is stepped over
            rest = rest[16:]
        else:
            break
    return Udi(issuer="ICCBBA", device_identifier=product, **parts)


def _date(year: str, month: str, day: str, century: str = "") -> str:
    """Two-digit parts -> ISO 8601; day ``00`` means the month; "" where they are no date."""
    if not all(len(part) == 2 and part.isascii() and part.isdecimal() for part in (year, month, day)):
        return ""
    if not (1 <= int(month) <= 12 and int(day) <= 31 and century in {"", "19", "20"}):
        return ""
    date = f"{century or _century(year)}{year}-{month}"
    return date if day == "00" else f"{date}-{day}"


def _day_of_year(year: str, day: str) -> str:
    """Two digits of the year and three of the day in it -> ISO 8601 ordinal date, ``2014-032``."""
    if not ((year + day).isascii() and (year + day).isdecimal() and len(day) == 3 and 1 <= int(day) <= 366):
        return ""
    return f"{_century(year)}{year}-{day}"


def _century(year: str) -> str:
    """No labelled device is older than 1970."""
    return "19" if int(year) >= 70 else "20"
