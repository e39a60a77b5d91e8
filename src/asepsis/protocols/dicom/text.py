"""Bytes of DICOM values -> short printable text: AE titles, UIDs and attribute values in their character sets."""

from __future__ import annotations

# The longest value worth keeping of a device: LO has 64 signs (PS3.5 6.2); software versions may be several of them.
TEXT_LIMIT = 256

# Specific Character Set (0008,0005), PS3.3 C.12.1.1.2: defined term -> Python codec. Multi-byte sets with code
# extensions come as several terms; the last one that names a known codec is taken, ASCII stays readable in each.
_CODECS = {
    "ISO_IR 6": "ascii",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "iso8859-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "tis-620",
    "ISO_IR 192": "utf-8",
    "ISO_IR 203": "iso8859-15",
    "ISO 2022 IR 87": "iso2022_jp",
    "ISO 2022 IR 159": "iso2022_jp_1",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
DEFAULT_CODEC = "ascii"


def codec(raw: bytes) -> str:
    """The Python codec for a Specific Character Set value; unknown sets are read as ASCII."""
    found = DEFAULT_CODEC
    for part in raw.decode("ascii", "replace").split("\\"):
        term = part.strip(" \0")
        found = _CODECS.get(term) or _CODECS.get(term.replace("ISO 2022 IR ", "ISO_IR ")) or found
    return found


def printable(text: str) -> str:
    """The text without padding, with every sign that does not print replaced, and not over ``TEXT_LIMIT`` long."""
    text = text.strip(" \0")
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return text[:TEXT_LIMIT]


def short_text(raw: bytes) -> str:
    """An AE title or a UID: ASCII, padded with spaces or one NUL (PS3.5 6.2, 9.1).

    Neither holds a NUL, but every header of what follows does: with a length that lies, no more than this is read.
    """
    return printable(raw.partition(b"\0")[0].decode("ascii", "replace"))


def values_text(raw: bytes, codec_name: str) -> str:
    r"""An attribute's values; several (``A\B``) are joined by a comma (PS3.5 6.4).

    Text holds no NUL, but every element's header does: a value with one ran over its end and is not kept, because
    what follows may be a patient's.
    """
    raw = raw.strip(b" \0")
    if b"\0" in raw:
        return ""
    text = raw[: TEXT_LIMIT * 4].decode(codec_name, "replace")
    if "\\" in text:
        text = ", ".join(part for part in (one.strip(" \0") for one in text.split("\\")) if part)
    return printable(text)
