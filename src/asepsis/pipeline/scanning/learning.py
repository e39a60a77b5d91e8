"""What devices answered in a scan, as clues to what they are: the same tables read it that read traffic.

An answer becomes the message that the same words would have been on the wire, with the record of the scan as where it
was seen. What no table knows says nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from asepsis.devices.observe.observer import Observer
from asepsis.exposure.scanning.plan import Plan, Question
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.registry import CaptureRecord, Registry
from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.pipeline.workspace import Workspace
from asepsis.protocols.dicom.messages import Association, UserInformation
from asepsis.protocols.ftp import FtpGreeting
from asepsis.protocols.masking import masked_text, printable_text
from asepsis.protocols.message import Malformed, Message, Sighting
from asepsis.protocols.snmp import Snmp
from asepsis.protocols.snmp_objects import ManagedObject
from asepsis.protocols.ssh import SshStream
from asepsis.protocols.telnet import TelnetBanner

# IANA: what a banner is, by the port that it was asked at; SSH says it itself (RFC 4253 4.2).
_FTP, _TELNET = 21, 23
_OBJECTS: Final = {"snmp_description": "sysDescr", "snmp_object": "sysObjectID", "snmp_name": "sysName"}


def learn(workspace: Workspace, folder: ScanFolder, plan: Plan) -> str:
    """Lets the registry know what a scan's devices answered; a second time changes nothing.

    Args:
        workspace: Whose registry.
        folder: Of the scan; it holds the answers.
        plan: The same scan's, for the addresses of who answered.

    Returns:
        The digest that stands for the scan in the evidence; empty where nobody answered.

    Raises:
        RegistryError: The registry cannot be written.
    """
    content = folder.read(folder.answers_path)
    answers = folder.document(folder.answers_path) or []
    if content is None or not answers:
        return ""
    digest = hashlib.sha256(content).hexdigest()
    observer = Observer(site=plan.site, capture=digest)
    for sighting in sightings(answers, plan, digest):
        observer.message(sighting)
    record = CaptureRecord(digest=digest, path=f"scan {folder.scan}", packets=len(answers), analyzed_ns=time.time_ns())
    with Registry.open(workspace.registry_path) as registry:
        registry.merge(observer.observed(), [record])
    return digest


def sightings(answers: Iterable[Mapping[str, Any]], plan: Plan, digest: str) -> Iterator[Sighting]:
    """The answers as messages, each with the number of its answer in the record, from 1."""
    targets = {target.device: target for target in plan.targets}
    for number, one in enumerate(answers, start=1):
        target = targets.get(one["device"])
        if target is None or target.ip != one["ip"]:
            continue
        at_ns = int(datetime.fromisoformat(one["at"]).timestamp()) * SECOND_NS
        for message in messages_of(Question(one["question"]), one["port"], one["answer"]):
            yield Sighting(
                message=message,
                time_ns=at_ns,
                capture=digest,
                packet=number,
                conversation=-1,
                source_mac=target.mac,
                source_ip=target.ip,
                source_port=one["port"],
                destination_mac="",
                destination_ip="",
                destination_port=0,
                vlan=0,
            )


def messages_of(question: Question, port: int, answer: Mapping[str, str]) -> Iterator[Message]:
    """What one answer would have been on the wire; nothing for what tells of no device."""
    match question:
        case Question.BANNER:
            yield from _banner(port, answer.get("banner", ""))
        case Question.SNMP:
            objects = tuple(
                ManagedObject(name=name, index="0", value=masked_text(answer[key]))
                for key, name in _OBJECTS.items()
                if answer.get(key)
            )
            if objects:
                yield Snmp(version="2c", pdu="Response", variables=len(objects), objects=objects)
        case Question.DICOM_ECHO:
            if answer.get("association", "").startswith("accepted"):
                user = UserInformation(
                    implementation_class_uid=printable_text(answer.get("implementation", "")),
                    implementation_version=printable_text(answer.get("implementation_version", "")),
                )
                # The called title is the scanner's own word, and says nothing of who accepts it.
                yield Association(
                    kind="A-ASSOCIATE-AC", called_ae="", calling_ae="", contexts=(), user=user, complete=True
                )
        case Question.TLS:
            # Of the certificate its digest is kept, which no table knows.
            return


def _banner(port: int, text: str) -> Iterator[Message]:
    if text.startswith("SSH-"):
        for found in SshStream().feed(0, text.encode() + b"\r\n"):
            if not isinstance(found, Malformed):
                yield found
    elif text and port == _FTP:
        # RFC 959 4.2: a code of three digits before the words.
        yield FtpGreeting(banner=masked_text(text.removeprefix("220").lstrip(" -")))
    elif text and port == _TELNET:
        yield TelnetBanner(banner=masked_text(text))
