"""Zeek logs written by hand, in the format of Zeek's ASCII writer and with the fields of its scripts.

Sources of the format: docs.zeek.org, "Zeek Log Formats and Inspection"; of the fields: the records ``Info`` in
scripts/base/protocols/*/main.zeek and scripts/policy/protocols/mqtt/main.zeek of Zeek 7. All values are made up;
addresses are those for documentation (RFC 5737, RFC 3849, RFC 7042 2.1.2).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

Record = dict[str, object]

ID: Record = {
    "id.orig_h": "192.0.2.10",
    "id.orig_p": 49152,
    "id.resp_h": "198.51.100.5",
    "id.resp_p": 80,
}

# One record of each log that is read; values as JSON holds them.
RECORDS: dict[str, Record] = {
    "conn": {
        "ts": "1700049600.123456",
        "uid": "CHhAvVGS1DHFjwGM9",
        **ID,
        "proto": "tcp",
        "service": "http",
        "duration": "1.500000",
        "orig_bytes": 100,
        "resp_bytes": 900,
        "conn_state": "SF",
        "local_orig": True,
        "local_resp": True,
        "missed_bytes": 0,
        "history": "ShADadFf",
        "orig_pkts": 6,
        "orig_ip_bytes": 420,
        "resp_pkts": 5,
        "resp_ip_bytes": 1170,
        "tunnel_parents": None,
        "vlan": 12,
        "orig_l2_addr": "00:00:5e:00:53:01",
        "resp_l2_addr": "00:00:5e:00:53:02",
    },
    "dhcp": {
        "ts": "1700049600.000000",
        "uids": ["CmWOt6VWaNGqXYcH6", "CLObLo4YHn0u23Tp8a"],
        "client_addr": "192.0.2.10",
        "server_addr": "192.0.2.1",
        "mac": "00:00:5e:00:53:01",
        "host_name": "infusion-7",
        "client_fqdn": "infusion-7.ward.example",
        "domain": "ward.example",
        "requested_addr": "192.0.2.10",
        "assigned_addr": "192.0.2.10",
        "lease_time": "3600.000000",
        "client_message": None,
        "server_message": None,
        "msg_types": ["DISCOVER", "OFFER", "REQUEST", "ACK"],
        "duration": "0.750000",
        "client_software": "udhcp 1.30.1",
    },
    "dns": {
        "ts": "1700049600.000000",
        "uid": "C0b",
        **ID,
        "id.resp_p": 53,
        "proto": "udp",
        "trans_id": 4711,
        "rtt": "0.010000",
        "query": "pacs.ward.example",
        "qclass": 1,
        "qclass_name": "C_INTERNET",
        "qtype": 1,
        "qtype_name": "A",
        "rcode": 0,
        "rcode_name": "NOERROR",
        "AA": True,
        "TC": False,
        "RD": True,
        "RA": False,
        "Z": 0,
        "answers": ["archive.ward.example", "198.51.100.5"],
        "TTLs": ["300.000000", "60.000000"],
        "rejected": False,
    },
    "http": {
        "ts": "1700049600.000000",
        "uid": "C1",
        **ID,
        "trans_depth": 1,
        "method": "GET",
        "host": "pacs.ward.example",
        "uri": "/wado/12345678?patient=Doe^Jane",
        "referrer": None,
        "version": "1.1",
        "user_agent": "Viewer/3.2",
        "request_body_len": 0,
        "response_body_len": 900,
        "status_code": 401,
        "status_msg": "Unauthorized",
        "tags": [],
        "username": "doejane",
        "password": None,
        "resp_mime_types": ["text/html"],
    },
    "mqtt_connect": {
        "ts": "1700049600.000000",
        "uid": "C2",
        **ID,
        "id.resp_p": 1883,
        "proto_name": "MQTT",
        "proto_version": "3.1.1",
        "client_id": "monitor-3",
        "connect_status": "Connection Accepted",
        "will_topic": "bed/12345678/status",
        "will_payload": "Doe Jane is gone",
    },
    "mqtt_publish": {
        "ts": "1700049600.000000",
        "uid": "C2",
        **ID,
        "id.resp_p": 1883,
        "from_client": True,
        "retain": False,
        "qos": "at least once",
        "status": "ok",
        "topic": "patient/Doe/pulse",
        "payload": "Doe Jane 61",
        "payload_len": 11,
    },
    "mqtt_subscribe": {
        "ts": "1700049600.000000",
        "uid": "C2",
        **ID,
        "id.resp_p": 1883,
        "action": "MQTT::SUBSCRIBE",
        "topics": ["alarm/#", "patient/Doe/pulse"],
        "qos_levels": [0, 1],
        "granted_qos_level": 1,
        "ack": True,
    },
    "ntlm": {
        "ts": "1700049600.000000",
        "uid": "C3",
        **ID,
        "id.resp_p": 445,
        "username": "doejane",
        "hostname": "CT-CONSOLE",
        "domainname": "RADIOLOGY",
        "server_nb_computer_name": "ARCHIVE",
        "server_dns_computer_name": "archive.ward.example",
        "server_tree_name": "ward.example",
        "success": True,
    },
    "smb_mapping": {
        "ts": "1700049600.000000",
        "uid": "C3",
        **ID,
        "id.resp_p": 445,
        "path": "\\\\archive\\12345678",
        "service": None,
        "native_file_system": None,
        "share_type": "DISK",
    },
    "snmp": {
        "ts": "1700049600.000000",
        "uid": "C4",
        **ID,
        "id.resp_p": 161,
        "duration": "0.001000",
        "version": "2",
        "community": "s3cret-community",
        "get_requests": 2,
        "get_bulk_requests": 0,
        "get_responses": 2,
        "set_requests": 0,
        "display_string": "Example Injector 4000, firmware 2.1",
        "up_since": "1699000000.000000",
    },
    "ssh": {
        "ts": "1700049600.000000",
        "uid": "C5",
        **ID,
        "id.resp_p": 22,
        "version": 2,
        "auth_success": True,
        "auth_attempts": 1,
        "direction": None,
        "client": "SSH-2.0-OpenSSH_9.2p1 Debian-2",
        "server": "SSH-2.0-dropbear_2020.81",
        "cipher_alg": "aes128-ctr",
        "mac_alg": "hmac-sha2-256",
        "compression_alg": "none",
        "kex_alg": "curve25519-sha256",
        "host_key_alg": "ssh-ed25519",
        "host_key": "aa:bb",
        "hassh": "ec7378c1a92f5a8dde7e8b7a1ddf33d1",
        "hasshAlgorithms": "curve25519-sha256,ecdh-sha2-nistp256;aes128-ctr;hmac-sha2-256;none",
    },
    "ssl": {
        "ts": "1700049600.000000",
        "uid": "C6",
        **ID,
        "id.resp_p": 443,
        "version": "TLSv12",
        "cipher": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "curve": "x25519",
        "server_name": "updates.maker.example",
        "resumed": False,
        "last_alert": None,
        "next_protocol": "h2",
        "established": True,
        "ja3s": "ec74a5c51106f0419184d0dd08fb05bc",
        "ja4": "t13d1516h2_8daaf6152771_b186095e22b6",
    },
}


def tsv(kind: str, records: Sequence[Record], *, separator: str = "\t", unset: str = "-") -> str:
    """The records as Zeek's tab-separated log."""
    fields = list(records[0])

    def cell(content: object) -> str:
        if content is None:
            return unset
        if isinstance(content, bool):
            return "T" if content else "F"
        if isinstance(content, list):
            return (
                ",".join(str(element).lower() if isinstance(element, bool) else str(element) for element in content)
                or "(empty)"
            )
        return str(content)

    head = [
        f"#separator \\x{ord(separator):02x}",
        separator.join(("#set_separator", ",")),
        separator.join(("#empty_field", "(empty)")),
        separator.join(("#unset_field", unset)),
        separator.join(("#path", kind)),
        separator.join(("#open", "2023-11-15-12-00-00")),
        separator.join(("#fields", *fields)),
        separator.join(("#types", *("string" for _ in fields))),
    ]
    rows = [separator.join(cell(record[name]) for name in fields) for record in records]
    return "\n".join([*head, *rows, separator.join(("#close", "2023-11-15-13-00-00"))]) + "\n"


def json_lines(records: Sequence[Record]) -> str:
    """The records as Zeek's JSON log: unset fields are left out, times and intervals are numbers."""
    lines = []
    for record in records:
        text = json.dumps({name: content for name, content in record.items() if content is not None})
        for number in ("ts", "duration", "rtt", "lease_time", "up_since"):
            content = record.get(number)
            if content is not None:
                text = text.replace(json.dumps(content), str(content))
        lines.append(text)
    return "\n".join(lines) + "\n"


def write(folder: Path, kind: str, *records: Record, name: str = "") -> Path:
    """Writes a tab-separated log."""
    path = folder / (name or f"{kind}.log")
    path.write_text(tsv(kind, records), encoding="utf-8")
    return path
