"""Events of Suricata about protocols -> messages, each with whether the client sent it."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final

from asepsis.pipeline import imports_messages as say
from asepsis.pipeline.imports_fields import Fields
from asepsis.pipeline.imports_intake import Intake
from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.dns import Dns
from asepsis.protocols.masking import masked_text, printable_text
from asepsis.protocols.message import Message
from asepsis.protocols.mqtt import MqttConnack, MqttPublish
from asepsis.protocols.resource_records import Question, Record
from asepsis.protocols.smb_messages import SmbNegotiate, SmbSession, SmbTree
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.tls import Certificates

Said = list[tuple[bool, Message]]

# A chain that is longer is no chain of a device or server.
_CERTIFICATES_LIMIT: Final = 16

_DHCP_TYPES: Final = frozenset(("DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM"))

# IANA "DNS Parameters", for the names of response codes.
_RCODES: Final = {
    "NOERROR": 0,
    "FORMERR": 1,
    "SERVFAIL": 2,
    "NXDOMAIN": 3,
    "NOTIMP": 4,
    "REFUSED": 5,
    "YXDOMAIN": 6,
    "YXRRSET": 7,
    "NXRRSET": 8,
    "NOTAUTH": 9,
    "NOTZONE": 10,
}

_SNMP_VERSIONS: Final = {1: "v1", 2: "v2c", 3: "v3"}
_SNMP_PDUS: Final = {
    "get_request": "GetRequest",
    "get_next_request": "GetNextRequest",
    "response": "Response",
    "set_request": "SetRequest",
    "trap_v1": "Trap",
    "get_bulk_request": "GetBulkRequest",
    "inform_request": "InformRequest",
    "trap_v2": "SNMPv2-Trap",
    "report": "Report",
    "encrypted": "encryptedPDU",
}


def dhcp(_intake: Intake, _event: Fields, said: Fields) -> Said:
    """``dhcp``: one message an event."""
    mac = said.mac("client_mac")
    if not mac:
        return []
    is_reply = said.text("type") == "reply"
    kind = said.text("dhcp_type").upper()
    message = Dhcp(
        message_type=kind if kind in _DHCP_TYPES else "BOOTREPLY" if is_reply else "BOOTREQUEST",
        is_reply=is_reply,
        client_mac=mac,
        client_ip=said.address_text("client_ip"),
        your_ip=said.address_text("assigned_ip"),
        next_server_ip=said.address_text("next_server_ip"),
        relay_ip=said.address_text("relay_ip"),
        requested_ip=said.address_text("requested_ip"),
        host_name=printable_text(said.text("hostname")),
        client_id=_client_id(said),
        # The list of wanted options is told only in part ("params"): no fingerprint can be made of it.
        lease_seconds=said.count("lease_time"),
        subnet_mask=said.address_text("subnet_mask"),
        routers=_addresses(said, "routers"),
        dns_servers=_addresses(said, "dns_servers"),
    )
    return [(not is_reply, message)]


def _client_id(said: Fields) -> str:
    # RFC 2132 9.14: type 1 is Ethernet; Suricata writes all octets, the type first.
    digits = said.text("client_id").replace(":", "").lower()[:128]
    if len(digits) == 14 and digits.startswith("01"):
        return ":".join(digits[place : place + 2] for place in range(2, 14, 2))
    return digits if all(digit in "0123456789abcdef" for digit in digits) else ""


def _addresses(said: Fields, name: str) -> tuple[str, ...]:
    found = (Fields({name: text}).address_text(name) for text in said.texts(name))
    return tuple(text for text in found if text)


def dns(_intake: Intake, event: Fields, said: Fields) -> Said:
    """``dns`` of all versions: a query or an answer an event."""
    kind = said.text("type")
    questions = [_question(entry) for entry in said.each_within("queries")]  # version 3
    if not questions and "rrname" in said and "rdata" not in said:
        questions = [_question(said)]
    flags = _flags(said)
    message: Dns
    if kind in ("query", "request"):
        message = say.dns(flags & 0x7FFF, questions)
        is_query = True
    elif kind in ("answer", "response"):
        answers = [_record(entry) for entry in said.each_within("answers")]
        if "rdata" in said:  # version 1: an event for each record
            answers.append(_record(said))
        if not answers:
            answers = _grouped(said, questions)
        others = [_record(entry) for entry in said.each_within("authorities")]
        message = say.dns(flags | 0x8000 | _RCODES.get(said.text("rcode"), 0), questions, answers, others)
        is_query = False
    else:
        return []
    if say.MDNS_PORT in (event.port("src_port"), event.port("dest_port")):
        return [(True, say.mdns(message))]
    return [(is_query, message)]


def _flags(said: Fields) -> int:
    text = said.text("flags")
    try:
        number = int(text, 16) if text else 0
    except ValueError:
        number = -1
    if not 0 <= number <= 0xFFFF:
        raise said.wrong("flags", "they are no two bytes in hexadecimal digits")
    return number


def _question(entry: Fields) -> Question:
    return say.question(entry.text("rrname"), entry.text("rrtype"))


def _record(entry: Fields) -> Record:
    kind = printable_text(entry.text("rrtype").upper())[:16]
    data = entry.text("rdata")
    if kind in ("A", "AAAA"):
        data = entry.address_text("rdata")  # version 1 and 2 write IPv6 in full
    elif kind == "SRV":
        service = entry.within("srv")
        return Record(
            name=printable_text(entry.text("rrname")),
            type=kind,
            ttl_seconds=entry.count("ttl"),
            data=printable_text(service.text("name").rstrip(".")),
            port=service.port("port"),
        )
    return say.record(entry.text("rrname"), kind, entry.count("ttl"), data)


def _grouped(said: Fields, questions: list[Question]) -> list[Record]:
    """Answers that are told by type only: all of them answer the question."""
    grouped = said.within("grouped")
    name = questions[0].name if questions else ""
    records = []
    for kind in ("CNAME", "A", "AAAA", "PTR", "NS", "MX", "TXT"):
        for data in grouped.texts(kind):
            address = Fields({"rdata": data}).address_text("rdata") if kind in ("A", "AAAA") else data
            records.append(say.record(name, kind, 0, address))
            if kind == "CNAME":
                name = data
    return records


def http(_intake: Intake, _event: Fields, said: Fields) -> Said:
    """``http``: a request and, where it was seen, its response."""
    version = said.text("protocol")
    messages: Said = []
    method = said.text("http_method")
    if method or "url" in said:
        head = [("Host", said.text("hostname")), ("User-Agent", said.text("http_user_agent"))]
        head += _headers(said, "request_headers")
        messages.append((True, say.http_request(method, said.text("url"), version, head)))
    status = said.count("status", limit=999)
    if status:
        head = [
            ("Content-Type", said.text("http_content_type")),
            ("Server", said.text("server")),
            ("Location", said.text("redirect")),
        ]
        head += _headers(said, "response_headers")
        messages.append((False, say.http_response(status, version, head)))
    return messages


def _headers(said: Fields, name: str) -> list[tuple[str, str]]:
    return [(entry.text("name"), entry.text("value")) for entry in said.each_within(name)]


def tls(_intake: Intake, _event: Fields, said: Fields) -> Said:
    """``tls``: both hellos as far as the event tells of them, and the server's certificates where they are logged."""
    messages: Said = []
    # JA4 is a text; JA3 and JA3S are objects with a hash and what it was made of.
    hello = say.client_hello(server_name=said.text("sni"), ja4=said.text("ja4"), alpn=said.texts("client_alpns"))
    messages.append((True, hello))
    version = say.tls_version(said.text("version"))
    if version:
        alpn = said.texts("server_alpns")
        answer = say.server_hello(
            version=version,
            cipher_suite=said.text("cipher_suite"),
            alpn=alpn[0] if alpn else "",
            ja3s=said.within("ja3s").text("hash"),
        )
        messages.append((False, answer))
    chain = said.texts("chain") or ([said.text("certificate")] if "certificate" in said else [])
    if chain:
        certificates = []
        for place, encoded in enumerate(chain[:_CERTIFICATES_LIMIT]):
            try:
                certificates.append(b64decode(encoded, validate=True))
            except (Base64Error, ValueError) as error:
                raise said.wrong(f"chain[{place}]", "it is no base64") from error
        messages.append((False, Certificates(sender_is_server=True, certificates=tuple(certificates))))
    return messages


