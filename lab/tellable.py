"""What in a host's traffic tells which kind it is, and which kinds cannot be told: judged before any answer is seen.

A hospital has hosts that show nothing but an encrypted upload and the registered prefix of a maker of many things. The
right answer for those is a broader word or none; a score that called that a failure would ask for guesses. Whether a
kind can be told is decided here from what its module makes the host do, by what standards say of it, never from
answers; a test asks that every kind has its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOLD_BY: Mapping[str, str | None] = {
    "access_point": "the DHCP vendor class that its maker's access points send",
    "anaesthesia_machine": "HL7 results: airway pressure and volatile agents, without an ECG",
    "blood_gas_analyser": "HL7 results of its own: LOINC codes of arterial blood gases",
    "broker": "MQTT: it accepts connections",
    "building_controller": "BACnet: it says what it is (I-Am, device object)",
    "building_workstation": "a computer maker's network card that only asks others",
    "central_station": "HL7: monitors report to it, and it passes nothing on",
    "cloud_service": None,  # outside of what is recorded: its prefix and segment are never seen
    "ct": "DICOM: the modality of its images",
    "defibrillator": None,  # one encrypted upload, and the prefix of a maker of several kinds of devices
    "dialysis": "HL7 results: reference identifiers MDC_HDIALY_...",
    "ecg": "DICOM: it stores ECG waveforms",
    "ehr_server": "HL7: admissions begin with it, and the engine passes them on",
    "firewall": "it forwards, and gives addresses to a segment; a router says the same, which is true of it too",
    "imaging_workstation": "DICOM: it queries and fetches images and keeps none",
    "implant_programmer": None,  # file sharing and encrypted uploads; its maker makes implants and transmitters too
    "implant_transmitter": None,  # encrypted uploads
    "industrial_controller": "Modbus: it answers as a server and says what it is",
    "infrastructure_server": "it gives addresses, names and time, and forwards nothing",
    "infusion_pump": "HL7 results: codes of infusion (IHE PCD-01)",
    "insulin_pump": None,  # encrypted uploads
    "interface_engine": "HL7: it passes on what it receives",
    "jump_host": "SSH that a virtual machine's network card answers",
    "lab_analyser": "ASTM or HL7 results of its own",
    "lab_middleware": "takes results by ASTM and POCT1-A and sends them on by HL7",
    "laboratory_information_system": "HL7: it is told of admissions and gets the laboratory's results",
    "medication_cabinet": "HL7: it reports what was dispensed (RDS)",
    "mr": "DICOM: the modality of its images",
    "network_switch": "LLDP and SNMP: capabilities and description",
    "nurse_call": "the registered prefix of a maker of nothing but nurse call",
    "pacs": "DICOM: it keeps images and answers queries for them",
    "patient_monitor": "HL7 results: vital signs of its own",
    "pharmacy_system": None,  # it is told of admissions, as every clinical system is, and asks nobody
    "phone": "SIP, and the DHCP vendor class of a maker of telephones",
    "poc_glucose_meter": "POCT1-A: its observations name what they measure",
    "printer": "IPP, SNMP and mDNS: it prints",
    "pump_server": "HL7: pumps report to it, and it orders infusions",
    "radiology_information_system": "DICOM: it serves the worklist",
    "remote_monitoring_hub": None,  # encrypted uploads
    "router": "it forwards",
    "smart_bed": None,  # MQTT over TLS, and the prefix of a maker of beds, monitors and surgical tables
    "smart_home": "MQTT in clear: a topic with a temperature",
    "smartphone_or_tablet": None,  # a random address and one encrypted page
    "storage": "SMB and mDNS: it serves files, and its maker makes nothing else",
    "stranger": None,  # an attacker's host says what it likes
    "telemedicine_cart": None,  # SIP and encrypted pages, as a telephone or a computer with a camera
    "telephone_server": "SIP: telephones register with it",
    "ultrasound": "DICOM: the modality of its images",
    "ups": "SNMP: its description",
    "vendor_workstation": None,  # seen through the firewall's address only
    "ventilator": "WS-Discovery and SDC: the type and codes of its description",
    "workstation": "a computer maker's network card, Windows, and nothing but questions to others",
    "xray": "DICOM: the modality of its images",
}
"""By kind; None where nothing that the host sends or answers tells which of several kinds it is."""


def can_be_told(host: Mapping[str, Any]) -> bool:
    """Whether a host's category can be told from traffic: as its truth says, else as its kind's line says."""
    if "category_told_by" in host:
        return host["category_told_by"] is not None
    return TOLD_BY.get(host["kind"], "") is not None
