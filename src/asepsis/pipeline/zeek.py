"""Which of Zeek's logs say something of conversations and devices, and how a record of each is taken.

The fields are those of docs.zeek.org, "Log Files", and of the scripts under base/protocols that write them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from asepsis.pipeline.imports_fields import Fields
from asepsis.pipeline.imports_intake import Intake
from asepsis.pipeline.zeek_conn import conn
from asepsis.pipeline.zeek_names import dhcp, dns
from asepsis.pipeline.zeek_sessions import (
    http,
    mqtt_connect,
    mqtt_publish,
    mqtt_subscribe,
    ntlm,
    smb_mapping,
    snmp,
    ssh,
    ssl,
)

Taker = Callable[[Intake, Fields, int], bool]
"""Takes one record and the number of its line; False when it says nothing that is kept. Raises ``FieldError``."""

TAKERS: Final[dict[str, Taker]] = {
    "conn": conn,
    "dhcp": dhcp,
    "dns": dns,
    "http": http,
    "mqtt_connect": mqtt_connect,
    "mqtt_publish": mqtt_publish,
    "mqtt_subscribe": mqtt_subscribe,
    "ntlm": ntlm,
    "smb_mapping": smb_mapping,
    "snmp": snmp,
    "ssh": ssh,
    "ssl": ssl,
}
"""Kind of log to what takes its records; all other logs are passed over."""
