"""The four questions, asked through a line of the gate; each gives what was answered as short texts."""

from __future__ import annotations

import hashlib
import secrets
import ssl
from typing import Final

from asepsis.crypto.certificates import UnreadableCertificate, read_certificate
from asepsis.exposure.scanning import dicom_echo, snmp_question
from asepsis.exposure.scanning.plan import Question
from asepsis.kernel.text import showable
from asepsis.pipeline.scanning.gate import ANSWER_LIMIT_BYTES, Line

BANNER_BYTES: Final = 256
# A handshake has four flights; one that goes on is none.
FLIGHTS_LIMIT: Final = 16

Answer = dict[str, str]


def ask(line: Line, question: Question, *, community: bytes | None = None) -> Answer:
    """Asks one question.

    Args:
        line: Connected.
        question: Which.
        community: For reading by SNMP; None asks SNMPv3's discovery.

    Raises:
        RefusedError: The gate stopped it.
        OSError: Nobody answered, or the connection broke.
    """
    match question:
        case Question.BANNER:
            return _banner(line)
        case Question.TLS:
            return _tls(line)
        case Question.SNMP:
            return _snmp(line, community)
        case Question.DICOM_ECHO:
            return _echo(line)


def _banner(line: Line) -> Answer:
    try:
        said = line.receive(BANNER_BYTES)
    except TimeoutError:
        return {"banner": ""}
    # A screen of a login may greet a person by name: the first line alone is the program's.
    return {"banner": showable(said.split(b"\n", 1)[0].strip(b"\r\n\0 ").decode("utf-8", "replace"))}


def _tls(line: Line) -> Answer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is sent and nothing believed: who shows an expired or unknown certificate is what is asked.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(arrived, leaving)
    for _ in range(FLIGHTS_LIMIT):
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            if leaving.pending:
                line.send(leaving.read())
            part = line.receive(ANSWER_LIMIT_BYTES)
            if not part:
                return {"tls": "none"}
            arrived.write(part)
        except ssl.SSLError as error:
            return {"tls": "refused", "reason": showable((error.reason or "").lower().replace("_", " "))[:80]}
        else:
            break
    else:
        return {"tls": "without end"}
    if leaving.pending:
        line.send(leaving.read())
    cipher = tls.cipher()
    found = {"tls": tls.version() or "", "cipher": cipher[0] if cipher else ""}
    der = tls.getpeercert(binary_form=True)
    if der:
        found["certificate"] = hashlib.sha256(der).hexdigest()
        certificate = read_certificate(der)
        if not isinstance(certificate, UnreadableCertificate):
            found["not_after"] = certificate.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
            if not certificate.is_person:
                found["subject"] = showable(certificate.common_name)
    return found


def _snmp(line: Line, community: bytes | None) -> Answer:
    number = 1 + secrets.randbelow(2**31 - 2)
    question = snmp_question.engine_question(number)
    if community is not None:
        question = snmp_question.system_question(community, number)
    line.send(question)
    found = snmp_question.read_answer(line.receive(ANSWER_LIMIT_BYTES))
    return {"snmp": "unreadable"} if found is None else {f"snmp_{name}": text for name, text in found.items()}


def _echo(line: Line) -> Answer:
    line.send(dicom_echo.associate_request())
    answer = dicom_echo.read_associate_answer(_pdu(line))
    if answer is None:
        return {"association": "unreadable"}
    if answer["association"] == "accepted":
        line.send(dicom_echo.echo_request())
        answer["echo"] = "success" if dicom_echo.is_echo_success(_pdu(line)) else "failed"
    if answer["association"].startswith("accepted"):
        line.send(dicom_echo.release_request())
        _pdu(line)
    return answer


def _pdu(line: Line) -> bytes:
    head = line.receive_exactly(6)
    size = dicom_echo.pdu_size(head)
    return b"" if size is None else head + line.receive_exactly(size - 6)
