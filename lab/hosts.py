"""The people of the story: which hosts the ward has, what part each plays, and how it gets its address.

Data only. What a host *is* is always the same (Debian's programs on this machine's kernel); what it *plays* is the
part that its hardware address, name and announcements tell; the truth file keeps the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass

DOMAIN = "ward.example"
"""RFC 2606: a domain that can belong to nobody."""
NETWORK = "10.20.30.0/24"
PREFIX6 = "fd6b:3c1e:92a4:20"
"""RFC 4193: a local prefix, chosen by chance."""
VLAN = 120
"""The tag that the second recording gets when it is written; see ``capture``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """One host of the ward."""

    name: str
    mac: str
    prefix_of: str
    """Who the hardware address's first 24 bits are registered to; empty for a random address."""
    plays: str
    """The part in the story: a word of the closed list in ``asepsis.knowledge.vocabulary.Category``."""
    address: str
    """An IPv4 address, or the DHCP client that asks for one: ``udhcpc``, ``dhcpcd``, ``dhclient``."""
    story: str


HOSTS: tuple[HostPlan, ...] = (
    HostPlan(
        name="gw",
        mac="18:e8:29:20:00:01",
        prefix_of="Ubiquiti Inc",
        plays="router",
        address="10.20.30.1",
        story="Router of the ward: dnsmasq gives addresses, names and router advertisements; sshd for its keeper.",
    ),
    HostPlan(
        name="sw1",
        mac="00:4e:35:20:00:02",
        prefix_of="Hewlett Packard Enterprise",
        plays="network_switch",
        address="10.20.30.2",
        story="Access switch: announces itself by LLDP and answers SNMP.",
    ),
    HostPlan(
        name="pacs1",
        mac="b0:83:fe:20:00:10",
        prefix_of="Dell Inc.",
        plays="pacs",
        address="10.20.30.10",
        story="Image archive: dcmqrscp as PACS_MAIN, a web page by https, sshd.",
    ),
    HostPlan(
        name="ris1",
        mac="00:50:56:20:00:11",
        prefix_of="VMware, Inc.",
        plays="radiology_information_system",
        address="10.20.30.11",
        story="Orders and worklist: wlmscpfs, ADT and ORM messages to the interface engine, a web portal.",
    ),
    HostPlan(
        name="engine1",
        mac="3c:ec:ef:20:00:12",
        prefix_of="Super Micro Computer, Inc.",
        plays="interface_engine",
        address="10.20.30.12",
        story="Interface engine: two MLLP listeners (2575 and 6661) and the MQTT broker.",
    ),
    HostPlan(
        name="ct1",
        mac="44:4b:5d:20:00:20",
        prefix_of="GE Healthcare",
        plays="ct",
        address="10.20.30.20",
        story="CT scanner: asks the worklist, sends slices to the archive.",
    ),
    HostPlan(
        name="us-room4",
        mac="7c:94:b2:20:00:21",
        prefix_of="Philips Healthcare PCCI",
        plays="ultrasound",
        address="udhcpc",
        story="Ultrasound on a trolley: udhcpc, asks the worklist, sends images.",
    ),
    HostPlan(
        name="readws1",
        mac="10:b6:76:20:00:30",
        prefix_of="HP Inc.",
        plays="imaging_workstation",
        address="dhclient",
        story="Radiologist's workstation: queries and moves images, reads web pages and files.",
    ),
    HostPlan(
        name="mon-b07",
        mac="00:09:fb:4a:0b:07",
        prefix_of="Philips Patient Monitoring",
        plays="patient_monitor",
        address="dhcpcd",
        story="Bedside monitor: vital signs as HL7 to port 6661, LLDP-MED with an inventory.",
    ),
    HostPlan(
        name="pump-0117",
        mac="00:03:b1:21:01:17",
        prefix_of="ICU Medical, Inc.",
        plays="infusion_pump",
        address="udhcpc",
        story="Infusion pump: a service web page, infusion reports as HL7 with its device identifier.",
    ),
    HostPlan(
        name="chem1",
        mac="00:60:19:20:03:11",
        prefix_of="Roche Diagnostics",
        plays="lab_analyser",
        address="10.20.30.31",
        story="Chemistry analyser: results as HL7 to port 2575.",
    ),
    HostPlan(
        name="wband2",
        mac="00:07:4d:20:00:40",
        prefix_of="Zebra Technologies Corp.",
        plays="printer",
        address="udhcpc",
        story="Wristband printer: SNMP, a web page, announces itself by multicast DNS.",
    ),
    HostPlan(
        name="nas1",
        mac="00:11:32:20:00:50",
        prefix_of="Synology Incorporated",
        plays="storage",
        address="dhclient",
        story="File server: Samba and NetBIOS names, announces itself by multicast DNS.",
    ),
    HostPlan(
        name="admin1",
        mac="a4:bb:6d:20:00:60",
        prefix_of="Dell Inc.",
        plays="workstation",
        address="dhclient",
        story="Administrator's workstation: ssh, SNMP, web pages, DHCPv6, reads the MQTT topics.",
    ),
    HostPlan(
        name="fridge7",
        mac="04:83:08:20:00:70",
        prefix_of="Espressif Inc.",
        plays="smart_home",
        address="udhcpc",
        story="Thermometer of the medicine fridge: publishes by MQTT with a password in clear.",
    ),
    HostPlan(
        name="visitor",
        mac="7a:5c:11:9e:40:d3",
        prefix_of="",
        plays="smartphone_or_tablet",
        address="dhcpcd",
        story="A visitor's device with a random hardware address: DHCP without a name, one page.",
    ),
)

BY_NAME = {plan.name: plan for plan in HOSTS}
