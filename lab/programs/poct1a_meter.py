"""A glucose meter's emulator of our own, from the public description of POCT1-A2: hello, status, readings.

``python poct1a_meter.py HOST PORT VENDOR MODEL SERIAL FIRMWARE PATIENT VALUE``
"""

from __future__ import annotations

import re
import socket
import sys

host, port, vendor, model, serial, firmware, patient, value = sys.argv[1:]
LARGEST_ANSWER_BYTES = 65536


def header(kind: str, control: int) -> str:
    """HDR: which message, which number, when."""
    return (
        f'<HDR><HDR.message_type V="{kind}"/><HDR.control_id V="{control}"/>'
        '<HDR.version_id V="POCT1"/><HDR.creation_dttm V="2026-11-21T08:00:00+00:00"/></HDR>'
    )


HELLO = (
    f"<HEL.R01>{header('HEL.R01', 1)}<DEV>"
    f'<DEV.device_id V="{serial}"/><DEV.vendor_id V="{vendor}"/><DEV.model_id V="{model}"/>'
    f'<DEV.serial_id V="{serial}"/><DEV.manufacturer_name V="{vendor}"/><DEV.sw_version V="{firmware}"/>'
    f'<DEV.device_name V="{model}"/><DCP><DCP.application_timeout V="60"/></DCP></DEV></HEL.R01>'
)
STATUS = (
    f"<DST.R01>{header('DST.R01', 2)}<DST>"
    '<DST.status_dttm V="2026-11-21T08:00:00+00:00"/><DST.new_observations_qty V="1"/>'
    '<DST.condition_cd V="R"/></DST></DST.R01>'
)
READING = (
    f"<OBS.R01>{header('OBS.R01', 3)}<SVC>"
    '<SVC.role_cd V="OBS"/><SVC.observation_dttm V="2026-11-21T08:00:00+00:00"/>'
    f'<PT><PT.patient_id V="{patient}"/><OBS><OBS.observation_id V="2339-0" SN="LN" DN="Glucose"/>'
    f'<OBS.value V="{value}" U="mg/dL"/><OBS.method_cd V="M"/></OBS></PT></SVC></OBS.R01>'
)
END = f'<END.R01>{header("END.R01", 4)}<TRM><TRM.reason_cd V="NRM"/></TRM></END.R01>'

with socket.create_connection((host, int(port)), timeout=20) as connection:
    for message in (HELLO, STATUS, READING, END):
        connection.sendall(message.encode())
        answer = b""
        while b"</ACK.R01>" not in answer and len(answer) < LARGEST_ANSWER_BYTES and (more := connection.recv(4096)):
            answer += more
        if not re.search(rb'<ACK.type_cd V="AA"/>', answer):
            sys.exit(f"the manager did not accept: {answer[:200]!r}")
