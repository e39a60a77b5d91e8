"""Fields of a log record as values: each is checked, and what is wrong names the field.

A record of Zeek's tab-separated logs holds only text; a JSON record holds text, numbers and lists. Both are
read alike. Numbers with a fraction come as text, so that no nanosecond is lost. An error never repeats what the
field holds: in a line that is out of step it may be anything, a patient's name too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

from asepsis.kernel.address import ip_text, mac_text
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value

# Addresses of one log that are remembered as text and number: about 30 MB at most.
REMEMBERED_ADDRESSES: Final = 1 << 16
# What a 64-bit column holds; a larger counter is no counter.
_COUNT_LIMIT: Final = (1 << 63) - 1
# Elements of one list that are read; a log that holds more in one record is not written by Zeek or Suricata.
LIST_LIMIT: Final = 1_024

_DIGITS = re.compile(r"\d{1,19}")
_MAC = re.compile(r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}")
_SECONDS = re.compile(r"(-?\d{1,11})(?:\.(\d{1,9})\d{0,9})?")


class FieldError(Exception):
    """Ends the reading of one record from within; the reader turns it into a ``RecordFault``."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(field, why)
        self.field = field
        self.why = why


@value
class Address:
    """An IP address as the engine's tables hold it, and as text."""

    version: int
    high: int
    low: int
    text: str


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def _address(text: str) -> Address | None:
    try:
        parsed = ip_address(text.partition("%")[0])  # a zone (RFC 4007 11) means nothing outside its machine
    except ValueError:
        return None
    number = int(parsed)
    high, low = number >> 64, number & (1 << 64) - 1
    return Address(version=parsed.version, high=high, low=low, text=ip_text(parsed.version, high, low))


class Fields:
    """One record, or one object within it.

    Args:
        values: Field to value. What is unset is not there.
        prefix: Where it stands, for the names in errors: ``flow.``.
        set_separator: What separates the elements of a list that comes as text.
    """

    __slots__ = ("_prefix", "_separator", "_values")

    def __init__(self, values: Mapping[str, Any], prefix: str = "", set_separator: str = ",") -> None:
        self._values = values
        self._prefix = prefix
        self._separator = set_separator

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def wrong(self, name: str, why: str) -> FieldError:
        """The error that a field is wrong; the caller raises it."""
        return FieldError(self._prefix + name, why)

    def text(self, name: str, otherwise: str = "") -> str:
        """The field as text; ``otherwise`` where it is unset."""
        found = self._values.get(name)
        if found is None:
            return otherwise
        if isinstance(found, dict | list):
            raise self.wrong(name, "it is no text")
        return str(found)

    def count(self, name: str, otherwise: int = 0, limit: int = _COUNT_LIMIT) -> int:
        """The field as a number from 0 to ``limit``; ``otherwise`` where it is unset."""
        found = self._values.get(name)
        if found is None:
            return otherwise
        if isinstance(found, str) and _DIGITS.fullmatch(found):
            found = int(found)
        if type(found) is not int or not 0 <= found <= limit:
            raise self.wrong(name, f"it is no number from 0 to {limit}")
        return found

    def port(self, name: str) -> int:
        """The field as a port; 0 where it is unset."""
        return self.count(name, limit=65_535)

    def flag(self, name: str) -> bool:
        """The field as a truth value: ``T``, ``F``, true or false; False where it is unset."""
        found = self._values.get(name)
        if found is None or found in ("F", "false", False):
            return False
        if found in ("T", "true", True):
            return True
        raise self.wrong(name, "it is neither true nor false")

    def texts(self, name: str) -> list[str]:
        """The field as a list of texts; empty where it is unset."""
        found = self._values.get(name)
        if found is None:
            return []
        elements = found.split(self._separator) if isinstance(found, str) else found
        if not isinstance(elements, list) or len(elements) > LIST_LIMIT:
            raise self.wrong(name, f"it is no list of at most {LIST_LIMIT}")
        return [str(element) for element in elements if not isinstance(element, dict | list)]

    def within(self, name: str) -> Fields:
        """The object that the field is; one without any field where it is unset."""
        found = self._values.get(name)
        if found is not None and not isinstance(found, dict):
            raise self.wrong(name, "it is no object")
        return Fields(found or {}, f"{self._prefix}{name}.", self._separator)

    def each_within(self, name: str) -> Iterator[Fields]:
        """The objects of the list that the field is."""
        found = self._values.get(name)
        if found is None:
            return
        if not isinstance(found, list) or len(found) > LIST_LIMIT:
            raise self.wrong(name, f"it is no list of at most {LIST_LIMIT}")
        for place, element in enumerate(found):
            if not isinstance(element, dict):
                raise self.wrong(f"{name}[{place}]", "it is no object")
            yield Fields(element, f"{self._prefix}{name}[{place}].", self._separator)

    def address(self, name: str) -> Address:
        """The field as an IP address; it must be there."""
        found = self._values.get(name)
        address = _address(found) if isinstance(found, str) else None
        if address is None:
            raise self.wrong(name, "it is missing" if found is None else "it is no IP address")
        return address

    def address_text(self, name: str) -> str:
        """The field as the usual text of an IP address; empty where it is unset or all zeros."""
        if name not in self:
            return ""
        address = self.address(name)
        return address.text if address.high or address.low else ""

    def mac(self, name: str) -> str:
        """The field as the usual text of a hardware address; empty where it is unset, all zeros or of another size."""
        found = self.text(name)
        if not found or not _MAC.fullmatch(found):
            # DHCP and Zeek write hardware addresses of other lengths here too; they say nothing to us.
            return ""
        number = int("".join(part.zfill(2) for part in found.split(":")), 16)
        return mac_text(number) if number else ""

    def time_ns(self, name: str) -> int:
        """The field as a moment: seconds since 1970 (also with a fraction), or ISO 8601. It must be there."""
        found = self._values.get(name)
        if found is None or isinstance(found, bool | dict | list):
            raise self.wrong(name, "it is missing" if found is None else "it is no time")
        moment = _moment(str(found))
        if moment is None:
            raise self.wrong(name, "it is no time")
        return moment

    def interval_ns(self, name: str) -> int:
        """The field as a length of time in seconds, also with a fraction or an exponent; 0 where it is unset."""
        found = self._values.get(name)
        if found is None:
            return 0
        try:
            length = int(Decimal(str(found)) * SECOND_NS)
        except (InvalidOperation, ValueError, OverflowError):
            length = -1
        if not 0 <= length <= _COUNT_LIMIT:
            raise self.wrong(name, "it is no length of time")
        return length


@lru_cache(maxsize=1 << 10)
def _moment(text: str) -> int | None:
    seconds = _SECONDS.fullmatch(text)
    if seconds is not None:
        fraction = int((seconds[2] or "").ljust(9, "0"))
        moment = int(seconds[1]) * SECOND_NS + (-fraction if text.startswith("-") else fraction)
    elif text.isdecimal() and len(text) == 13:  # Zeek can write milliseconds (JSON::TS_MILLIS)
        moment = int(text) * 1_000_000
    else:
        try:
            parsed = datetime.fromisoformat(text)
        except ValueError:
            return None
        parsed = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
        since = parsed - datetime(1970, 1, 1, tzinfo=UTC)
        moment = (since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1_000
    return moment if abs(moment) <= _COUNT_LIMIT else None
