"""The columnar store: conversations and messages as Parquet by site and day, asked through DuckDB.

The only package that imports pyarrow and duckdb, and each only when it is needed: DuckDB is not started to
write, and neither is loaded to learn that a capture is held already.
"""

from asepsis.history.compaction import Compaction
from asepsis.history.digest import CaptureDigest, digest_file
from asepsis.history.errors import HistoryError
from asepsis.history.intervals import AddressInterval
from asepsis.history.listing import Listing
from asepsis.history.manifest import StoredCapture
from asepsis.history.queries import Selection
from asepsis.history.reader import Reader
from asepsis.history.schema import CONTRACT_COLUMNS
from asepsis.history.store import History
from asepsis.history.writer import CaptureSource, CaptureWriter, Stored

__all__ = [
    "CONTRACT_COLUMNS",
    "AddressInterval",
    "CaptureDigest",
    "CaptureSource",
    "CaptureWriter",
    "Compaction",
    "History",
    "HistoryError",
    "Listing",
    "Reader",
    "Selection",
    "Stored",
    "StoredCapture",
    "digest_file",
]
