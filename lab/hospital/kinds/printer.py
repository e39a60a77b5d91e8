"""A printer of wristbands and forms: IPP, SNMP, multicast DNS."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "printer"


def start(hospital: Hospital, device: Device) -> None:
    """Starts its services."""
    addressing.ask(hospital, device)
    services.snmp_agent(hospital, device, description(device), "1.3.6.1.4.1.10642.1.1")
    services.multicast_dns(hospital, device, "_pdl-datastream._tcp", 9100, f"ty={device.model.model}")
    inside = hospital.hosts[device.name]
    inside.path("/run/spool").mkdir(exist_ok=True)
    argv = [
        "ippeveprinter",
        "-M",
        device.model.announced_vendor,
        "-m",
        device.model.model,
        "-n",
        device.name,
        "-p",
        "631",
        "-d",
        "/run/spool",
        "-f",
        "application/pdf,image/pwg-raster,text/plain",
        "-r",
        "off",
        device.name,
    ]
    hospital.lasting(device.name, "prints (IPP)", argv, port=631, application="ipp")


def description(device: Device) -> str:
    """What it answers for sysDescr."""
    return f"ZTC {device.model.model}, wristband printer, firmware {device.model.firmware}"


def print_page(hospital: Hospital, client: str, name: str) -> None:
    """Asks a printer what it can do, as a computer does before it prints."""
    argv = ["ipptool", "-q", f"ipp://{hospital.full_name(name)}:631/ipp/print", "get-printer-attributes.test"]
    hospital.do(client, "asks a printer (IPP)", argv, server=name, port=631, application="ipp", expect=None)
