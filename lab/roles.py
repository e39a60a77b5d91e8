"""What a host may be said to do and to run, from the programs that ran on it: the truth of roles and of systems.

Comes in: a host of a truth file. Goes out: the roles of the product's closed list that are true of it, and the families
of operating systems that it either is or announces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROLES_OF_PROGRAM: Mapping[str, tuple[str, ...]] = {
    "Orthanc": ("dicom_archive", "dicom_server", "dicom_image_receiver", "dicom_image_source"),
    "wlmscpfs": ("dicom_worklist_provider", "dicom_server"),
    "storescp": ("dicom_image_receiver", "dicom_server"),
    "storescu": ("dicom_image_source", "dicom_client"),
    "findscu": ("dicom_query_client", "dicom_client"),
    "movescu": ("dicom_query_client", "dicom_client"),
    "echoscu": ("dicom_client",),
    "mllp_engine.py": ("hl7_engine", "hl7_receiver", "hl7_sender"),
    "mllp_tamper.py": ("hl7_engine", "hl7_receiver", "hl7_sender", "hl7_result_sender"),
    "mllp_listener.py": ("hl7_receiver",),
    "mllp_device_gateway.py": ("hl7_receiver",),
    "mllp_reporter.py": ("hl7_sender", "hl7_result_sender", "medical_data_source"),
    "mllp_send": ("hl7_sender", "hl7_result_sender", "medical_data_source"),
    "astm_receiver.py": ("hl7_sender", "hl7_result_sender"),
    "astm_analyser.py": ("medical_data_source",),
    "poct1a_meter.py": ("medical_data_source",),
    "intellivue_monitor.py": ("medical_data_source",),
    "sdc_provider.py": ("medical_data_source",),
    "mosquitto": ("mqtt_broker",),
    "mosquitto_pub": ("mqtt_client",),
    "mosquitto_sub": ("mqtt_client",),
    "dnsmasq": ("dhcp_server", "dns_server", "dhcp_relay"),
    "nginx": ("web_server",),
    "lighttpd": ("web_server",),
    "smbd": ("file_server",),
    "sshd": ("remote_login_server",),
    "dropbear": ("remote_login_server",),
    "snmpd": ("managed_agent",),
    "snmpget": ("network_manager",),
    "cupsd": ("print_server", "web_server"),
    "kamailio": ("voice_endpoint",),
    "sipsak": ("voice_endpoint",),
    "bacnet_device.py": ("building_automation",),
    "modbus_server.py": ("building_automation",),
}
"""Every host is a ``client`` besides."""
ROLES_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "router": ("router",),
    "firewall": ("router",),
    "infrastructure_server": ("time_server",),
    "network_switch": ("bridge",),
    "access_point": ("wireless_access", "bridge"),
}
"""What the program alone does not tell: chrony asks on most hosts and answers on one."""


def roles(host: Mapping[str, Any]) -> set[str]:
    """The roles that are true of a host."""
    done = {role for program in host["programs"] for role in ROLES_OF_PROGRAM.get(program, ())}
    return {"client", *done, *ROLES_OF_KIND.get(host["kind"], ())}


def systems(host: Mapping[str, Any]) -> set[str]:
    """The families of operating systems: all hosts are Debian on Linux; some announce another by DHCP."""
    said = {str(entry["value"]) for entry in host["announces"]}
    return {"linux", "debian", "unix"} | ({"windows"} if any(text.startswith("MSFT") for text in said) else set())
