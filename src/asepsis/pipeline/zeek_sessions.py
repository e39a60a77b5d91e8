"""Logs of sessions -> messages: HTTP, TLS, SSH, SNMP, SMB with NTLM, MQTT."""

from __future__ import annotations

from asepsis.pipeline import imports_messages as say
from asepsis.pipeline.imports_fields import Fields
from asepsis.pipeline.imports_intake import End, Intake
from asepsis.pipeline.zeek_conn import ends
from asepsis.protocols.masking import masked_text, printable_text
from asepsis.protocols.message import Message
from asepsis.protocols.mqtt import MqttConnack, MqttPublish
from asepsis.protocols.smb_messages import SmbSession, SmbTree
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from asepsis.protocols.ssh import SshAgreement


def http(intake: Intake, fields: Fields, line: int) -> bool:
    """``http.log``: a request and its response."""
    client, server = ends(fields)
    time_ns = fields.time_ns("ts")
    version = fields.text("version")
    method = fields.text("method")
    if method:
        head = [("Host", fields.text("host")), ("User-Agent", fields.text("user_agent"))]
        if "username" in fields:  # Zeek takes it out of Basic credentials; neither is kept
            head.append(("Authorization", "Basic"))
        request = say.http_request(method, fields.text("uri"), version, head)
        intake.message(request, time_ns=time_ns, line=line, sender=client, receiver=server)
    status = fields.count("status_code", limit=999)
    if status:
        types = fields.texts("resp_mime_types")
        response = say.http_response(status, version, [("Content-Type", types[0] if types else "")])
        intake.message(response, time_ns=time_ns, line=line, sender=server, receiver=client)
    return bool(method or status)


def ssl(intake: Intake, fields: Fields, line: int) -> bool:
    """``ssl.log``: both hellos, as far as the log tells of them."""
    client, server = ends(fields)
    time_ns = fields.time_ns("ts")
    hello = say.client_hello(server_name=fields.text("server_name"), ja4=fields.text("ja4"))
    intake.message(hello, time_ns=time_ns, line=line, sender=client, receiver=server)
    version = say.tls_version(fields.text("version"))
    if version:
        answer = say.server_hello(
            version=version,
            cipher_suite=fields.text("cipher"),
            alpn=fields.text("next_protocol"),
            ja3s=fields.text("ja3s"),
        )
        intake.message(answer, time_ns=time_ns, line=line, sender=server, receiver=client)
    return True


def ssh(intake: Intake, fields: Fields, line: int) -> bool:
    """``ssh.log``: who both sides are and what they agreed on."""
    client, server = ends(fields)
    time_ns = fields.time_ns("ts")
    said: list[tuple[End, Message]] = []
    said += [(client, message) for message in say.ssh_identification(fields.text("client"))]
    said += [(server, message) for message in say.ssh_identification(fields.text("server"))]
    # The package "hassh" adds these.
    for end, hassh, algorithms in (
        (client, "hassh", "hasshAlgorithms"),
        (server, "hasshServer", "hasshServerAlgorithms"),
    ):
        if hassh in fields:
            offer = say.ssh_offer(is_server=end is server, hassh=fields.text(hassh), algorithms=fields.text(algorithms))
            said.append((end, offer))
    chosen = (("kex", "kex_alg"), ("host_key", "host_key_alg"), ("encryption", "cipher_alg"), ("mac", "mac_alg"))
    agreed = tuple((word, printable_text(fields.text(name))) for word, name in chosen if fields.text(name))
    if agreed:
        said.append((server, SshAgreement(chosen=agreed)))
    for end, message in said:
        other = server if end is client else client
        intake.message(message, time_ns=time_ns, line=line, sender=end, receiver=other)
    return bool(said)


def snmp(intake: Intake, fields: Fields, line: int) -> bool:
    """``snmp.log``: what was asked, and the description of the system if it was told."""
    client, server = ends(fields)
    time_ns = fields.time_ns("ts")
    # Zeek writes "1", "2" and "3".
    version = {"1": "v1", "2": "v2c", "3": "v3"}.get(fields.text("version"), "")
    community = say.community(fields.text("community"))
    kinds = (
        ("get_requests", "GetRequest"),
        ("get_bulk_requests", "GetBulkRequest"),
        ("set_requests", "SetRequest"),
    )
    asked = [pdu for name, pdu in kinds if fields.count(name)]
    for pdu in asked:
        request = Snmp(version=version, pdu=pdu, community=community)
        intake.message(request, time_ns=time_ns, line=line, sender=client, receiver=server)
    answered = fields.count("get_responses")
    if answered:
        description = printable_text(fields.text("display_string"))
        objects = (ManagedObject(name="sysDescr", index="0", value=description),) if description else ()
        response = Snmp(version=version, pdu="Response", community=community, variables=len(objects), objects=objects)
        intake.message(response, time_ns=time_ns, line=line, sender=server, receiver=client)
    return bool(asked or answered)


