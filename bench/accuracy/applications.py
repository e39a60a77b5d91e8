"""Does our name of a conversation's application agree with nDPI's, where both name one?

``NAMES`` is the written mapping: nDPI's master protocol -> the names of ours that mean the same. nDPI names services
and games that we have no word for; where we then name the protocol underneath by its port, that counts as a
disagreement, unless the mapping says that the service speaks that protocol.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.accuracy import ndpi
from bench.accuracy.ours import Answer

NAMES: dict[str, set[str]] = {
    # --- the same protocol under another word
    "AFP": {"afp"},
    "AMQP": {"amqp"},
    "BACnet": {"bacnet"},
    "BFD": {"bfd"},
    "BGP": {"bgp"},
    "COAP": {"coap"},
    "Citrix": {"citrix"},
    "DCERPC": {"msrpc"},
    "DHCP": {"dhcp"},
    "DHCPV6": {"dhcpv6"},
    "DICOM": {"dicom"},
    "DNP3": {"dnp3"},
    "DNS": {"dns"},
    "DNScrypt": {"dnscrypt"},
    "DTLS": {"dtls", "stun"},  # a call opens its path with STUN, then speaks DTLS between the same ends
    "Diameter": {"diameter"},
    "Elasticsearch": {"elasticsearch", "http"},  # its REST interface is HTTP
    "EthernetIP": {"ethernet_ip"},
    "FTP_CONTROL": {"ftp"},
    "FTP_DATA": {"ftp-data"},
    "GTP": {"gtp"},
    "Git": {"git"},
    "H323": {"h323"},
    "HL7": {"hl7"},
    "HSRP": {"hsrp"},
    # We call a conversation by what rides on HTTP where we read that.
    "HTTP": {"http", "ipp", "upnp", "wsd", "sdc", "fhir", "dicomweb"},
    "ICMPV6": {"nd"},  # of ICMPv6 we read neighbour discovery
    "IEC60870": {"iec-104"},
    "IMAP": {"imap"},
    "IPSec": {"isakmp"},
    "IPsec": {"isakmp"},  # as the installed version spells it
    "IRC": {"irc"},
    "Kafka": {"kafka"},
    "Kerberos": {"kerberos"},
    "KNXnet_IP": {"knx"},
    "LDAP": {"ldap"},
    "LLMNR": {"llmnr"},
    "MDNS": {"mdns"},
    "MQTT": {"mqtt"},
    "Memcached": {"memcached"},
    "Modbus": {"modbus"},
    "MongoDB": {"mongodb"},
    "MsSQL-TDS": {"mssql"},
    "MySQL": {"mysql", "tls"},  # turns to TLS after its greeting
    "NAT-PMP": {"nat-pmp"},
    "NFS": {"nfs", "rpcbind"},  # nDPI calls every ONC RPC so, also those to the port mapper
    "NTP": {"ntp"},
    "Nats": {"nats"},
    "NetBIOS": {"nbns", "nbdgm", "smb"},  # session service on TCP 139 carries SMB
    "NetFlow": {"netflow"},
    "OPC-UA": {"opcua"},
    "OpenVPN": {"openvpn"},
    "Oracle": {"oracle"},
    "POP3": {"pop3"},
    "PPTP": {"pptp"},
    "PTPv2": {"ptp"},
    "PostgreSQL": {"postgresql", "tls"},  # as MySQL
    "QUIC": {"quic"},
    "RDP": {"rdp", "tls"},  # its enhanced security is TLS
    "RESP": {"redis"},
    "RSH": {"rsh"},
    "RSYNC": {"rsync"},
    "RTCP": {"rtcp"},
    "RTMP": {"rtmp"},
    "RTSP": {"rtsp"},
    "Radius": {"radius"},
    "Radmin": {"radmin"},
    "Redis": {"redis"},
    "S7Comm": {"s7comm"},
    "S7CommPlus": {"s7comm"},
    "SIP": {"sip"},
    "SMBv1": {"smb"},
    "SMBv23": {"smb"},
    "SMTP": {"smtp"},
    "SNMP": {"snmp"},
    "SOCKS": {"socks"},
    "SSDP": {"ssdp"},
    "SSH": {"ssh"},
    "STUN": {"stun"},
    "Service_Location_Protocol": {"slp"},
    "Syslog": {"syslog"},
    "TFTP": {"tftp"},
    "TLS": {"tls"},
    "TeamViewer": {"teamviewer"},
    "Telnet": {"telnet"},
    "Teredo": {"teredo"},
    "Usenet": {"nntp"},
    "VNC": {"vnc"},
    "WSD": {"wsd", "http"},  # device metadata are SOAP over HTTP on TCP 5357
    "Whois-DAS": {"whois"},
    "WireGuard": {"wireguard"},
    "XDMCP": {"xdmcp"},
    "Zabbix": {"zabbix"},
    "iSCSI": {"iscsi"},
    "sFlow": {"sflow"},
    # --- a service whose protocol on the wire is one that we name
    "CIP": {"ethernet_ip"},  # the Common Industrial Protocol is what EtherNet/IP carries
    "ApplePush": {"tls"},
    "DoH_DoT": {"tls"},
    "FTPS": {"ftp", "tls"},
    "HTTP2": {"http"},
    "HTTP_Connect": {"http"},
    "HTTP_Proxy": {"http"},
    "IMAPS": {"tls", "imap"},
    "IPP": {"ipp", "http"},
    "JSON-RPC": {"http"},
    "Jabber": {"xmpp", "jabber-file"},
    "POPS": {"tls", "pop3"},
    "SMTPS": {"tls", "smtp"},
    "SOAP": {"http"},
    "WebSocket": {"http"},
    "ISO9506-1-MMS": {"s7comm"},  # both ride on ISO transport, TCP 102
}
NAMELESS = {"Unknown", ""}
CERTAIN = {"DPI", "DPI (cache)", "DPI (partial)", "DPI (partial cache)", "DPI (aggressive)"}


@dataclass(slots=True)
class Agreement:
    """Both sides' names over many captures; one line is (how we were told, how nDPI was)."""

    agree: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagree: Counter[tuple[str, str]] = field(default_factory=Counter)
    confusions: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """nDPI's name, ours, how we were told, how nDPI was."""
    examples: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    only_ndpi: Counter[str] = field(default_factory=Counter)
    """Names of conversations that we call unknown."""
    only_ours: Counter[str] = field(default_factory=Counter)
    without_partner: int = 0
    """Flows of nDPI whose 5-tuple we do not have (tunnels count by the inner one)."""

    def rate(self, *, told_by: str | None = None, certain: bool = False) -> tuple[int, int]:
        """Agreeing and comparable flows, of all or of those told by content or port, or where nDPI is certain."""
        chosen = [
            pair
            for pair in self.agree.keys() | self.disagree.keys()
            if (told_by is None or pair[0] == told_by) and (not certain or pair[1] == "content")
        ]
        agree = sum(self.agree[pair] for pair in chosen)
        return agree, agree + sum(self.disagree[pair] for pair in chosen)


def add(agreement: Agreement, path: Path, answer: Answer, flows: list[ndpi.Flow]) -> None:
    """Compares one capture."""
    for flow in flows:
        names = answer.applications.get(flow.key)
        if names is None:
            agreement.without_partner += 1
            continue
        named = {name for name in names if name[0] != "unknown"}
        theirs_by = "content" if flow.confidence in CERTAIN else "port"
        if flow.name in NAMELESS or not named:
            if named:
                agreement.only_ours.update(name for name, _ in named)
            elif flow.name not in NAMELESS:
                agreement.only_ndpi[flow.name] += 1
            continue
        # A split conversation may have been told by its port in one part only: content speaks for all.
        name, told_by = min(named, key=lambda pair: ("content", "port").index(pair[1]))
        if name in NAMES.get(flow.name, ()):
            agreement.agree[told_by, theirs_by] += 1
        else:
            agreement.disagree[told_by, theirs_by] += 1
            confusion = (flow.name, name, told_by, theirs_by)
            agreement.confusions[confusion] += 1
            agreement.examples.setdefault(confusion, path.name)


Source = Callable[[Path], list[ndpi.Flow]]
SOURCES: dict[str, Source] = {"result files": ndpi.result_file, "ndpiReader as installed": ndpi.installed}