def ssh(_intake: Intake, _event: Fields, said: Fields) -> Said:
    """``ssh``: who both sides are."""
    messages: Said = []
    for side, from_client in (("client", True), ("server", False)):
        end = said.within(side)
        line = f"SSH-{end.text('proto_version')}-{end.text('software_version')}"
        messages += [(from_client, message) for message in say.ssh_identification(line)]
        hassh = end.within("hassh")
        if "hash" in hassh:
            offer = say.ssh_offer(is_server=not from_client, hassh=hassh.text("hash"), algorithms=hassh.text("string"))
            messages.append((from_client, offer))
    return messages


def snmp(_intake: Intake, _event: Fields, said: Fields) -> Said:
    """``snmp``: one message an event; the names of variables are told, their values are not."""
    pdu = _SNMP_PDUS.get(said.text("pdu_type"))
    if pdu is None:
        return []
    message = Snmp(
        version=_SNMP_VERSIONS.get(said.count("version"), ""),
        pdu=pdu,
        community=say.community(said.text("community")),
        variables=len(said.texts("vars")),
        agent_address=said.address_text("trap_address"),
        trap=printable_text(said.text("trap_oid")),
        has_user="usm" in said,
    )
    return [(pdu not in ("Response", "Report"), message)]


def smb(_intake: Intake, _event: Fields, said: Fields) -> Said:
    """``smb``: negotiation, sign-in and the opening of shares; all else is about files and says nothing of devices."""
    generation, _, command = said.text("command").partition("_COMMAND_")
    version = 1 if generation == "SMB1" else 2
    if command in ("NEGOTIATE_PROTOCOL", "NEGOTIATE"):
        dialect = said.text("dialect")
        chosen = () if dialect in ("", "unknown") else (printable_text(dialect),)
        offered = tuple(printable_text(name) for name in said.texts("client_dialects"))
        return [
            (True, _negotiate(version, offered, said.text("client_guid"), is_server=False)),
            (False, _negotiate(version, chosen, said.text("server_guid"), is_server=True)),
        ]
    if command in ("SESSION_SETUP", "SESSION_SETUP_ANDX"):
        return [(True, _sign_in(said, version)), (False, _signed_in(said, version))]
    if command in ("TREE_CONNECT", "TREE_CONNECT_ANDX") and "share" in said:
        kind = {"FILE": "disk", "PIPE": "pipe", "PRINT": "printer"}.get(said.text("share_type"), "")
        share = masked_text(said.text("share"))
        return [(True, SmbTree(sender_is_server=False, version=version, share=share, service=kind))]
    return []


