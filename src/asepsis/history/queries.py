"""The catalogue: every question that is asked of the history, written once in DuckDB's SQL.

The text uses three tables: ``conversations`` and ``messages`` (the stored columns, ``schema.py``) and
``addresses`` (``intervals.py``). It keeps to what sqlglot translates, so that the same catalogue can be asked of a
cluster. ``{with_devices}`` and ``{conditions}`` are filled from the constants below and from nothing else; values
always travel as parameters.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from asepsis.history.layout import CONVERSATIONS_TABLE, DAY_NS, MESSAGES_TABLE
from asepsis.kernel.value import value


@value
class Query:
    """One entry of the catalogue."""

    table: str
    """The stored table whose files it reads."""
    sql: str
    conditions: tuple[str, ...]
    """The members of ``Selection`` that narrow it; another one that is set is an error, never ignored."""


@value
class Selection:
    """What narrows a question; None leaves it open."""

    site: str | None = None
    first_day: date | None = None
    """UTC day, included."""
    last_day: date | None = None
    """UTC day, included."""
    since_ns: int | None = None
    """First moment; narrower than ``first_day``, which also says which files are read."""
    device: str | None = None
    address: str | None = None
    application: str | None = None
    protocol: str | None = None
    kind: str | None = None
    capture: str | None = None
    """Digest of a capture."""
    packet: int | None = None
    """Number of a packet in its capture, from 1."""
    limit: int | None = None

    def from_ns(self) -> int:
        """First moment that is asked for."""
        return _MIN_NS if self.first_day is None else _midnight_ns(self.first_day)

    def until_ns(self) -> int:
        """First moment that is no longer asked for."""
        return _MAX_NS if self.last_day is None else _midnight_ns(self.last_day + timedelta(days=1))


_MIN_NS: Final = -(1 << 63)
_MAX_NS: Final = (1 << 63) - 1


def _midnight_ns(day: date) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (midnight - datetime(1970, 1, 1, tzinfo=UTC)).days * DAY_NS


# A conversation belongs to the device that had the address when it began.
_CONVERSATIONS_WITH_DEVICES: Final = """
    SELECT c.*, client.device AS client_device, server.device AS server_device
    FROM conversations AS c
    LEFT JOIN addresses AS client
      ON client.site = c.site AND client.ip = c.client_ip
      AND client.from_ns <= c.start_ns AND c.start_ns < client.until_ns
    LEFT JOIN addresses AS server
      ON server.site = c.site AND server.ip = c.server_ip
      AND server.from_ns <= c.start_ns AND c.start_ns < server.until_ns
"""

_RESOLVED: Final = """
WITH resolved AS ({{with_devices}})
SELECT {columns}
FROM resolved
WHERE {{conditions}}
ORDER BY start_ns, site, client_ip, client_port, server_ip, server_port, ip_protocol, end_ns
LIMIT $limit
"""
# The columns of the listing, in their order; the details have all.
_CONVERSATIONS: Final = _RESOLVED.format(
    columns="start_ns, end_ns, client_ip, client_port, server_ip, server_port, ip_protocol, application,"
    " packets_to_server, packets_to_client, bytes_to_server, bytes_to_client, client_device, server_device, site"
)
_CONVERSATION_DETAILS: Final = _RESOLVED.format(columns="*")

# A message belongs to the devices that had its addresses when it was sent.
_MESSAGES_WITH_DEVICES: Final = """
    SELECT m.*, source.device AS source_device, destination.device AS destination_device
    FROM messages AS m
    LEFT JOIN addresses AS source
      ON source.site = m.site AND source.ip = m.source_ip
      AND source.from_ns <= m.time_ns AND m.time_ns < source.until_ns
    LEFT JOIN addresses AS destination
      ON destination.site = m.site AND destination.ip = m.destination_ip
      AND destination.from_ns <= m.time_ns AND m.time_ns < destination.until_ns
"""

_MESSAGES: Final = """
WITH resolved AS ({with_devices})
SELECT *
FROM resolved
WHERE {conditions}
ORDER BY time_ns, site, capture, packet
LIMIT $limit
"""

_MESSAGES_BY_PROTOCOL: Final = """
SELECT protocol, kind, count(*) AS messages, min(time_ns) AS first_ns, max(time_ns) AS last_ns
FROM messages
WHERE {conditions}
GROUP BY protocol, kind
ORDER BY messages DESC, protocol, kind
LIMIT $limit
"""

_CONVERSATIONS_BY_APPLICATION: Final = """
SELECT application, count(*) AS conversations,
  CAST(sum(packets_to_server + packets_to_client) AS BIGINT) AS packets,
  CAST(sum(bytes_to_server + bytes_to_client) AS BIGINT) AS bytes
