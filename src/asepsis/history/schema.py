"""The columns of the two tables of the history. The reference page is ``docs/reference/history.md``.

Both tables bear everything that a row needs to be understood alone (site and capture included), so that a
file can be read by any program that reads Parquet.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

# The kinds of a column: how it is held in Arrow, and how Parquet encodes it.
TIME: Final = "time"  # int64, nothing repeats: delta encoding
NUMBER: Final = "number"  # int64 counters: delta encoding
PORT: Final = "port"  # int32, nearly random: delta encoding
CODE: Final = "code"  # int32 from a small set: dictionary
NAME: Final = "name"  # text from a small set: dictionary
TEXT: Final = "text"  # text, some of it repeating: dictionary until it grows too large

CONVERSATION_COLUMNS: Final[dict[str, str]] = {
    "start_ns": TIME,
    "end_ns": TIME,
    "client_ip": NAME,
    "client_port": PORT,
    "server_ip": NAME,
    "server_port": CODE,
    "ip_protocol": CODE,
    "application": NAME,
    "packets_to_server": NUMBER,
    "packets_to_client": NUMBER,
    "bytes_to_server": NUMBER,
    "bytes_to_client": NUMBER,
    "site": NAME,
    "client_mac": NAME,
    "server_mac": NAME,
    "vlan": CODE,
    "application_by": NAME,
    "client_by": NAME,
    "tunnel": NAME,
    "tcp_flags_client": CODE,
    "tcp_flags_server": CODE,
    "ttl_client": CODE,
    "ttl_server": CODE,
    "ended_by": NAME,
    "capture": NAME,
    "conversation": NUMBER,
    "first_packet": NUMBER,
}
"""Stored columns of ``conversations``; the devices are found when a question is asked."""

CONTRACT_COLUMNS: Final[tuple[str, ...]] = (
    "start_ns",
    "end_ns",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "ip_protocol",
    "application",
    "packets_to_server",
    "packets_to_client",
    "bytes_to_server",
    "bytes_to_client",
    "client_device",
    "server_device",
    "site",
)
"""What ``asepsis conversations`` prints, in this order."""

MESSAGE_COLUMNS: Final[dict[str, str]] = {
    "time_ns": TIME,
    "site": NAME,
    "capture": NAME,
    "packet": NUMBER,
    "protocol": NAME,
    "kind": NAME,
    "source_ip": NAME,
    "source_port": CODE,
    "destination_ip": NAME,
    "destination_port": CODE,
    "source_mac": NAME,
    "destination_mac": NAME,
    "vlan": CODE,
    "conversation": NUMBER,
    "facts": TEXT,
}
"""Stored columns of ``messages``; ``facts`` is a JSON object."""

COLUMNS: Final = {"conversations": CONVERSATION_COLUMNS, "messages": MESSAGE_COLUMNS}

# Rows of one row group: enough for good compression, and about 10 MB while it is being made (twice as many rows took
# 20 MB more for files 5 % smaller).
ROW_GROUP_ROWS: Final = 1 << 15

# Measured on 236,000 conversations (seconds of CPU, MB): zstd 0.14, 5.8; lz4 0.13, 6.4; snappy 0.12, 6.4; without the
# delta encoding zstd takes 0.24 s for 7.1 MB.
COMPRESSION: Final = "zstd"
COMPRESSION_LEVEL: Final = 1

_DELTA: Final = frozenset({TIME, NUMBER, PORT})
# Statistics let a reader skip row groups; only these columns are asked for by range or by equality often enough.
_STATISTICS: Final = frozenset(
    {"start_ns", "time_ns", "client_ip", "server_ip", "source_ip", "destination_ip", "protocol"}
)


@cache
def arrow_schema(table: str) -> Any:
    """The Arrow schema of a table, names as dictionaries. Imports pyarrow."""
    import pyarrow as pa

    name = pa.dictionary(pa.int32(), pa.string())
    types = {TIME: pa.int64(), NUMBER: pa.int64(), PORT: pa.int32(), CODE: pa.int32(), NAME: name, TEXT: pa.string()}
    return pa.schema([pa.field(column, types[kind], nullable=False) for column, kind in COLUMNS[table].items()])


def parquet_options(table: str) -> dict[str, Any]:
    """How ``pyarrow.parquet.ParquetWriter`` is to write a table."""
    columns = COLUMNS[table]
    return {
        "compression": COMPRESSION,
        "compression_level": COMPRESSION_LEVEL,
        "use_dictionary": [column for column, kind in columns.items() if kind not in _DELTA],
        "column_encoding": {column: "DELTA_BINARY_PACKED" for column, kind in columns.items() if kind in _DELTA},
        "write_statistics": [column for column in columns if column in _STATISTICS],
        "store_schema": False,
    }