def smb_mapping(intake: Intake, fields: Fields, line: int) -> bool:
    """``smb_mapping.log``: a share is opened."""
    client, server = ends(fields)
    tree = SmbTree(
        sender_is_server=False,
        # Only SMB1 tells the native file system.
        version=1 if "native_file_system" in fields else 2,
        share=masked_text(fields.text("path")),
        service={"PRINT": "printer"}.get(fields.text("share_type"), fields.text("share_type").lower()[:16]),
    )
    intake.message(tree, time_ns=fields.time_ns("ts"), line=line, sender=client, receiver=server)
    return True


def ntlm(intake: Intake, fields: Fields, line: int) -> bool:
    """``ntlm.log``: the names of both machines."""
    client, server = ends(fields)
    if server.port not in (139, 445):
        return False  # inside HTTP, LDAP or RPC: no message of ours to carry it
    time_ns = fields.time_ns("ts")
    own = say.ntlm(
        "AUTHENTICATE",
        (("domain", fields.text("domainname")), ("workstation", fields.text("hostname"))),
        user="username" in fields,
    )
    target = say.ntlm(
        "CHALLENGE",
        (
            ("netbios_computer", fields.text("server_nb_computer_name")),
            ("dns_computer", fields.text("server_dns_computer_name")),
            ("dns_forest", fields.text("server_tree_name")),
        ),
        user=False,
    )
    for end, other, token in ((server, client, target), (client, server, own)):
        session = SmbSession(
            sender_is_server=end is server,
            version=2,
            status=0,
            names=(),
            user=token.user,
            guest=False,
            password_in_clear=False,
            ntlm=token,
        )
        intake.message(session, time_ns=time_ns, line=line, sender=end, receiver=other)
    return True


def mqtt_connect(intake: Intake, fields: Fields, line: int) -> bool:
    """``mqtt_connect.log``: a session and the broker's answer."""
    client, server = ends(fields)
    time_ns = fields.time_ns("ts")
    level = {"3.1": 3, "3.1.1": 4, "5": 5, "5.0": 5}.get(fields.text("proto_version"), 0)
    connect = say.mqtt_connect(client_id=fields.text("client_id"), level=level, will_topic=fields.text("will_topic"))
    intake.message(connect, time_ns=time_ns, line=line, sender=client, receiver=server)
    # MQTT 3.1.1 3.2.2.3, in the words of Zeek's scripts.
    codes = {
        "Connection Accepted": 0,
        "Connection Refused: unacceptable protocol version": 1,
        "Connection Refused: identifier rejected": 2,
        "Connection Refused: server unavailable": 3,
        "Connection Refused: bad user name or password": 4,
        "Connection Refused: not authorized": 5,
    }
    code = codes.get(fields.text("connect_status"))
    if code is not None:
        intake.message(MqttConnack(code=code), time_ns=time_ns, line=line, sender=server, receiver=client)
    return True


def mqtt_publish(intake: Intake, fields: Fields, line: int) -> bool:
    """``mqtt_publish.log``: a value is published; the value is never kept."""
    client, server = ends(fields)
    from_client = fields.flag("from_client")
    topic = masked_text(fields.text("topic"))
    count = intake.published((fields.text("uid"), from_client, topic))
    if count:
        qualities = {"at most once": 0, "at least once": 1, "exactly once": 2}
        publish = MqttPublish(
            sender_is_server=not from_client,
            topic=topic,
            payload_bytes=fields.count("payload_len"),
            quality_of_service=qualities.get(fields.text("qos"), 0),
            retain=fields.flag("retain"),
            count=count,
        )
        sender, receiver = (client, server) if from_client else (server, client)
        intake.message(publish, time_ns=fields.time_ns("ts"), line=line, sender=sender, receiver=receiver)
    return True


def mqtt_subscribe(intake: Intake, fields: Fields, line: int) -> bool:
    """``mqtt_subscribe.log``: a client asks for topics."""
    if not fields.text("action").endswith("SUBSCRIBE") or fields.text("action").endswith("UNSUBSCRIBE"):
        return False
    client, server = ends(fields)
    subscribe = say.mqtt_subscribe(fields.texts("topics"))
    intake.message(subscribe, time_ns=fields.time_ns("ts"), line=line, sender=client, receiver=server)
    return True
