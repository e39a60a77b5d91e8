"""Rows of a workbook (XLSX, ECMA-376), within hard limits: what a stranger sends may be a bomb.

Before openpyxl sees a byte, every member of the archive is unpacked once and counted, and XML that declares a document
type is refused: no form has one, and entities grow by it.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from asepsis.exposure.mds2.form import Mds2Error

# A form has two or three sheets of some 400 rows and 12 columns, with texts of some sentences.
SHEETS_LIMIT = 20
ROWS_LIMIT = 5000
COLUMNS_LIMIT = 64
CELL_LIMIT = 4000
# A form's archive has some 30 members and unpacks to some 2 MB.
MEMBERS_LIMIT = 1000
UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024
# Elements and their ends, in all parts together. A form has some 20,000; openpyxl takes 57 microseconds and a kilobyte
# for each format of a cell, and a form of 64 KiB could name thirteen million.
MARKUP_LIMIT = 200_000
_PIECE_BYTES = 64 * 1024
_DOCTYPE = b"<!DOCTYPE"
# ECMA-376-2, 8.1.3: parts are UTF-8 or UTF-16, so that what a part declares can be seen in its bytes.
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{1,40})""")


def workbook_rows(name: str, content: bytes) -> Iterator[tuple[str, list[str]]]:
    """The rows of all sheets: where each stands, and its cells as text.

    Raises:
        Mds2Error: It is damaged, locked by a password, or beyond a limit.
    """
    _inspect(name, content)
    # Imported late: it takes as long to load as a form to read, and many never read one.
    try:
        import openpyxl
    except ImportError as error:
        raise Mds2Error(
            f"{name}: reading workbooks needs openpyxl",
            code="mds2-openpyxl",
            hint="pip install 'asepsis[documents]', or save the form as CSV.",
        ) from error

    try:
        with warnings.catch_warnings():
            # It warns of what it leaves out: drop-down lists, pictures, headers.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
            count = 0
            for sheet in book.worksheets[:SHEETS_LIMIT]:
                # The size that a sheet claims may be a lie in either direction.
                sheet.reset_dimensions()
                for number, cells in enumerate(sheet.iter_rows(max_col=COLUMNS_LIMIT, values_only=True), 1):
                    count += 1
                    if count > ROWS_LIMIT:
                        return
                    yield f"{sheet.title[:64]} row {number}", [_text(cell) for cell in cells]
    except Mds2Error:
        raise
    except Exception as error:
        # The library raises whatever its parsers raise on damaged parts: KeyError, ValueError, ParseError and others.
        why = f"{type(error).__name__}: {str(error)[:200]}"
        raise Mds2Error(f"{name}: damaged workbook ({why})", code="mds2-unreadable") from error


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)[:CELL_LIMIT].strip()


def _inspect(name: str, content: bytes) -> None:
    # Python's reader makes an object for each entry before it can be asked how many there are.
    if content.count(b"PK\x01\x02") > 2 * MEMBERS_LIMIT:
        raise Mds2Error(f"{name}: more than {MEMBERS_LIMIT} parts", code="mds2-too-large")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS_LIMIT:
                raise Mds2Error(f"{name}: more than {MEMBERS_LIMIT} parts", code="mds2-too-large")
            unpacked = markup = 0
            for member in members:
                with archive.open(member) as stream:
                    end = b""
                    # What the archive says of sizes is not believed: pieces are counted.
                    while piece := stream.read(_PIECE_BYTES):
                        unpacked += len(piece)
                        markup += piece.count(b"<")
                        if unpacked > UNPACKED_LIMIT_BYTES:
                            raise Mds2Error(
                                f"{name}: unpacks to more than {UNPACKED_LIMIT_BYTES} bytes", code="mds2-too-large"
                            )
                        # A workbook may call any part XML, whatever its name, and comments may stand before the type.
                        plain = end + piece.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
                        if _DOCTYPE in plain or _is_odd(plain):
                            raise Mds2Error(
                                f"{name}: {member.filename[:80]} declares a document type, or an encoding that parts"
                                " of workbooks have not",
                                code="mds2-unreadable",
                            )
                        end = plain[-len(_DOCTYPE) :]
            if markup > MARKUP_LIMIT:
                raise Mds2Error(f"{name}: holds more than {MARKUP_LIMIT} elements", code="mds2-too-large")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise Mds2Error(f"{name}: damaged workbook ({str(error)[:200]})", code="mds2-unreadable") from error


def _is_odd(head: bytes) -> bool:
    found = _ENCODING.match(head)
    return found is not None and found[1].lower() not in (b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii")
