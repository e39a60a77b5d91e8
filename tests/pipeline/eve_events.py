"""Events of Suricata's EVE log written by hand.

Sources of the format: Suricata User Guide, "Eve JSON Format" (sections "Common Section" and "Event type: ..."),
"DNS EVE Logging Changes for 8.0", and for DHCP, SNMP and ARP, which the guide does not list, the members that the
loggers of Suricata 7 and 8 write. All values are made up; addresses are those for documentation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]

FULL_IPV6 = "2001:0db8:0000:0000:0000:0000:0000:0005"
"""Suricata writes IPv6 in full."""


def event(kind: str, *, port: int, flow_id: int = 7, proto: str = "TCP", **content: Any) -> Event:
    """An event of the common form."""
    return {
        "timestamp": "2023-11-15T13:00:00.250000+0100",
        "flow_id": flow_id,
        "in_iface": "mirror0",
        "event_type": kind,
        "vlan": [12, 40],
        "src_ip": "192.0.2.10",
        "src_port": 49152,
        "dest_ip": "198.51.100.5",
        "dest_port": port,
        "proto": proto,
        "ether": {"src_mac": "00:00:5e:00:53:01", "dest_mac": "00:00:5e:00:53:02"},
        "pkt_src": "wire/pcap",
        **content,
    }


FLOW: Event = event(
    "flow",
    port=80,
    app_proto="http",
    ether={"src_macs": ["00:00:5e:00:53:01"], "dest_macs": ["00:00:5e:00:53:02", "00:00:5e:00:53:03"]},
    flow={
        "pkts_toserver": 6,
        "pkts_toclient": 5,
        "bytes_toserver": 504,
        "bytes_toclient": 1240,
        "start": "2023-11-15T12:59:58.000001+0100",
        "end": "2023-11-15T13:00:00.000002+0100",
        "age": 2,
        "state": "closed",
        "reason": "timeout",
        "alerted": False,
    },
    tcp={"tcp_flags": "1b", "tcp_flags_ts": "1b", "tcp_flags_tc": "1a", "syn": True, "state": "closed"},
)

DHCP_REQUEST: Event = event(
    "dhcp",
    port=67,
    proto="UDP",
    src_ip="0.0.0.0",
    src_port=68,
    dest_ip="255.255.255.255",
    dhcp={
        "type": "request",
        "id": 4711,
        "client_mac": "00:00:5e:00:53:01",
        "assigned_ip": "0.0.0.0",
        "client_ip": "0.0.0.0",
        "dhcp_type": "request",
        "client_id": "01:00:00:5e:00:53:01",
        "requested_ip": "192.0.2.10",
        "hostname": "infusion-7",
        "params": ["subnet_mask", "router"],
    },
)
DHCP_ACK: Event = event(
    "dhcp",
    port=68,
    proto="UDP",
    src_ip="192.0.2.1",
    src_port=67,
    dest_ip="192.0.2.10",
    dhcp={
        "type": "reply",
        "id": 4711,
        "client_mac": "00:00:5e:00:53:01",
        "assigned_ip": "192.0.2.10",
        "client_ip": "0.0.0.0",
        "relay_ip": "0.0.0.0",
        "next_server_ip": "192.0.2.1",
        "dhcp_type": "ack",
        "lease_time": 3600,
        "subnet_mask": "255.255.255.0",
        "routers": ["192.0.2.1"],
        "dns_servers": ["192.0.2.2", "192.0.2.3"],
    },
)

DNS_ANSWERS = [
    {"rrname": "pacs.ward.example", "rrtype": "CNAME", "ttl": 300, "rdata": "archive.ward.example"},
    {"rrname": "archive.ward.example", "rrtype": "AAAA", "ttl": 60, "rdata": FULL_IPV6},
]
DNS_QUERY_2: Event = event(
    "dns",
    port=53,
    proto="UDP",
    dns={"type": "query", "id": 1, "rrname": "pacs.ward.example", "rrtype": "AAAA", "tx_id": 0, "opcode": 0},
)
DNS_ANSWER_2: Event = event(
    "dns",
    port=53,
    proto="UDP",
    dns={
        "version": 2,
        "type": "answer",
        "id": 1,
        "flags": "8580",
        "qr": True,
        "aa": True,
        "rrname": "pacs.ward.example",
        "rrtype": "AAAA",
        "rcode": "NOERROR",
        "answers": DNS_ANSWERS,
    },
)
DNS_QUERY_3: Event = event(
    "dns",
    port=53,
    proto="UDP",
    dns={
        "version": 3,
        "type": "request",
        "id": 1,
        "flags": "100",
        "rd": True,
        "rcode": "NOERROR",
        "queries": [{"rrname": "pacs.ward.example", "rrtype": "AAAA"}],
    },
)
DNS_ANSWER_3: Event = event(
    "dns",
    port=49152,
    proto="UDP",
    # Turned round, as some versions write answers.
    src_ip="198.51.100.5",
    src_port=53,
    dest_ip="192.0.2.10",
    dns={
        "version": 3,
        "type": "response",
        "id": 1,
        "flags": "8580",
        "rcode": "NOERROR",
        "queries": [{"rrname": "pacs.ward.example", "rrtype": "AAAA"}],
        "answers": DNS_ANSWERS,
    },
    ether={"src_mac": "00:00:5e:00:53:02", "dest_mac": "00:00:5e:00:53:01"},
)

SESSIONS: list[Event] = [
    event(
        "http",
        port=80,
        http={
            "hostname": "pacs.ward.example",
            "url": "/wado/12345678?patient=Doe^Jane",
            "http_user_agent": "Viewer/3.2",
            "http_content_type": "text/html",
            "http_method": "GET",
            "protocol": "HTTP/1.1",
            "status": 401,
            "length": 900,
            "request_headers": [{"name": "Authorization", "value": "Basic ZG9lamFuZTpzM2NyZXQ="}],
            "response_headers": [
                {"name": "Server", "value": "ExampleHTTPd/2.4"},
                {"name": "WWW-Authenticate", "value": 'Basic realm="archive"'},
            ],
        },
    ),
    event(
        "tls",
        port=443,
        tls={
            "subject": "CN=Doe Jane",
            "issuerdn": "CN=ward",
            "serial": "0C",
            "fingerprint": "8f:51",
            "sni": "updates.maker.example",
            "version": "TLS 1.2",
            "notbefore": "2023-01-04T10:48:43",
            "notafter": "2027-03-29T10:18:00",
            "ja3s": {"hash": "ec74a5c51106f0419184d0dd08fb05bc", "string": "771,49199,65281"},
            "ja4": "t13d1516h2_8daaf6152771_b186095e22b6",
            "client_alpns": ["h2", "http/1.1"],
            "server_alpns": ["h2"],
            "chain": ["MAUCAQECAQI="],
        },
    ),
    event(
        "ssh",
        port=22,
        ssh={
            "client": {
                "proto_version": "2.0",
                "software_version": "OpenSSH_9.2p1",
                "hassh": {
                    "hash": "ec7378c1a92f5a8dde7e8b7a1ddf33d1",
                    "string": "curve25519-sha256;aes128-ctr;hmac;none",
                },
            },
            "server": {"proto_version": "2.0", "software_version": "dropbear_2020.81"},
        },
    ),
    event(
        "smb",
        port=445,
        smb={
            "id": 1,
            "dialect": "3.11",
            "command": "SMB2_COMMAND_NEGOTIATE_PROTOCOL",
            "status": "STATUS_SUCCESS",
            "status_code": "0x0",
            "client_dialects": ["3.02", "3.11"],
            "client_guid": "601985d2-aad9-11e7-8494-00088bb57f27",
            "server_guid": "aec6e793-2b11-4019-2d95-55453a0ad2f1",
        },
    ),
    event(
        "smb",
        port=445,
        smb={
            "id": 3,
            "dialect": "NT LM 0.12",
            "command": "SMB1_COMMAND_SESSION_SETUP_ANDX",
            "status": "STATUS_LOGON_FAILURE",
            "status_code": "0xc000006d",
            "ntlmssp": {"domain": "RADIOLOGY", "user": "doejane", "host": "CT-CONSOLE"},
            "request": {"native_os": "Windows 2000 2195", "native_lm": "Windows 2000 5.0"},
            "response": {"native_os": "Windows 5.1", "native_lm": "Windows 2000 LAN Manager"},
        },
    ),
    event(
        "smb",
        port=445,
        smb={
            "id": 4,
            "command": "SMB2_COMMAND_TREE_CONNECT",
            "share": "\\\\archive\\12345678",
            "share_type": "FILE",
        },
    ),
    event("smb", port=445, smb={"id": 5, "command": "SMB2_COMMAND_CREATE", "filename": "Doe Jane.dcm"}),
    event(
        "snmp",
        port=161,
        proto="UDP",
        snmp={
            "version": 2,
            "pdu_type": "get_request",
            "vars": ["1.3.6.1.2.1.1.1.0"],
            "community": "s3cret-community",
        },
    ),
    event(
        "mqtt",
        port=1883,
        mqtt={
            "connect": {
                "qos": 0,
                "protocol_string": "MQTT",
                "protocol_version": 5,
                "flags": {"username": True, "password": True, "will": True, "clean_session": True},
                "client_id": "monitor-3",
                "username": "doejane",
                "password": "s3cret",
                "will": {"topic": "bed/12345678/status", "message": "Doe Jane is gone"},
            },
            "connack": {"session_present": False, "return_code": 0},
        },
    ),
    event(
        "mqtt",
        port=1883,
        mqtt={
            "publish": {
                "qos": 1,
                "retain": True,
                "dup": False,
                "topic": "patient/Doe/pulse",
                "message_id": 1,
                "message": "Doe Jane 61",
            },
            "puback": {"message_id": 1, "reason_code": 16},
        },
    ),
    event(
        "mqtt",
        port=1883,
        mqtt={
            "subscribe": {
                "message_id": 1,
                "topics": [{"topic": "alarm/#", "qos": 0}, {"topic": "patient/Doe/x", "qos": 0}],
            }
        },
    ),
]

ARP: Event = {
    "timestamp": "2023-11-15T13:00:00.250000+0100",
    "in_iface": "mirror0",
    "event_type": "arp",
    "arp": {
        "hw_type": "ethernet",
        "proto_type": "ipv4",
        "opcode": "reply",
        "src_mac": "00:00:5e:00:53:01",
        "src_ip": "192.0.2.10",
        "dest_mac": "00:00:5e:00:53:02",
        "dest_ip": "192.0.2.1",
    },
}

ALERT: Event = event("alert", port=80, alert={"signature": "Doe Jane"})
STATS: Event = {"timestamp": "2023-11-15T13:00:00.250000+0100", "event_type": "stats", "stats": {"uptime": 5}}


def write(path: Path, *events: Event) -> Path:
    """Writes an EVE log."""
    path.write_text("".join(json.dumps(each) + "\n" for each in events), encoding="utf-8")
    return path