FROM conversations
WHERE {conditions}
GROUP BY application
ORDER BY bytes DESC, application
LIMIT $limit
"""

# Each conversation counts once for its client and once for its server.
_TALKERS: Final = """
WITH resolved AS (SELECT * FROM ({with_devices}) AS joined WHERE {conditions}),
ends AS (
    SELECT site, client_ip AS ip, client_device AS device, 1 AS as_client, 0 AS as_server,
      bytes_to_server AS bytes_sent, bytes_to_client AS bytes_received, start_ns, end_ns
    FROM resolved
    UNION ALL
    SELECT site, server_ip, server_device, 0, 1, bytes_to_client, bytes_to_server, start_ns, end_ns
    FROM resolved
)
SELECT site, ip, device, CAST(sum(as_client) AS BIGINT) AS as_client, CAST(sum(as_server) AS BIGINT) AS as_server,
  CAST(sum(bytes_sent) AS BIGINT) AS bytes_sent, CAST(sum(bytes_received) AS BIGINT) AS bytes_received,
  min(start_ns) AS first_ns, max(end_ns) AS last_ns
FROM ends
GROUP BY site, ip, device
ORDER BY sum(bytes_sent) + sum(bytes_received) DESC, site, ip, device
LIMIT $limit
"""

_PAIRS: Final = """
WITH resolved AS ({with_devices})
SELECT site, client_ip, client_device, server_ip, server_device, ip_protocol, server_port, application,
  count(*) AS conversations,
  CAST(sum(packets_to_server) AS BIGINT) AS packets_to_server,
  CAST(sum(packets_to_client) AS BIGINT) AS packets_to_client,
  CAST(sum(bytes_to_server) AS BIGINT) AS bytes_to_server,
  CAST(sum(bytes_to_client) AS BIGINT) AS bytes_to_client,
  min(start_ns) AS first_ns, max(end_ns) AS last_ns
