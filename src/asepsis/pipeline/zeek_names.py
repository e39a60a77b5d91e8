"""``dhcp.log`` and ``dns.log`` -> messages: which addresses and names devices get and use."""

from __future__ import annotations

from typing import Final

from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline import imports_messages as say
from asepsis.pipeline.imports_fields import Address, Fields
from asepsis.pipeline.imports_intake import End, Intake
from asepsis.pipeline.zeek_conn import ends
from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.masking import printable_text
from asepsis.protocols.resource_records import Record

_NOWHERE: Final = Address(version=4, high=0, low=0, text="0.0.0.0")  # noqa: S104  # a DHCP client without an address
_EVERYBODY: Final = Address(version=4, high=0, low=0xFFFFFFFF, text="255.255.255.255")


def dhcp(intake: Intake, fields: Fields, line: int) -> bool:
    """``dhcp.log``: one exchange a record; it becomes what the client said last and what the server said last."""
    types = [kind.upper() for kind in fields.texts("msg_types")]
    mac = fields.mac("mac")
    if not mac:
        return False
    time_ns = fields.time_ns("ts")
    server_ip = fields.address_text("server_addr")
    own_ip = fields.address_text("client_addr")
    assigned_ip = fields.address_text("assigned_addr")
    server = End(address=fields.address("server_addr") if server_ip else _EVERYBODY, port=67)
    # Zeek fills client_addr from the lease too; only an address that was not just assigned was the sender's.
    spoke_from = own_ip if own_ip != assigned_ip else ""
    client = End(address=fields.address("client_addr") if spoke_from else _NOWHERE, port=68, mac=mac)
    asked = [kind for kind in types if kind in ("DISCOVER", "REQUEST", "INFORM", "DECLINE", "RELEASE")]
    if asked:
        intake.message(
            Dhcp(
                message_type=asked[-1],
                is_reply=False,
                client_mac=mac,
                client_ip=spoke_from,
                requested_ip=fields.address_text("requested_addr"),
                host_name=printable_text(fields.text("host_name")),
                fqdn=printable_text(fields.text("client_fqdn")),
                vendor_class=printable_text(fields.text("client_software")),
            ),
            time_ns=time_ns,
            line=line,
            sender=client,
            receiver=server,
        )
    answered = [kind for kind in types if kind in ("OFFER", "ACK", "NAK")]
    if answered and server_ip:
        intake.message(
            Dhcp(
                message_type=answered[-1],
                is_reply=True,
                client_mac=mac,
                your_ip=assigned_ip,
                server_id=server_ip,
                domain=printable_text(fields.text("domain")),
                lease_seconds=fields.interval_ns("lease_time") // SECOND_NS,
            ),
            time_ns=time_ns + fields.interval_ns("duration"),
            line=line,
            sender=server,
            receiver=client,
        )
    return bool(asked or (answered and server_ip))


def dns(intake: Intake, fields: Fields, line: int) -> bool:
    """``dns.log``: a question and its answer."""
    client, server = ends(fields)
    name = fields.text("query")
    if server.port not in (say.DNS_PORT, say.MDNS_PORT) or not name:
        return False  # NetBIOS and LLMNR have their own meaning, and without a name nothing was asked
    time_ns = fields.time_ns("ts")
    answered = "rcode" in fields
    asked = [say.question(name, fields.text("qtype_name"))] if "qtype_name" in fields else []
    answers = _answers(name, fields)
    flags = {
        "desired": fields.flag("RD"),
        "truncated": fields.flag("TC"),
        "authoritative": fields.flag("AA"),
        "available": fields.flag("RA"),
    }
    query = say.dns(
        say.dns_flags(response=False, rcode=0, **(flags | {"authoritative": False, "available": False})), asked
    )
    response = say.dns(say.dns_flags(response=True, rcode=fields.count("rcode", limit=4_095), **flags), asked, answers)
    if server.port == say.MDNS_PORT:
        # Everybody speaks to the group from the same port: the originator sent all of it.
        message = say.mdns(response if answers else query)
        intake.message(message, time_ns=time_ns, line=line, sender=client, receiver=server)
        return True
    if asked:
        intake.message(query, time_ns=time_ns, line=line, sender=client, receiver=server)
    if answered:
        at_ns = time_ns + fields.interval_ns("rtt")
        intake.message(response, time_ns=at_ns, line=line, sender=server, receiver=client)
    return bool(asked) or answered


def _answers(name: str, fields: Fields) -> list[Record]:
    """The answer section. Zeek names no type of a record: addresses and TXT say it themselves, the rest follows."""
    lifetimes = [lifetime.partition(".")[0] for lifetime in fields.texts("TTLs")]
    asked = fields.text("qtype_name")
    records = []
    for place, answer in enumerate(fields.texts("answers")):
        lifetime = lifetimes[place] if place < len(lifetimes) else ""
        # RFC 2181 8: 31 bits, so at most ten digits.
        ttl_seconds = int(lifetime) if lifetime.isdecimal() and len(lifetime) <= 10 else 0
        kind = say.kind_of_address(answer)
        if answer.startswith("TXT "):
            # "TXT 12 some-content": the length, then the string.
            kind, answer = "TXT", answer.split(" ", 2)[-1]
        kind = kind or ("CNAME" if asked in ("A", "AAAA", "HTTPS", "") else asked)
        records.append(say.record(name, kind, ttl_seconds, answer))
        if kind == "CNAME":
            name = answer
    return records
