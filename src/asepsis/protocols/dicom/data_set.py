"""The beginning of a data set -> which machine made the object, what is asked for, whose data is in clear (PS3.5 7).

One walk over the elements: sequences are stepped over, or through where they hold what is looked for. Nesting is
counted, never recursed into. Values of the patient group are looked at only for being there.
"""

from __future__ import annotations

import zlib
from enum import Enum
from struct import Struct

from asepsis.protocols.dicom.attributes import (
    EQUIPMENT,
    PATIENT_GROUP,
    PIXEL_DATA_GROUP,
    QUERY_LEVELS,
    QUERY_RETRIEVE_LEVEL,
    SPECIFIC_CHARACTER_SET,
    UDI_SEQUENCE,
    UNIQUE_DEVICE_IDENTIFIER,
    attribute_name,
)
from asepsis.protocols.dicom.messages import DataSet
from asepsis.protocols.dicom.text import DEFAULT_CODEC, codec, values_text

# How much of a data set is looked at: device, patient and acquisition attributes (groups 0008 to 0018) come
# first, and 16 KiB is also the usual longest PDU. Pixel data is never held.
DATA_SET_LIMIT = 16 * 1024

IMPLICIT_LITTLE = "implicit VR little endian"
EXPLICIT_LITTLE = "explicit VR little endian"
EXPLICIT_BIG = "explicit VR big endian"
DEFLATED = "deflated explicit VR little endian"

# PS3.5 annex A and PS3.6 A-1; every other transfer syntax is explicit VR little endian.
_ENCODINGS = {
    "1.2.840.10008.1.2": IMPLICIT_LITTLE,
    "1.2.840.113619.5.2": IMPLICIT_LITTLE,  # GE private: only the pixels are big endian
    "1.2.840.10008.1.2.2": EXPLICIT_BIG,
    "1.2.840.10008.1.2.1.99": DEFLATED,
    "1.2.840.10008.1.2.4.95": DEFLATED,
    "1.2.840.10008.1.2.4.205": DEFLATED,
}