FROM resolved
WHERE {conditions}
GROUP BY site, client_ip, client_device, server_ip, server_device, ip_protocol, server_port, application
ORDER BY conversations DESC, site, client_ip, server_ip, ip_protocol, server_port, application
LIMIT $limit
"""

# Silences of ten minutes and more between what a device sent. A slot of ten minutes is one row before the window
# function sees it, so that a talkative device costs no more than a quiet one.
_PAUSES: Final = """
WITH resolved AS (SELECT * FROM ({with_devices}) AS joined WHERE {conditions}),
ends AS (
    SELECT client_device AS device, start_ns, end_ns FROM resolved WHERE packets_to_server > 0
    UNION ALL
    SELECT server_device, start_ns, end_ns FROM resolved WHERE packets_to_client > 0
),
slots AS (
    SELECT device, min(start_ns) AS first_ns, max(end_ns) AS last_ns
    FROM ends
    WHERE device IS NOT NULL
    GROUP BY device, CAST(floor(start_ns / 600000000000) AS BIGINT)
),
silences AS (
    SELECT device, first_ns AS until_ns,
      max(last_ns) OVER (PARTITION BY device ORDER BY first_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        AS from_ns
    FROM slots
)
SELECT device, from_ns, until_ns
FROM silences
WHERE until_ns - from_ns >= 600000000000
ORDER BY device, from_ns
LIMIT $limit
"""

_WATCHED: Final = """
SELECT site, capture, min(start_ns) AS first_ns, max(end_ns) AS last_ns
FROM conversations
WHERE {conditions}
GROUP BY site, capture
ORDER BY site, first_ns, capture
LIMIT $limit
"""

# Which messages crossed the network with data of patients in clear. Dissectors say so by one of two facts, and keep
# none of the data itself; what they keep is compact JSON, so the words stand there as written here.
_PATIENT_DATA: Final = """
WITH resolved AS ({with_devices}
    WHERE m.facts LIKE '%"patient_data_in_clear":true%' OR m.facts LIKE '%"patient_data":true%'
)
SELECT site, protocol, source_ip, source_device, destination_ip, destination_device, count(*) AS messages,
  min(time_ns) AS first_ns, max(time_ns) AS last_ns
FROM resolved
WHERE {conditions}
GROUP BY site, protocol, source_ip, source_device, destination_ip, destination_device
ORDER BY messages DESC, site, protocol, source_ip, destination_ip
LIMIT $limit
"""

# The minutes in which care used a device: messages of protocols that only clinical systems speak, and those with data
# of patients by any other. What a device says of itself to the network is no use.
_IN_USE: Final = """
WITH resolved AS ({with_devices}
    WHERE m.protocol IN ('dicom', 'dicomweb', 'hl7', 'astm', 'poct1a', 'intellivue', 'phd', 'sdc', 'fhir')
      OR m.facts LIKE '%"patient_data_in_clear":true%' OR m.facts LIKE '%"patient_data":true%'
),
narrowed AS (SELECT * FROM resolved WHERE {conditions}),
ends AS (
    SELECT source_device AS device, time_ns FROM narrowed
    UNION ALL
    SELECT destination_device, time_ns FROM narrowed
)
SELECT device, CAST(floor(time_ns / 60000000000) AS BIGINT) AS minute, count(*) AS messages
FROM ends
WHERE device IS NOT NULL
GROUP BY device, CAST(floor(time_ns / 60000000000) AS BIGINT)
ORDER BY device, minute
LIMIT $limit
"""

# What devices said that shows how well they protect themselves, each different thing once, with its first packet. Of
# messages that differ without end (images, results, pages) only the marks of danger are kept.
_POSTURE: Final = """
WITH told AS (
    SELECT site, capture, packet, time_ns, protocol, kind, source_ip, source_mac, destination_ip, destination_mac,
      CASE
        WHEN protocol IN ('tls', 'ssh', 'smb', 'snmp', 'ftp', 'telnet', 'smtp', 'ldap', 'rdp', 'opcua', 'wifi', 'ble',
            'hci')
          OR (protocol = 'mqtt' AND kind IN ('CONNECT', 'CONNACK')) THEN facts
        WHEN facts LIKE '%"patient_data_in_clear":true%' OR facts LIKE '%"patient_data":true%'
          THEN '{"patient_data_in_clear":true}'
        WHEN facts LIKE '%"default_credentials":true%'
          THEN '{"credentials_in_clear":true,"default_credentials":true}'
        WHEN facts LIKE '%"credentials_in_clear":true%' THEN '{"credentials_in_clear":true}'
        WHEN protocol = 'dicom' AND kind = 'A-ASSOCIATE-RQ' AND facts LIKE '%"user_identity":%'
          THEN '{"user_identity":true}'
        ELSE ''
      END AS facts
    FROM messages
    WHERE protocol NOT IN ('arp', 'dns', 'mdns', 'dhcp', 'dhcpv6', 'nd', 'ntp', 'lldp', 'cdp', 'llmnr', 'nbns', 'nbdgm')
      AND NOT (protocol = 'tls' AND kind = 'ClientHello')
      AND NOT (protocol = 'ssh' AND kind = 'KEXINIT')
      AND NOT (protocol = 'smb' AND kind IN ('NEGOTIATE request', 'TREE_CONNECT request', 'TREE_CONNECT response'))
),
resolved AS (
    SELECT m.*, source.device AS source_device, destination.device AS destination_device
    FROM told AS m
    LEFT JOIN addresses AS source
      ON source.site = m.site AND source.ip = m.source_ip
      AND source.from_ns <= m.time_ns AND m.time_ns < source.until_ns
    LEFT JOIN addresses AS destination
      ON destination.site = m.site AND destination.ip = m.destination_ip
      AND destination.from_ns <= m.time_ns AND m.time_ns < destination.until_ns
    WHERE m.facts <> ''
)
SELECT site, protocol, kind, source_ip, source_mac, source_device, destination_ip, destination_mac,
  destination_device, facts, count(*) AS messages, min(time_ns) AS first_ns, max(time_ns) AS last_ns,
  arg_min(capture, time_ns) AS capture, arg_min(packet, time_ns) AS packet
FROM resolved
WHERE {conditions}
GROUP BY site, protocol, kind, source_ip, source_mac, source_device, destination_ip, destination_mac,
  destination_device, facts
ORDER BY first_ns, site, protocol, kind, source_ip, destination_ip, facts
LIMIT $limit
"""

# Which services answered whom, with the first packet: a TCP server answers with SYN and ACK, in mid-stream an ACK that
# is no RST must do.
_SERVED: Final = """
WITH resolved AS ({with_devices})
SELECT site, client_ip, client_device, server_ip, server_device, ip_protocol, server_port, application,
  application_by, count(*) AS conversations, CAST(sum(bytes_to_server) AS BIGINT) AS bytes_to_server,
  CAST(sum(bytes_to_client) AS BIGINT) AS bytes_to_client, min(start_ns) AS first_ns, max(end_ns) AS last_ns,
  arg_min(capture, start_ns) AS capture, arg_min(first_packet, start_ns) AS packet
FROM resolved
WHERE {conditions} AND packets_to_client > 0
  AND (ip_protocol <> 6 OR (tcp_flags_server & 18) = 18 OR (tcp_flags_server & 20) = 16)
GROUP BY site, client_ip, client_device, server_ip, server_device, ip_protocol, server_port, application,
  application_by
ORDER BY first_ns, site, client_ip, server_ip, ip_protocol, server_port, application
LIMIT $limit
"""

CONDITIONS: Final[dict[tuple[str, str], str]] = {
    (CONVERSATIONS_TABLE, "first_day"): "start_ns >= $from_ns",
    (CONVERSATIONS_TABLE, "last_day"): "start_ns < $until_ns",
    (CONVERSATIONS_TABLE, "since"): "start_ns >= $since_ns",
    (CONVERSATIONS_TABLE, "site"): "site = $site",
    (CONVERSATIONS_TABLE, "device"): "(client_device = $device OR server_device = $device)",
    (CONVERSATIONS_TABLE, "address"): "(client_ip = $address OR server_ip = $address)",
    (CONVERSATIONS_TABLE, "application"): "application = $application",
    (MESSAGES_TABLE, "first_day"): "time_ns >= $from_ns",
    (MESSAGES_TABLE, "last_day"): "time_ns < $until_ns",
    (MESSAGES_TABLE, "since"): "time_ns >= $since_ns",
    (MESSAGES_TABLE, "site"): "site = $site",
    (MESSAGES_TABLE, "device"): "(source_device = $device OR destination_device = $device)",
    (MESSAGES_TABLE, "address"): "(source_ip = $address OR destination_ip = $address)",
    (MESSAGES_TABLE, "protocol"): "protocol = $protocol",
    (MESSAGES_TABLE, "kind"): "kind = $kind",
    (MESSAGES_TABLE, "capture"): "capture = $capture",
    (MESSAGES_TABLE, "packet"): "packet = $packet",
}

_BY_DEVICE: Final = ("site", "device", "address", "application")

CATALOGUE: Final[dict[str, Query]] = {
    "conversations": Query(table=CONVERSATIONS_TABLE, sql=_CONVERSATIONS, conditions=_BY_DEVICE),
    "conversation-details": Query(table=CONVERSATIONS_TABLE, sql=_CONVERSATION_DETAILS, conditions=_BY_DEVICE),
    "conversations-by-application": Query(
        table=CONVERSATIONS_TABLE, sql=_CONVERSATIONS_BY_APPLICATION, conditions=("site", "address", "application")
    ),
    "talkers": Query(table=CONVERSATIONS_TABLE, sql=_TALKERS, conditions=_BY_DEVICE),
    "pairs": Query(table=CONVERSATIONS_TABLE, sql=_PAIRS, conditions=_BY_DEVICE),
    "pauses": Query(table=CONVERSATIONS_TABLE, sql=_PAUSES, conditions=_BY_DEVICE),
    "watched": Query(table=CONVERSATIONS_TABLE, sql=_WATCHED, conditions=("site",)),
    "messages": Query(
        table=MESSAGES_TABLE,
        sql=_MESSAGES,
        conditions=("site", "device", "address", "protocol", "kind", "capture", "packet"),
    ),
    "patient-data": Query(
        table=MESSAGES_TABLE, sql=_PATIENT_DATA, conditions=("site", "device", "address", "protocol")
    ),
    "in-use": Query(table=MESSAGES_TABLE, sql=_IN_USE, conditions=("site", "device", "address", "protocol")),
    "posture": Query(table=MESSAGES_TABLE, sql=_POSTURE, conditions=("site", "device", "address", "protocol")),
    "served": Query(table=CONVERSATIONS_TABLE, sql=_SERVED, conditions=_BY_DEVICE),
    "messages-by-protocol": Query(
        table=MESSAGES_TABLE, sql=_MESSAGES_BY_PROTOCOL, conditions=("site", "address", "protocol", "kind")
    ),
}


def bind(query: Query, selection: Selection) -> tuple[str, dict[str, Any]]:
    """The text of a query with its conditions, and the values of its parameters.

    Raises:
        ValueError: The selection narrows by something that this query cannot be narrowed by.
    """
    parameters: dict[str, Any] = {"limit": _MAX_NS if selection.limit is None else selection.limit}
    conditions = ["TRUE"]
    if selection.first_day is not None:
        conditions.append(CONDITIONS[query.table, "first_day"])
        parameters["from_ns"] = selection.from_ns()
    if selection.last_day is not None:
        conditions.append(CONDITIONS[query.table, "last_day"])
        parameters["until_ns"] = selection.until_ns()
    if selection.since_ns is not None:
        conditions.append(CONDITIONS[query.table, "since"])
        parameters["since_ns"] = selection.since_ns
    for name in ("site", "device", "address", "application", "protocol", "kind", "capture", "packet"):
        wanted = getattr(selection, name)
        if wanted is None:
            continue
        if name not in query.conditions:
            raise ValueError(f"this question cannot be narrowed by {name}")
        conditions.append(CONDITIONS[query.table, name])
        parameters[name] = wanted
    with_devices = _MESSAGES_WITH_DEVICES if query.table == MESSAGES_TABLE else _CONVERSATIONS_WITH_DEVICES
    sql = query.sql.replace("{with_devices}", with_devices).replace("{conditions}", " AND ".join(conditions))
    return sql, parameters