def _negotiate(version: int, dialects: tuple[str, ...], guid: str, *, is_server: bool) -> SmbNegotiate:
    return SmbNegotiate(
        sender_is_server=is_server,
        version=version,
        dialects=dialects,
        signing="",
        guid=printable_text(guid),
        names=(),
        passwords_in_clear=False,
    )


def _sign_in(said: Fields, version: int) -> SmbSession:
    token = None
    if "ntlmssp" in said:
        ntlmssp = said.within("ntlmssp")
        names = (("domain", ntlmssp.text("domain")), ("workstation", ntlmssp.text("host")))
        token = say.ntlm("AUTHENTICATE", names, user=bool(ntlmssp.text("user")))
    return SmbSession(
        sender_is_server=False,
        version=version,
        status=0,
        names=_system(said.within("request")),
        user=token is not None and token.user,
        guest=False,
        password_in_clear=False,
        ntlm=token,
    )


def _signed_in(said: Fields, version: int) -> SmbSession:
    code = said.text("status_code").removeprefix("0x")
    is_code = 0 < len(code) <= 8 and all(digit in "0123456789abcdefABCDEF" for digit in code)
    return SmbSession(
        sender_is_server=True,
        version=version,
        status=int(code, 16) if is_code else 0,
        names=_system(said.within("response")),
        user=False,
        guest=False,
        password_in_clear=False,
        ntlm=None,
    )


def _system(said: Fields) -> tuple[tuple[str, str], ...]:
    found = (("os", said.text("native_os")), ("lan_manager", said.text("native_lm")))
    return tuple((word, printable_text(text)) for word, text in found if text)


def mqtt(intake: Intake, event: Fields, said: Fields) -> Said:
    """``mqtt``: a transaction an event, with the messages of both sides."""
    messages: Said = []
    if "connect" in said:
        connect = said.within("connect")
        given = connect.within("flags")
        messages.append(
            (
                True,
                say.mqtt_connect(
                    client_id=connect.text("client_id"),
                    level=connect.count("protocol_version", limit=255),
                    will_topic=connect.within("will").text("topic"),
                    clean=given.flag("clean_session"),
                    user_name=given.flag("username"),
                    password=given.flag("password"),
                ),
            )
        )
    if "connack" in said:
        messages.append((False, MqttConnack(code=said.within("connack").count("return_code", limit=255))))
    if "publish" in said:
        publish = said.within("publish")
        topic = masked_text(publish.text("topic"))
        count = intake.published((event.count("flow_id"), topic))
        if count:
            # The addresses of the event are those of the first message: the source published.
            messages.append((True, _publish(publish, topic, count)))
    if "subscribe" in said:
        topics = [entry.text("topic") for entry in said.within("subscribe").each_within("topics")]
        messages.append((True, say.mqtt_subscribe(topics)))
    return messages


def _publish(publish: Fields, topic: str, count: int) -> MqttPublish:
    size_bytes = publish.count("skipped_length") or len(publish.text("message").encode("utf-8", "replace"))
    return MqttPublish(
        # A broker publishes too, from its own port: who serves is not said.
        sender_is_server=None,
        topic=topic,
        payload_bytes=size_bytes,
        quality_of_service=publish.count("qos", limit=2),
        retain=publish.flag("retain"),
        count=count,
    )
