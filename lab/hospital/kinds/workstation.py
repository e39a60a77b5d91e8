"""A workstation: reads pages, files and the record; an administrator's also SNMP and ssh."""

from __future__ import annotations

from lab.hospital.kinds import Task
from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, mqtt, services
from lab.hospital.topology import Device

CATEGORY = "workstation"


def start(hospital: Hospital, device: Device) -> None:
    """Asks for its address as Windows does."""
    addressing.ask(hospital, device, vendor_class="" if device.settings.get("administers") else "MSFT 5.0")
    broker = hospital.first("broker")
    if device.settings.get("administers") and broker is not None:
        mqtt.subscribe(hospital, device.name, broker.name, "#", tls=False)


def work(hospital: Hospital, device: Device, task: Task) -> None:
    """A person works."""
    if device.settings.get("administers"):
        _administer(hospital, device)
        return
    for kind in ("radiology_information_system", "ehr_server", "pump_server"):
        server = hospital.first(kind)
        if server is not None:
            scheme = "http" if kind == "radiology_information_system" else "https"
            services.fetch(hospital, device.name, f"{scheme}://{hospital.full_name(server.name)}/", server.name)
    files, printer = hospital.first("storage"), hospital.first("printer")
    if files is not None:
        note = hospital.scratch / "note.txt"
        note.write_text("a note\n")
        services.files(
            hospital, device.name, files.name, f"put {note} {device.name}.txt; ls; get {device.name}.txt /dev/null"
        )
    if printer is not None and task.facts.get("print"):
        from lab.hospital.kinds.printer import print_page

        print_page(hospital, device.name, task.facts["print"])
    cloud = hospital.topology.devices.get("updates")
    if cloud is not None:
        services.fetch(hospital, device.name, f"https://{hospital.full_name(cloud.name)}/", cloud.name, program="wget")


def _administer(hospital: Hospital, device: Device) -> None:
    from lab.hospital.kinds import network_switch, printer, ups

    for kind, describe in (
        ("network_switch", network_switch.description),
        ("printer", printer.description),
        ("ups", ups.description),
    ):
        for target in hospital.topology.of_kind(kind):
            services.snmp_read(hospital, device.name, target.name, describe(target))
    for kind in ("pacs", "interface_engine", "jump_host"):
        server = hospital.first(kind)
        if server is not None:
            services.ssh_login(hospital, device.name, server.name)
