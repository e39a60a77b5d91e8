"""A printer of wristbands and forms: IPP by CUPS, SNMP, multicast DNS."""

from __future__ import annotations

from lab.hospital.network import Hospital
from lab.hospital.parts import addressing, services
from lab.hospital.topology import Device

CATEGORY = "printer"
QUEUE = "labels"
_CUPS = """
Listen *:631
ServerAlias *
Browsing Off
WebInterface No
DefaultAuthType None
LogLevel error
<Location />
Order allow,deny
Allow all
</Location>
<Policy default>
<Limit All>
Order deny,allow
Allow all
</Limit>
</Policy>
"""
_PPD = """*PPD-Adobe: "4.3"
*FormatVersion: "4.3"
*FileVersion: "1.0"
*LanguageVersion: English
*LanguageEncoding: ISOLatin1
*PCFileName: "LABPRINT.PPD"
*Product: "($model)"
*Manufacturer: "Zebra"
*ModelName: "$model"
*ShortNickName: "$model"
*NickName: "$model"
*PSVersion: "(3010.000) 0"
*LanguageLevel: "3"
*ColorDevice: False
*DefaultColorSpace: Gray
*FileSystem: False
*cupsFilter: "text/plain 0 -"
*OpenUI *PageSize/Media Size: PickOne
*DefaultPageSize: Label
*PageSize Label/Label: "<</PageSize[288 432]>>setpagedevice"
*CloseUI: *PageSize
*OpenUI *PageRegion/Media Size: PickOne
*DefaultPageRegion: Label
*PageRegion Label/Label: "<</PageSize[288 432]>>setpagedevice"
*CloseUI: *PageRegion
*DefaultImageableArea: Label
*ImageableArea Label/Label: "0 0 288 432"
*DefaultPaperDimension: Label
*PaperDimension Label/Label: "288 432"
"""
_FILES = """
SystemGroup root
User lp
Group lp
FileDevice Yes
RequestRoot /run/cups/spool
TempDir /run/cups/spool/tmp
CacheDir /run/cups/cache
StateDir /run/cups
ServerRoot /run/cups
AccessLog /run/cups/log/access
ErrorLog stderr
PageLog /run/cups/log/page
"""


def start(hospital: Hospital, device: Device) -> None:
    """Starts its services."""
    addressing.ask(hospital, device)
    services.snmp_agent(hospital, device, description(device), "1.3.6.1.4.1.10642.1.1")
    services.multicast_dns(hospital, device, "_ipp._tcp", 631, f"ty={device.model.model}")
    inside = hospital.hosts[device.name]
    inside.run(["sh", "-c", "mkdir -p /run/cups/spool/tmp /run/cups/cache /run/cups/log"])
    inside.write("/run/cups/cupsd.conf", _CUPS)
    inside.write("/run/cups/cups-files.conf", _FILES)
    inside.run(["chown", "-R", "root:lp", "/run/cups"])
    argv = ["cupsd", "-f", "-c", "/run/cups/cupsd.conf", "-s", "/run/cups/cups-files.conf"]
    hospital.lasting(device.name, "prints (IPP)", argv, port=631, application="ipp")


def description(device: Device) -> str:
    """What it answers for sysDescr."""
    return f"ZTC {device.model.model}, wristband printer, firmware {device.model.firmware}"


def print_page(hospital: Hospital, client: str, name: str) -> None:
    """Prints a page that goes nowhere, by IPP; the queue is made when the first page comes."""
    inside = hospital.hosts[name]
    model = hospital.device(name).model.model
    inside.write("/run/cups/model.ppd", _PPD.replace("$model", model))
    queue = ["lpadmin", "-h", "127.0.0.1:631", "-p", QUEUE, "-E", "-v", "file:/dev/null", "-P", "/run/cups/model.ppd"]
    queue += ["-o", "printer-is-shared=true"]
    inside.run(queue)
    page = hospital.scratch / "page.txt"
    page.write_text("a wristband of nobody\n")
    argv = ["lp", "-h", f"{hospital.full_name(name)}:631", "-d", QUEUE, str(page)]
    hospital.do(client, "prints (IPP)", argv, server=name, port=631, application="ipp", timeout_seconds=40)
    hospital.announces(name, "payload", model)
