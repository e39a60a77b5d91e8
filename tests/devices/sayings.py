"""Messages as devices say them, for the tests of what is made of them: only what matters is named."""

from __future__ import annotations

from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.dicom.messages import (
    Association,
    Command,
    DataSet,
    DimseMessage,
    PresentationContext,
    UserInformation,
)
from asepsis.protocols.hl7.messages import (
    Acknowledgment,
    Equipment,
    Header,
    Hl7Message,
    Software,
)
from asepsis.protocols.http_head import HttpRequest, HttpResponse
from asepsis.protocols.lldp import Lldp
from asepsis.protocols.mdns import Mdns, Service
from asepsis.protocols.message import Message
from asepsis.protocols.ntlm import Ntlm
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from tests.devices.ward import PC, by_mac, devices, sighting

CT_IMAGES, MR_IMAGES = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
STUDY_FIND, WORKLIST = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.31"


def association(kind: str, *classes: str, uid: str = "1.2.3", version: str = "", calling: str = "CT_1") -> Association:
    result = None if kind == "A-ASSOCIATE-RQ" else 0
    return Association(
        kind=kind,
        called_ae="ARCHIVE",
        calling_ae=calling,
        contexts=tuple(
            PresentationContext(id=2 * place + 1, abstract_syntax=uid, transfer_syntaxes=(), result=result)
            for place, uid in enumerate(classes)
        ),
        user=UserInformation(implementation_class_uid=uid, implementation_version=version),
        complete=True,
    )


def dimse(
    kind: str, sop_class: str, *equipment: tuple[str, str], server: bool = False, **command: object
) -> DimseMessage:
    return DimseMessage(
        command=Command(kind=kind, sop_class=sop_class, **command),  # type: ignore[arg-type] # fields by name
        data_set=DataSet(transfer_syntax="", encoding="", equipment=equipment) if equipment else None,
        pending_responses=0,
        sender_is_server=server,
    )


def hl7(
    kind: str, application: str = "", *equipment: Equipment, ack: bool = False, software: tuple[Software, ...] = ()
) -> Hl7Message:
    return Hl7Message(
        control_id="1",
        header=Header(
            sending_application=application,
            sending_facility="",
            receiving_application="",
            receiving_facility="",
            message_type=kind,
        ),
        segments=(),
        acknowledgment=Acknowledgment(code="AA", control_id="1") if ack else None,
        patient_fields=(),
        orders=None,
        observations=None,
        equipment=equipment,
        software=software,
        complete=True,
    )


def lldp(**fields: object) -> Lldp:
    return Lldp(
        chassis_id="x",
        chassis_id_kind="local",
        port_id="1",
        port_id_kind="local",
        ttl_seconds=120,
        **fields,  # type: ignore[arg-type] # fields by name
    )


def http_request(agent: str, ntlm: Ntlm | None = None) -> HttpRequest:
    return HttpRequest(
        method="GET",
        version="HTTP/1.1",
        path="/",
        host="",
        user_agent=agent,
        content_type="",
        authorization="",
        cookie=False,
        upgrade="",
        ntlm=ntlm,
    )


def http_response(server: str = "", realm: str = "") -> HttpResponse:
    return HttpResponse(
        status=200,
        version="HTTP/1.1",
        server=server,
        content_type="",
        challenges=(),
        realm=realm,
        location="",
        upgrade="",
        ntlm=None,
    )


def snmp(**objects: str) -> Snmp:
    known = tuple(
        ManagedObject(name=name, index="1" if name[:3] == "ent" else "0", value=text) for name, text in objects.items()
    )
    return Snmp(version="v2c", pdu="Response", objects=known)


def service(instance: str, kind: str, **texts: str) -> Mdns:
    return Mdns(
        is_response=True,
        is_probe=False,
        services=(Service(instance=instance, service=kind, texts=tuple(texts.items())),),
    )


def dhcp(**fields: object) -> Dhcp:
    return Dhcp(message_type="REQUEST", is_reply=False, client_mac=PC, **fields)  # type: ignore[arg-type] # by name


def names_of(message: Message) -> tuple[str, ...]:
    return by_mac(devices(sighting(message, PC, "10.0.0.6")), PC).names


def shown_of(message: Message, *attributes: str) -> dict[str, str | None]:
    """What is shown of a device that says one message."""
    found = by_mac(devices(sighting(message, PC, "10.0.0.6", to_ip="10.0.0.7")), PC)
    return {name: getattr(found, name) for name in attributes}
