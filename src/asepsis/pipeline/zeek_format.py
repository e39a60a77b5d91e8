"""The ways in which Zeek's logs are written: tab-separated with a header, JSON lines, or a plain table.

In: lines. Out: records as ``Fields``, each with the kind of log that it is from (``conn``, ``dns``). The
format is that of Zeek's ASCII writer (docs.zeek.org, "Zeek Log Formats and Inspection"): header lines that begin
with ``#`` name the separator, the fields and the signs for "unset" and "empty"; a new header may come in the middle,
where logs were joined. A plain table has one line with the names of the fields first, as data sets publish them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from asepsis.kernel.value import value
from asepsis.pipeline.imports_fields import FieldError, Fields
from asepsis.pipeline.imports_lines import Line

# A log of Zeek has some twenty fields; scripts of sites add some more.
FIELDS_LIMIT: Final = 256

_ESCAPED = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
_KIND_IN_NAME = re.compile(r"[A-Za-z_0-9]+")

# Fields by which a record says itself what log it is from, where neither a header nor the file's name does.
_SIGNATURES: Final = {
    "conn": {"id.orig_h", "id.resp_h", "proto", "conn_state"},
    "dns": {"id.orig_h", "query", "qtype_name"},
    "http": {"id.orig_h", "method", "uri"},
    "ssl": {"id.orig_h", "cipher", "server_name"},
    "dhcp": {"mac", "msg_types"},
    "ssh": {"id.orig_h", "kex_alg"},
}


KINDS: Final = frozenset(
    (
        *("analyzer", "broker", "capture_loss", "cluster", "config", "conn", "dce_rpc", "dhcp", "dnp3", "dns", "dpd"),
        *("files", "ftp", "http", "intel", "irc", "kerberos", "known_certs", "known_devices", "known_hosts"),
        *("known_modbus", "known_services", "ldap", "ldap_search", "loaded_scripts", "modbus"),
        *("modbus_register_change", "mqtt_connect", "mqtt_publish", "mqtt_subscribe", "mysql", "netcontrol", "notice"),
        *("notice_alarm", "ntlm", "ntp", "ocsp", "openflow", "packet_filter", "pe", "postgresql", "print", "prof"),
        *("quic", "radius", "rdp", "redis", "reporter", "rfb", "signatures", "sip", "smb_cmd", "smb_files"),
        *("smb_mapping", "smtp", "snmp", "socks", "software", "ssh", "ssl", "stats", "syslog", "telemetry"),
        *("traceroute", "tunnel", "unified2", "weird", "weird_stats", "websocket", "x509"),
    )
)
"""The logs that Zeek writes (docs.zeek.org, "Log Files"); what is not read here is passed over under its name."""


@value
class Record:
    """One record of a log, or what is wrong with its line."""

    line: Line
    kind: str
    """``conn``, ``dns``, ...; empty where nothing says."""
    fields: Fields | None
    why: str = ""
    """What is wrong, where there are no fields."""


class ZeekFormat:
    """Reads one file; it keeps what the last header said."""

    def __init__(self, path: Path) -> None:
        found = _KIND_IN_NAME.match(path.name)
        self._kind = found[0].lower() if found else ""
        self._separator = "\t"
        self._set_separator = ","
        self._empty = "(empty)"
        self._unset = "-"
        self._fields: list[str] = []
        self._plain = False
        self.known = 0
        """Records that were taken before."""
        self.recognised = False
        """Whether anything so far looked like a log of Zeek."""

    def records(self, lines: Iterable[Line]) -> Iterator[Record]:
        """The records of all lines; headers and blank lines are none, and neither are lines that were taken before."""
        for line in lines:
            if line.text is None:
                if not line.is_known:
                    yield self._wrong(line, "it is longer than any record")
            elif line.text.startswith("#"):
                self._header(line.text)
            elif not line.text or self._begins_table(line.text):
                continue
            elif line.is_known:
                self.known += 1
            elif line.text.startswith("{"):
                yield self._json(line, line.text)
            else:
                yield self._row(line, line.text)

    def _header(self, line: str) -> None:
        name, _, rest = line.partition(" " if line.startswith("#separator") else self._separator)
        match name:
            case "#separator":
                self._separator = _unescaped(rest) or "\t"
            case "#set_separator":
                self._set_separator = _unescaped(rest) or ","
            case "#empty_field":
                self._empty = rest
            case "#unset_field":
                self._unset = rest
            case "#path":
                self._kind = rest
            case "#fields":
                self._fields = rest.split(self._separator)[:FIELDS_LIMIT]
                self._plain = False
                self.recognised = True
            case _:
                pass  # #types, #open, #close say nothing that the fields do not

    def _begins_table(self, line: str) -> bool:
        """Takes the one line with names that a plain table begins with."""
        if self._fields:
            return False
        for separator in ("\t", ",", ";"):
            names = line.split(separator)[:FIELDS_LIMIT]
            kind = _kind_by(names)
            if "ts" in names and kind:
                self._separator, self._fields, self._kind, self._plain = separator, names, kind, True
                self.recognised = True
                return True
        return False

    def _row(self, line: Line, text: str) -> Record:
        if not self._fields:
            return self._wrong(line, "there is no line with the names of the fields before it")
        cells = text.split(self._separator)
        if len(cells) != len(self._fields):
            return self._wrong(line, f"{len(cells)} fields, and the header names {len(self._fields)}")
        values: dict[str, Any] = {}
        for name, cell in zip(self._fields, cells, strict=True):
            if cell == self._unset or (self._plain and not cell):
                continue
            if cell == self._empty:
                cell = ""
            elif "\\x" in cell:
                cell = _unescaped(cell)
            values[name] = cell
        return Record(line=line, kind=self._kind, fields=Fields(values, set_separator=self._set_separator))

    def _json(self, line: Line, text: str) -> Record:
        try:
            values = parse_json(text)
        except FieldError as error:
            return self._wrong(line, error.why)
        # Some ways of shipping logs add the kind to each record; else the file's name is believed, if it can be one.
        kind = str(values.get("_path") or "") or (self._kind if self._kind in KINDS else _kind_by(values))
        self.recognised = self.recognised or kind in KINDS
        return Record(line=line, kind=kind, fields=Fields(values, set_separator=self._set_separator))

    def _wrong(self, line: Line, why: str) -> Record:
        return Record(line=line, kind=self._kind, fields=None, why=why)


def parse_json(line: str) -> dict[str, Any]:
    """A line as a JSON object; numbers with a fraction stay text.

    Raises:
        FieldError: It is none.
    """
    try:
        parsed = json.loads(line, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise FieldError("", "it is no JSON object") from error
    if not isinstance(parsed, dict):
        raise FieldError("", "it is no JSON object")
    return parsed


def _kind_by(names: Iterable[str]) -> str:
    present = set(names)
    return next((kind for kind, wanted in _SIGNATURES.items() if wanted <= present), "")


def _unescaped(text: str) -> str:
    """``\\x09`` and the like, as Zeek writes bytes that are no printable ASCII, back into text."""
    return _ESCAPED.sub(lambda run: bytes.fromhex(run[0].replace("\\x", "")).decode("utf-8", "replace"), text)
