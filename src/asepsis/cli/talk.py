"""The table of conversations for a person, made for the width that is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from asepsis.cli.text import showable
from asepsis.kernel.time import SECOND_NS, iso_from_ns

if TYPE_CHECKING:
    from rich.table import Table

WIDE_COLUMNS: Final = 120
"""From this width on there is room for the client's port, the duration and both directions."""

IP_PROTOCOLS: Final[dict[int, str]] = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}
"""Names of the assigned internet protocol numbers (IANA) that people know by name; others are shown as numbers."""


def conversation_table(documents: Sequence[dict[str, Any]], *, width: int) -> Table:
    """The table of ``asepsis conversations`` for a terminal of ``width`` columns."""
    from rich.text import Text

    from asepsis.cli.columns import Column, table

    def texts(cell: Callable[[dict[str, Any]], str]) -> list[Text]:
        return [Text(cell(row)) for row in documents]

    def number(title: str, cell: Callable[[dict[str, Any]], float], form: str = ",") -> Column:
        return Column(title=title, cells=texts(lambda row: format(cell(row), form)), justify="right")

    wide = width >= WIDE_COLUMNS
    columns = [
        Column(
            title="Start (UTC)",
            cells=texts(lambda row: iso_from_ns(row["start_ns"])[0 if wide else 11 : 19].replace("T", " ")),
        ),
        Column(
            title="Client",
            cells=texts(lambda row: end_of(row["client_ip"], row["client_port"] if wide else 0)),
            least=15,
        ),
        Column(title="Server", cells=texts(lambda row: end_of(row["server_ip"], row["server_port"])), least=15),
        Column(title="Application", cells=texts(carried)),
    ]
    if wide:
        columns += [
            number("Seconds", lambda row: (row["end_ns"] - row["start_ns"]) / SECOND_NS, ",.1f"),
            number("Packets", lambda row: row["packets_to_server"] + row["packets_to_client"]),
            number("Bytes to server", lambda row: row["bytes_to_server"]),
            number("Bytes to client", lambda row: row["bytes_to_client"]),
        ]
    else:
        columns.append(number("Bytes", lambda row: row["bytes_to_server"] + row["bytes_to_client"]))
    if len({row["site"] for row in documents}) > 1:
        columns.append(Column(title="Site", cells=texts(lambda row: showable(row["site"])), least=6))
    return table(columns, width=width)


def end_of(ip: str, port: int) -> str:
    """``10.0.0.1:104``, ``[fe80::1]:443``; without a port the address alone."""
    if not port:
        return ip
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def carried(row: dict[str, Any]) -> str:
    """The application, or in its absence the internet protocol."""
    protocol = IP_PROTOCOLS.get(row["ip_protocol"], str(row["ip_protocol"]))
    application = str(row["application"] or "")
    return application if application and application != "unknown" else protocol