# PS3.5 table 7.1-1 and 7.1-2: VRs with 32 bits of length after two reserved bytes, and those with 16 bits.
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL"}
    | {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_UNDEFINED = 0xFFFFFFFF
_ITEM_GROUP = 0xFFFE
_ITEM, _SEQUENCE_DELIMITER = 0xE000, 0xE0DD

_HEADERS = {False: (Struct("<HH"), Struct("<H"), Struct("<I")), True: (Struct(">HH"), Struct(">H"), Struct(">I"))}


class Purpose(Enum):
    """What a data set is read for."""

    OBJECT = "object"
    """Equipment and patient attributes."""
    QUERY = "query"
    """The keys of an identifier, nested ones too, and the patient attributes that it matches on."""
    ANSWER = "answer"
    """Patient attributes only: an answer tells of other machines than its sender."""


def read_data_set(raw: bytes, transfer_syntax: str, purpose: Purpose, *, complete: bool) -> tuple[DataSet, str]:
    """Reads the beginning of a data set.

    Args:
        raw: Its first bytes, at most ``DATA_SET_LIMIT``.
        transfer_syntax: UID, or "" where the association was not seen: the encoding is guessed.
        purpose: What to look for.
        complete: ``raw`` is the whole data set.

    Returns:
        What was found, and what is wrong with the data set, or "". The cut end of an incomplete one is not wrong.
    """
    encoding = _ENCODINGS.get(transfer_syntax, EXPLICIT_LITTLE) if transfer_syntax else guess_encoding(raw)
    if encoding == DEFLATED:
        try:  # PS3.5 A.5: RFC 1951 without a header. What it unfolds to is limited like any other data set.
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            raw = inflater.decompress(raw, DATA_SET_LIMIT)
            complete = complete and inflater.eof
        except zlib.error:
            empty = DataSet(transfer_syntax=transfer_syntax, encoding=encoding, complete=False)
            return empty, "the deflated data set does not inflate"
    walk = _Walk(purpose)
    why = walk.through(raw, encoding)
    if why and not complete:
        why = ""
    data_set = DataSet(
        transfer_syntax=transfer_syntax,
        encoding=encoding,
        equipment=tuple(walk.equipment.items()),
        patient=tuple(dict.fromkeys(walk.patient)),
        query_level=walk.query_level,
        matching_keys=tuple(dict.fromkeys(walk.matching)),
        return_keys=tuple(dict.fromkeys(walk.returning)),
        complete=complete and not why,
    )
    return data_set, why


def guess_encoding(raw: bytes) -> str:
    """Explicit where a known VR follows the first tag, else implicit: its length would have to be over 16 kB."""
    vr = raw[4:6]
    return EXPLICIT_LITTLE if vr in _SHORT_VRS or vr in _LONG_VRS else IMPLICIT_LITTLE


def begins_data_set(raw: bytes | bytearray) -> bool:
    """Whether bytes look like the first element of a little endian data set: group 0008, a low element, a short value.

    For data whose command was not seen: the middle of an image must not be taken for attributes.
    """
    if len(raw) < 8 or raw[0] != 8 or raw[1] != 0 or raw[3] != 0 or raw[2] > 0x60:
        return False
    return bytes(raw[4:6]) in _SHORT_VRS or (raw[6] == raw[7] == 0 and raw[5] == 0 and raw[4] <= 64)


class _Walk:
    """One pass over the elements of a data set, with what it found."""

    __slots__ = ("equipment", "matching", "patient", "purpose", "query_level", "returning")

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose
        self.equipment: dict[str, str] = {}
        self.patient: list[str] = []
        self.query_level = ""
        self.matching: list[str] = []
        self.returning: list[str] = []

    def through(self, raw: bytes, encoding: str) -> str:
        """Walks the elements; returns what is wrong, or ""."""
        read_tag, read_short, read_long = (s.unpack_from for s in _HEADERS[encoding == EXPLICIT_BIG])
        explicit = encoding != IMPLICIT_LITTLE
        querying = self.purpose is Purpose.QUERY
        codec_name = DEFAULT_CODEC
        depth = 0  # open items and sequences of undefined length
        nested_to = 0  # end of the outermost sequence of known length that is walked through
        udi_to = 0  # end of the UDI sequence, or where it is of undefined length:
        udi_depth = 0  # the depth inside it
        implicit_depth = 0  # depth of an UN of undefined length: implicit VR inside (PS3.5 6.2.2 note 2)
        pos, end = 0, len(raw)
        while end - pos >= 8:
            group, element = read_tag(raw, pos)
            if group == _ITEM_GROUP:  # PS3.5 7.5: items and delimiters have no VR in any encoding
                (length,) = read_long(raw, pos + 4)
                pos += 8
                if element == _ITEM:
                    if length == _UNDEFINED:
                        depth += 1
                    elif not (querying or udi_depth or pos <= udi_to):
                        pos += length
                else:
                    depth = max(depth - 1, 0)
                    if element == _SEQUENCE_DELIMITER:
                        if depth < udi_depth:
                            udi_depth = 0
                        if depth < implicit_depth:
                            implicit_depth = 0
                continue
            if group == PIXEL_DATA_GROUP:
                return ""
            vr = b""
            if explicit and not implicit_depth:
                vr = raw[pos + 4 : pos + 6]
                if vr in _LONG_VRS:
                    if end - pos < 12:
                        return "an element's header is cut"
                    (length,) = read_long(raw, pos + 8)
                    pos += 12
                elif vr in _SHORT_VRS:
                    (length,) = read_short(raw, pos + 6)
                    pos += 8
                else:
                    return f"element ({group:04x},{element:04x}) has no known VR"
            else:
                (length,) = read_long(raw, pos + 4)
                pos += 8
            tag = group << 16 | element
            nested = depth > 0 or pos <= nested_to
            if length == _UNDEFINED:
                depth += 1
                if tag == UDI_SEQUENCE:
                    udi_depth = depth
                if vr == b"UN":
                    implicit_depth = depth
                if group == PATIENT_GROUP and not nested:
                    self.patient.append(attribute_name(tag))
                continue
            if pos + length > end:
                return f"element ({group:04x},{element:04x}) runs beyond the data set"
            if tag == SPECIFIC_CHARACTER_SET and not nested:
                codec_name = codec(raw[pos : pos + length])
            elif group == PATIENT_GROUP and not nested:
                self._see_patient(tag, raw, pos, length)
            elif tag in EQUIPMENT and (not nested or querying or udi_depth or pos <= udi_to):
                self._see_equipment(tag, raw[pos : pos + length], codec_name)
            if querying:
                if _is_sequence(raw, pos, length):
                    nested_to = max(nested_to, pos + length)
                    continue
                self._see_key(tag, raw[pos : pos + length])
            elif tag == UDI_SEQUENCE:
                udi_to = pos + length
                nested_to = max(nested_to, udi_to)
                continue
            pos += length
        if pos != end:
            return "an element's header is cut" if pos < end else "an item runs beyond the data set"
        return "a sequence of undefined length does not end" if depth else ""

    def _see_patient(self, tag: int, raw: bytes, pos: int, length: int) -> None:
        """Notes that the attribute has a value, and nothing of the value. A lone ``*`` matches everybody."""
        if length and (length > 64 or raw[pos : pos + length].strip(b" \0*")):
            self.patient.append(attribute_name(tag))

    def _see_equipment(self, tag: int, raw: bytes, codec_name: str) -> None:
        if self.purpose is Purpose.ANSWER:
            return
        text = values_text(raw, codec_name)
        if not text or (self.purpose is Purpose.QUERY and not text.strip("*?")):
            return
        name = EQUIPMENT[tag]
        if tag != UNIQUE_DEVICE_IDENTIFIER or name not in self.equipment:
            self.equipment.setdefault(name, text)
        else:  # a UDI sequence has one item for each jurisdiction that named the device
            self.equipment[name] += ", " + text

    def _see_key(self, tag: int, raw: bytes) -> None:
        if tag == QUERY_RETRIEVE_LEVEL:
            level = raw.decode("ascii", "replace").strip(" \0")
            self.query_level = level if level in QUERY_LEVELS else "other"
        elif tag != SPECIFIC_CHARACTER_SET and tag & 0xFFFF:
            # PS3.4 C.2.2.2.3: an empty key or a lone * matches everything.
            asked = self.matching if len(raw) > 64 or raw.strip(b" \0*") else self.returning
            asked.append(attribute_name(tag))


def _is_sequence(raw: bytes, pos: int, length: int) -> bool:
    """Whether a value begins with an item: the only sign of a sequence in implicit VR."""
    return length >= 8 and raw[pos : pos + 4] in {b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00"}
